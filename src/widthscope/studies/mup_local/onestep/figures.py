"""Figures of the family `onestep`: slopes of one step beside their prediction, row by row."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from widthscope.plotting import MARKERS, PALETTE, Drawing, new

LABELS = {
    "first": "$h_1$ by $W_1$",
    "hidden": "$h_2$ by $W_2$",
    "last": "$f$ by $W_3$",
    "hidden to output": "$f$ by $W_2$",
}


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    return {"mup-local-onestep": slopes(fit["/curves/mup-local-onestep"].to_dataset())}


def slopes(curve: xr.Dataset) -> Drawing:
    """Measured slopes with their intervals and the predicted ones, one line for each row of the table."""
    figure, *panels = new(cols=2, width=8.4, height=4.2, sharex=True)
    coding = int(curve.attrs["coding"])
    rows = curve["row"].values
    for axes, part, title in zip(
        panels,
        (rows[:coding], rows[coding:]),
        ("predictive coding", "difference target propagation"),
        strict=True,
    ):
        _rows(axes, curve.sel(row=part))
        axes.set_title(title)
        axes.set_xlabel("slope of the change on log $M$")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    off = abs(curve["slope"] - curve["predicted"])
    direct = float(off.sel(change=["first", "hidden", "last"]).max())
    through = float(off.sel(change="hidden to output").max())
    return Drawing(
        figure,
        "Slope on the width of what one learning step of a layer moves that layer, or the output, by "
        f"({curve.attrs['seeds']} seeds, 99 % intervals), beside the predicted slope (open squares). Rows "
        "with all four at 0 are maximal updates; numbers are the exponent of the output's energy. Layers' "
        f"own slopes are at most {direct:.3f} off the prediction, those of the output through the hidden "
        f"layer at most {through:.3f}.",
        "Two panels of rows, one for each rule and parameterisation, with four points each at the slopes "
        "measured, inside or beside open squares at the slopes predicted: 0 for maximal updates, and "
        "multiples of a quarter from minus one half to one for the others.",
    )


def _rows(axes: Axes, curve: xr.Dataset) -> None:
    count = curve.sizes["row"]
    places = np.arange(count)[::-1]
    for k, change in enumerate(curve["change"].values):
        one = curve.sel(change=change)
        height = places + 0.3 - 0.2 * k
        axes.plot(
            one["predicted"], height, ls="none", marker="s", ms=7, mfc="none", mec=PALETTE["muted"], mew=0.8
        )
        axes.errorbar(
            one["slope"],
            height,
            xerr=one["slope_half"],
            ls="none",
            marker=MARKERS[k],
            ms=3.5,
            color=PALETTE[f"c{k}"],
            label=LABELS[str(change)],
        )
    axes.set_yticks(places, list(curve["row"].values))
    axes.set_ylim(-0.6, count - 0.4)
