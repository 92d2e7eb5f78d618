"""Figures of the family `damping`."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from widthscope.plotting import MARKERS, PALETTE, Drawing, new, shades

SIDES = {"outputs": "signals' factor $B_l$", "inputs": "inputs' factor $A_l$"}


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
        axes.set_xlabel("damping, absolute")
    panels[0].set_ylabel("training loss")
    panels[0].legend(title="width $M$")
    widths = [int(width) for width in curves["outputs"]["width"].values]

    def said(side: str) -> str:
        return f"{slopes[side]:+.2f}" if np.isfinite(slopes[side]) else "not measured"

    return Drawing(
        figure,
        "Training loss of K-FAC with the maximal-update exponents over the absolute damping of one factor "
        "of the hidden layer, the other's being relative; means over seeds with 99 % intervals, and dotted "
        f"lines at the half level. From M = {widths[0]} to {widths[-1]} that of the signals' factor moves "
        f"with the slope {said('outputs')} (predicted: $-1$), that of the inputs' factor with "
        f"{said('inputs')} ($+1$).",
        "Losses that rise with the damping to a plateau, one curve for each width. Curves of wider networks "
        "lie further left for the signals' factor and further right for the inputs' factor.",
    )


def _panel(axes: Axes, curve: xr.Dataset) -> None:
    widths = curve["width"].values
    shown = widths[-7:]
    for place, (colour, width) in enumerate(zip(shades(len(shown)), shown, strict=True)):
        one = curve.sel(width=width)
        axes.errorbar(
            one["damping"] * one["factor"],
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
