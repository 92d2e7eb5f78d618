"""Figures of width sweeps as the field draws them: loss over learning rate, coordinates over width."""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from widthscope.plotting import MARKERS, PALETTE, new, shades, width_axis

COLUMNS = 3
"""Panels beside each other; more begin a new row."""

LINE = 0.055
"""Height of a line of small text, as a share of a panel's."""


def transfer_figure(arms: Mapping[str, xr.Dataset], loss: str = "training loss") -> Figure:
    """Loss over learning rate, one line per width, optima marked with their intervals; a panel for each arm.

    An optimum that lies on the grid's end is drawn as an open triangle that points beyond it.

    Args:
        arms: of `curves.transfer_curve` by the panel's title; put the control beside what it controls.
        loss: what the y axis is called.
    """
    figure, panels = _grid(len(arms), height=2.9, sharey=True)
    for axes, (title, curve) in zip(panels, arms.items(), strict=True):
        _transfer_panel(axes, curve)
        axes.set_title(title)
    for axes in panels[::COLUMNS]:
        axes.set_ylabel(loss)
    panels[0].legend(title="width $M$", fontsize=7.5, title_fontsize=7.5, labelspacing=0.25)
    return figure


def transfer_words(arms: Mapping[str, xr.Dataset]) -> str:
    """Sentences on the optima of a transfer figure, for its caption."""
    found = []
    for title, curve in arms.items():
        drift, half, regret = (float(curve[name]) for name in ("drift", "drift_half", "regret"))
        if np.isfinite(drift):
            words = f"{title}: the optimum drifts by {drift:+.2f} ± {half:.2f} per doubling of the width"
        else:
            words = f"{title}: an optimum lies on the grid's end, so that no drift is measured"
        if np.isfinite(regret):
            words += (
                f", and the rate tuned at the narrowest costs {100 * np.expm1(regret):.0f} % at the widest"
            )
        elif np.isposinf(regret):
            words += ", and the rate tuned at the narrowest diverges at the widest"
        found.append(words)
    return "; ".join(found) + "."


def coordinate_figure(
    arms: Mapping[str, xr.Dataset],
    quantity: str = "change per coordinate",
    labels: Mapping[str, str] | None = None,
) -> Figure:
    """Movement over width on logarithmic axes, a panel for each arm; each slope stands beside its curve.

    Args:
        arms: of `curves.coordinate_curve` by the panel's title, a control that fails among them.
        quantity: what the y axis is called.
        labels: of the curves in the legend, by name; the name itself where left out.
    """
    figure, panels = _grid(len(arms), height=2.9, sharey=True)
    for axes, (title, curve) in zip(panels, arms.items(), strict=True):
        _coordinate_panel(axes, curve, labels or {})
        axes.set_title(title)
    for axes, curve in zip(panels, arms.values(), strict=True):
        _write_slopes(axes, curve)  # last, when the panels' common limits are known
    for axes in panels[::COLUMNS]:
        axes.set_ylabel(quantity)
    panels[0].legend(fontsize=7.5, loc="lower left", labelspacing=0.25)
    return figure


def coordinate_words(arms: Mapping[str, xr.Dataset]) -> str:
    """The slopes of a coordinate figure in words, for its caption or alternative text."""
    return "; ".join(
        f"{title}: "
        + ", ".join(
            f"{name} {float(slope):+.2f} ± {float(half):.2f}"
            for name, slope, half in zip(
                curve["curve"].values, curve["slope"].values, curve["slope_half"].values, strict=True
            )
        )
        for title, curve in arms.items()
    )


def exponents_figure(arms: Mapping[str, xr.Dataset]) -> Figure:
    """Table of what each layer's learning rate and dampings are multiplied by, by width.

    Args:
        arms: of `curves.effective_rates` by name.
    """
    rows = [
        (title, f"{_KINDS[str(kind)]}, layer {layer}", each[kind].sel(layer=layer))
        for title, each in arms.items()
        for kind in each.data_vars
        for layer in each["layer"].values
    ]
    widths = sorted({int(width) for each in arms.values() for width in each["width"].values})
    figure, *panels = new(height=0.5 + 0.21 * (len(rows) + 1))
    axes = panels[0]
    axes.axis("off")
    axes.set_xlim(0, 4 + len(widths))
    axes.set_ylim(len(rows) + 0.5, -1)
    for place, width in enumerate(widths):
        axes.text(4.8 + place, -0.3, f"{width}", ha="right", weight="bold", size=8)
    axes.text(0, -0.3, "factor at width", weight="bold", size=8)
    for line, (title, what, values) in enumerate(rows):
        if line == 0 or rows[line - 1][0] != title:
            axes.text(0, line + 0.6, title, size=8)
            axes.plot([0, 4 + len(widths)], [line - 0.05] * 2, color=PALETTE["muted"], lw=0.6)
        axes.text(1.7, line + 0.6, what, size=8, color=PALETTE["muted"])
        for place, width in enumerate(widths):
            if width in values["width"].values:
                factor = float(values.sel(width=width))
                axes.text(4.8 + place, line + 0.6, f"{factor:.3g}", ha="right", size=8)
    return figure


_KINDS = {"rate": "rate", "damping_inputs": "$\\rho_A$", "damping_outputs": "$\\rho_B$"}


def _transfer_panel(axes: Axes, curve: xr.Dataset) -> None:
    widths = [int(width) for width in curve["width"].values]
    rates = curve["lr"].values
    for colour, marker, width in zip(_shades(len(widths)), _markers(len(widths)), widths, strict=True):
        one = curve.sel(width=width)
        if not np.isfinite(one["loss"]).any():
            axes.plot([], [], color=colour, lw=1.3, label=f"{width}")
            continue
        axes.plot(rates, one["loss"], color=colour, lw=1.3, label=f"{width}")
        axes.fill_between(rates, one["loss_low"], one["loss_high"], color=colour, alpha=0.18, lw=0)
        at = float(one["log2_lr"])
        if np.isfinite(at):
            half = np.nan_to_num(float(one["log2_lr_half"]))
            bar = [[2**at - 2 ** (at - half)], [2 ** (at + half) - 2**at]]
            axes.errorbar(
                2**at,
                float(one["optimum_loss"]),
                xerr=bar,
                marker=marker,
                ms=6,
                mec=PALETTE["paper"],
                mew=0.6,
                color=colour,
                lw=1.4,
                zorder=4,
            )
        else:
            _edges(axes, one, colour)
    if np.isfinite(curve["loss"]).any():
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
    drift, half = float(curve["drift"]), float(curve["drift_half"])
    text = f"drift {drift:+.2f} ± {half:.2f}" if np.isfinite(drift) else "drift not measured"
    axes.set_xlabel(f"learning rate $\\eta'$\n{text}")


def _edges(axes: Axes, one: xr.Dataset, colour: str) -> None:
    """Open triangles at the grid's ends on which a seed's smallest loss lies."""
    finite = np.flatnonzero(np.isfinite(one["loss"].values))
    if not len(finite):
        return
    for name, place, marker in (("low_edge", finite[0], "<"), ("high_edge", finite[-1], ">")):
        if float(one[name]) > 0:
            at = one.isel(lr=int(place))
            axes.plot(float(at["lr"]), float(at["loss"]), marker, mfc="none", mec=colour, mew=1.2, ms=7)


def _coordinate_panel(axes: Axes, curve: xr.Dataset, labels: Mapping[str, str]) -> None:
    widths = [int(width) for width in curve["width"].values]
    for place, name in enumerate(curve["curve"].values):
        one, colour = curve.sel(curve=name), PALETTE[f"c{place % 8}"]
        bars = [one["value"] - one["value_low"], one["value_high"] - one["value"]]
        axes.errorbar(
            widths,
            one["value"],
            np.nan_to_num(bars),
            marker=MARKERS[place % len(MARKERS)],
            color=colour,
            lw=1.2,
            label=labels.get(str(name), str(name)),
        )
    width_axis(axes, widths, "width $M$")
    axes.set_yscale("log", base=2)
    axes.margins(x=0.05)
    axes.set_xlim(right=widths[-1] * (widths[-1] / widths[0]) ** 0.35)  # room for the slopes


def _write_slopes(axes: Axes, curve: xr.Dataset) -> None:
    """Each curve's slope beside its last width, moved up or down where two would lie on each other."""
    low, high = np.log2(axes.get_ylim())
    last = curve.isel(width=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        heights = (np.log2(last["value"].values) - low) / (high - low)
    for place, height in zip(range(len(heights)), apart(heights, LINE), strict=True):
        one = last.isel(curve=place)
        if np.isfinite(height):
            axes.annotate(
                f"{float(one['slope']):+.2f}±{float(one['slope_half']):.2f}",
                (float(curve["width"][-1]), height),
                xycoords=("data", "axes fraction"),
                xytext=(4, 0),
                textcoords="offset points",
                size=7,
                color=PALETTE[f"c{place % 8}"],
                va="center",
            )


def apart(heights: np.ndarray, gap: float) -> np.ndarray:
    """Heights at least `gap` apart, in the same order, each group that was too close around its mean.

    A height that is not finite stays as it is.
    """
    moved = np.array(heights, dtype=float)
    order = [int(place) for place in np.argsort(moved, kind="stable") if np.isfinite(moved[place])]
    groups: list[list[int]] = []
    for place in order:
        groups.append([place])
        while len(groups) > 1 and _bottom(groups[-1], heights, gap) < _top(groups[-2], heights, gap) + gap:
            groups[-2:] = [groups[-2] + groups[-1]]
    for group in groups:
        moved[group] = _bottom(group, heights, gap) + gap * np.arange(len(group))
    return moved


def _bottom(group: list[int], heights: np.ndarray, gap: float) -> float:
    return float(np.mean(heights[group]) - gap * (len(group) - 1) / 2)


def _top(group: list[int], heights: np.ndarray, gap: float) -> float:
    return float(np.mean(heights[group]) + gap * (len(group) - 1) / 2)


def _grid(count: int, height: float, sharey: bool) -> tuple[Figure, Sequence[Axes]]:
    """Panels in rows of at most `COLUMNS`; what is left of the last row is empty."""
    cols = min(count, COLUMNS)
    rows = -(-count // COLUMNS)
    figure, *panels = new(rows, cols, width=6.4, height=0.3 + height * rows, sharey=sharey)
    for axes in panels[count:]:
        axes.set_visible(False)
    return figure, panels[:count]


def _shades(count: int) -> list[str]:
    """Colours of rising widths; more than the palette has share some."""
    most = 7
    if count <= most:
        return shades(count)
    every = shades(most)
    return [every[round(place * (most - 1) / (count - 1))] for place in range(count)]


def _markers(count: int) -> list[str]:
    return [MARKERS[place % len(MARKERS)] for place in range(count)]
