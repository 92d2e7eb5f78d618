"""Figures of the family `damping`."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from widthscope.plotting import MARKERS, PALETTE, Drawing, new, shades

SIDES = {"outputs": "signals' factor $B_l$", "inputs": "inputs' factor $A_l$, $l > 1$"}


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    curves = {side: fit[f"/curves/damping-{side}"].to_dataset() for side in SIDES}
    slopes = {
        side: float(
            fit[f"/claims/damping-exponent-{letter}/exponent/measured"].to_dataset()["estimate"].values[0]
        )
        for side, letter in (("outputs", "b"), ("inputs", "a"))
    }
    return {"damping-half-level": half_level(curves, slopes)}


def half_level(curves: dict[str, xr.Dataset], slopes: dict[str, float]) -> Drawing:
    """Losses over the absolute damping by width, with the half levels."""
    figure, *panels = new(cols=2, height=3.4, sharey=True)
    for axes, (side, title) in zip(panels, SIDES.items(), strict=True):
        _panel(axes, curves[side])
        axes.set_title(title)
        axes.set_xlabel("damping")
    panels[0].set_ylabel("training loss")
    panels[0].legend(title="width $M$")
    widths = [int(width) for width in curves["outputs"]["width"].values]

    def said(side: str) -> str:
        return f"{slopes[side]:+.2f}" if np.isfinite(slopes[side]) else "not measured"

    return Drawing(
        figure,
        "Training loss of K-FAC with the maximal-update exponents and empirical factors over the damping of "
        "one factor, the same in all layers, the other's being relative; on the right the first layer is "
        "frozen. Means over seeds with 99 % intervals, and dotted lines at the half level. From "
        f"M = {widths[0]} to {widths[-1]} that of the signals' factor moves with the slope "
        f"{said('outputs')} (predicted: $-1$), that of the inputs' factor with {said('inputs')} ($+1$).",
        "Losses over the damping on a logarithmic axis, one curve for each width, with a dotted line where "
        f"each is half-way to its plateau. {_least(curves)}",
    )


def _least(curves: dict[str, xr.Dataset]) -> str:
    """Where the losses are least, in words."""
    ends = [
        f"2^{np.log2(float(one['damping'][int(one['loss'].argmin('damping'))])):.0f} at width {int(width)}"
        for side in SIDES
        for width in curves[side]["width"].values[[0, -1]]
        for one in [curves[side].sel(width=width)]
    ]
    return (
        f"They are least at dampings of {ends[0]} and {ends[1]} on the left, and of {ends[2]} and {ends[3]} "
        "on the right."
    )


def _panel(axes: Axes, curve: xr.Dataset) -> None:
    widths = curve["width"].values
    shown = widths[-7:]
    for place, (colour, width) in enumerate(zip(shades(len(shown)), shown, strict=True)):
        one = curve.sel(width=width)
        axes.errorbar(
            one["damping"],
            one["loss"],
            one["loss_half"],
            marker=MARKERS[place % len(MARKERS)],
            color=colour,
            lw=1.2,
            label=f"{width}",
        )
        if np.isfinite(one["level"]):
            axes.axvline(2 ** float(one["level"]), color=colour, lw=0.9, ls=":")
    axes.set_xscale("log", base=2)
    axes.grid(visible=True, color=PALETTE["grid"])
