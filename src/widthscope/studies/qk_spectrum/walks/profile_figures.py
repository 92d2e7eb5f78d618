"""Figures on contrast and focus: profiles of the signal propagation probability over the sequence."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from widthscope.plotting import MARKERS, PALETTE, Drawing, new, shades


def contrast(curve: xr.Dataset) -> Drawing:
    """Contrast against eta for every trace, Monte Carlo beside the formula."""
    figure, *panels = new(height=3.6)
    axes: Axes = panels[0]
    table = curve.isel(spectrum=np.flatnonzero(curve["spectrum"].values != "antisymmetric"))
    traces = sorted(set(table["xi"].values.tolist()), reverse=True)
    for place, xi in enumerate(traces):
        one = table.isel(spectrum=np.flatnonzero(table["xi"].values == xi))
        peaks = one["formula"].argmax("place")
        share, error = (one[name].isel(place=peaks) for name in ("share", "share_error"))
        axes.plot(one.eta, one.formula.max("place") - 0.5, color=PALETTE[f"c{place}"], lw=1, ls="--")
        axes.errorbar(
            one.eta,
            share - 0.5,
            2.6 * error,
            ls="none",
            marker=MARKERS[place],
            color=PALETTE[f"c{place}"],
            label=f"$\\xi = {xi:g}$",
        )
    axes.axhline(0, color=PALETTE["muted"], lw=1)
    axes.set_xscale("log")
    axes.set_xlabel("sum of squared eigenvalues $\\eta$")
    axes.set_ylabel("contrast $C$")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside right upper")
    d, T = curve.attrs["width"], curve.attrs["tokens"]
    no_mean = table["formula"].isel(spectrum=np.flatnonzero(table["xi"].values == 0))
    rest = float(no_mean.max()) - 0.5
    return Drawing(
        figure,
        f"Localisation contrast of random walks at $d = {d}$, $T = {T}$ (marks, with 99 % bars) and of the "
        "formula on the same grid (dashed). At a positive trace it tends to 1/2 as the spectrum "
        "concentrates; at a trace of zero only a walk of finite length leaves a little, and at a negative "
        "one no position of the grid reaches 1/2.",
        "Contrast against eta on a logarithmic axis: rising towards one half as eta falls for positive xi, "
        f"at most {rest:.2g} for xi = 0, falling below zero for negative xi. Marks lie by the dashed "
        "formula.",
    )


def profiles(curve: xr.Dataset, softmax: xr.Dataset) -> Drawing:
    """Profiles by mode, theory and Monte Carlo; and true softmax beside rho in the middle-site regime."""
    figure, *panels = new(rows=2, cols=2, height=5.6, sharex=True)
    middle, late = sorted({float(xi) for xi in curve["xi"].values if xi > 0}, reverse=True)
    titles = {
        late: f"late site, $\\xi = {late:g}$",
        middle: f"middle site, $\\xi = {middle:g}$",
        0.0: "no focus, $\\xi = 0$",
    }
    for axes, (xi, title) in zip(panels, titles.items(), strict=False):
        _mode(axes, curve, xi)
        axes.set_title(title)
        axes.set_ylabel("$\\rho$")
        axes.set_ylim(-0.03, 1.05)
    beside = panels[3]
    beside.plot(softmax.place, softmax.propagated, color=PALETTE["c0"], label="$\\rho$")
    beside.plot(softmax.place, softmax.mass, color=PALETTE["c1"], label="true softmax")
    beside.set_title(f"true softmax, $\\xi = {softmax.attrs['xi']:g}$, $\\eta = {softmax.attrs['eta']:g}$")
    beside.set_ylabel("$\\rho$, and share of attention")
    beside.legend()
    for axes in panels[2:]:
        axes.set_xlabel("place of the key $t/T$")
    centre = float((softmax.mass * softmax.place).sum())
    best = float(softmax.place[int(softmax.propagated.argmax("place"))])
    return Drawing(
        figure,
        "Signal propagation probability over the sequence: random walks (marks), Gaussian formula (lines), "
        f"stronger in colour for a smaller $\\eta$. {_lost_modes(curve, (late, middle))} "
        "Where propagation peaks is not where attention sits: in the last "
        f"panel $\\rho$ peaks at $t/T = {best:.2g}$ and the mass of true softmax has its centre at "
        f"{centre:.2g}.",
        "Four panels against the place of the key. Late site: the probability rises to one in the second "
        "half for a small eta. Middle site: near one in the first part, then falling to zero. No focus: near "
        f"one half or below, falling along the sequence. Last: rho is largest at {best:.2g} while softmax "
        "puts nearly all mass on the last keys.",
    )


def _lost_modes(curve: xr.Dataset, traces: tuple[float, ...]) -> str:
    """Where the formula peaks at the smallest and at the largest eta of each trace, in sentences."""
    found = []
    for xi in traces:
        rows = sorted(_rows(curve, xi), key=lambda k: float(curve["eta"][k]))
        ends = []
        for row in (rows[0], rows[-1]):
            best = int(curve["formula"].isel(spectrum=row).argmax("place"))
            share = float(curve["formula"].isel(spectrum=row, place=best))
            ends.append(
                f"{share:.2f} at $t/T = {float(curve['place'][best]):.2g}$ for $\\eta = "
                f"{float(curve['eta'][row]):g}$"
            )
        found.append(f"at $\\xi = {xi:g}$ the formula's peak is {ends[0]} and {ends[1]}")
    return f"The faint curves, of a large $\\eta$, lose the mode: {'; '.join(found)}."


def _rows(curve: xr.Dataset, xi: float) -> list[int]:
    """The symmetric spectra of one trace."""
    names = curve["spectrum"].values
    return [k for k in range(len(names)) if float(curve["xi"][k]) == xi and names[k] != "antisymmetric"]


def _mode(axes: Axes, curve: xr.Dataset, xi: float) -> None:
    """Profiles of one trace, by eta."""
    rows = sorted(_rows(curve, xi), key=lambda k: -float(curve["eta"][k]))
    for colour, row in zip(shades(min(7, len(rows))), rows[-7:], strict=True):
        one = curve.isel(spectrum=row)
        axes.plot(one.place, one.formula, color=colour, lw=1.2)
        axes.plot(one.place, one.share, "o", ms=3, color=colour, label=f"$\\eta = {float(one.eta):g}$")
    axes.axhline(0.5, color=PALETTE["muted"], lw=0.8, ls="--")
    axes.legend(ncols=2, fontsize=7.5)
