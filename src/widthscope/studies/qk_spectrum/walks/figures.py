"""Figures on scores of random walks."""

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from widthscope.plotting import MARKERS, PALETTE, Drawing, new, width_axis
from widthscope.studies.qk_spectrum.walks.profile_figures import contrast, profiles


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    curve = {name: fit[f"/curves/{name}"].to_dataset() for name in fit["/curves"].children}
    return {
        "walk-moments": walk_moments(curve["walk-moments"]),
        "rho-formula": rho_formula(curve["rho-formula"]),
        "contrast": contrast(curve["profiles"]),
        "profiles": profiles(curve["profiles"], curve["true-softmax"]),
    }


def walk_moments(curve: xr.Dataset) -> Drawing:
    """Measured variance over the formula's, and over that of the formula for symmetric matrices."""
    figure, *panels = new(cols=2, height=3.3)
    left, right = panels
    for place, kind in enumerate(curve["kind"].values):
        one = curve.sel(kind=kind)
        style: dict[str, Any] = {"color": PALETTE[f"c{place}"], "marker": MARKERS[place], "ms": 3, "lw": 1}
        left.errorbar(one.position, one.ratio, 2.6 * one.ratio_error, label=str(kind), **style)
        right.plot(one.position, one.symmetric_ratio, label=str(kind), **style)
    for axes in (left, right):
        axes.axhline(1, color=PALETTE["muted"], lw=1, ls="--")
        axes.set_xlabel("position of the key $t$")
    right.set_yscale("log")
    left.set_ylabel("measured variance / formula")
    left.set_title("any square matrix")
    right.set_title("formula for symmetric ones")
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    farthest = float(np.abs(curve.ratio - 1).max())
    skewed = curve.symmetric_ratio.sel(kind=[kind for kind in curve["kind"].values if kind != "symmetric"])
    span = f"{float(skewed.min()):.2g} to {float(skewed.max()):.2g}"
    return Drawing(
        figure,
        f"Variance of the scores of {curve.attrs['draws']:,} random walks at every position, over "
        "$t^2(\\eta_1 + \\eta_2) + t(T - t)\\eta_2$ (left; bars: 99 %, each on its own) and over the "
        f"formula for symmetric matrices (right). The first is at most {farthest:.1%} off; the second is "
        f"wrong by factors of {span} where the matrix is not symmetric.",
        "Left: ratios of measured to predicted variance against the position for four kinds of matrix, all "
        "near one. Right, on a logarithmic axis: ratios to the symmetric formula, one for the symmetric "
        f"matrix and {span} for the others.",
    )


def rho_formula(curve: xr.Dataset) -> Drawing:
    """Root mean square error of the Gaussian formula against the width."""
    figure, *panels = new(height=3.9)
    axes: Axes = panels[0]
    groups = {"full rank": "c0", "rank 16": "c2", "rank 1": "c1"}
    widths = [int(width) for width in curve["width"].values]
    for kind, colour in groups.items():
        cases = [str(case) for case in curve["case"].values if str(case).endswith(kind)]
        for place, case in enumerate(cases):
            one = curve.sel(case=case)
            axes.plot(widths, one.exact, color=PALETTE[colour], lw=1, ls="--")
            axes.errorbar(
                widths,
                one.rms,
                2.6 * one.rms_error,
                ls="none",
                marker=MARKERS[place],
                color=PALETTE[colour],
                label=case.replace("xi=", "ξ = ").replace(" eta=", ", η = ").replace(f" {kind}", f", {kind}"),
            )
    width_axis(axes, widths, "width $d$")
    axes.set_yscale("log")
    axes.set_ylabel("rms error of $\\rho$ over positions")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside right upper")
    last = {kind: _largest(curve, kind) for kind in groups}
    return Drawing(
        figure,
        "Error of the Gaussian formula for the signal propagation probability, from drawn last tokens "
        "(marks, with 99 % bars) and by quadrature (dashed). It falls as $1/d$ where the rank is the "
        f"width, and not at all at a fixed rank: at $d = {widths[-1]}$ the largest are "
        f"{last['full rank']:.2g} (full rank), {last['rank 16']:.2g} (rank 16) and {last['rank 1']:.2g} "
        "(rank one).",
        "Log-log plot of the rms error against the width. Three full-rank spectra fall as one over the "
        "width; three of rank 16 and three of rank one stay level.",
    )


def _largest(curve: xr.Dataset, kind: str) -> float:
    """Largest error by quadrature at the largest width among cases of one kind."""
    cases = [case for case in curve["case"].values if str(case).endswith(kind)]
    return float(curve.exact.sel(case=cases).isel(width=-1).max())
