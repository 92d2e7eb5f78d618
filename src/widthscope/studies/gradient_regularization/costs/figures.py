"""Figure of the family `costs`: products and bytes of one step over the depth."""

import numpy as np
import xarray as xr

from widthscope.plotting import MARKERS, PALETTE, Drawing, new
from widthscope.studies.gradient_regularization.costs.fit import FORMULAS, NAMES

DRAWN = ("gradient", "forward", "double")
"""The backward difference costs what the forward one does."""


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    return {"step-costs": step_costs(fit["/curves/step-costs"].to_dataset())}


def step_costs(steps: xr.Dataset) -> Drawing:
    """Counted products beside their formulas, and bytes over those of a plain gradient."""
    figure, *panels = new(cols=2, height=3.0)
    left, right = panels
    layers = steps["layers"].values
    fine = np.arange(layers[0], layers[-1] + 1)
    counted = steps["products"].isel(activation=0)
    for place, way in enumerate(DRAWN):
        colour = PALETTE[f"c{place}"]
        left.plot(fine, [FORMULAS[way](int(depth)) for depth in fine], color=colour)
        values = counted.sel(way=way)
        left.plot(layers, values, ls="none", marker=MARKERS[place], color=colour, label=NAMES[way])
    left.set_xlabel("weight matrices $L$")
    left.set_ylabel("matrix products of one step")
    left.legend()
    for place, activation in enumerate(steps["activation"].values):
        kept = steps["bytes"].sel(activation=activation)
        for way, style in (("double", "-"), ("forward", ":")):
            right.plot(
                layers,
                kept.sel(way=way) / kept.sel(way="gradient"),
                ls=style,
                marker=MARKERS[place],
                color=PALETTE[f"c{DRAWN.index(way)}"],
                label=f"{NAMES[way]}, {activation}" if way == "double" else None,
            )
    right.set_ylim(bottom=0)
    right.set_xlabel("weight matrices $L$")
    right.set_ylabel("bytes kept, over one gradient's")
    right.legend()
    last = steps.isel(layers=-1, activation=0)
    products = [int(last["products"].sel(way=way)) for way in DRAWN]
    bytes_kept = [float(last["bytes"].sel(way=way)) for way in DRAWN]
    return Drawing(
        figure,
        f"One step of a multilayer perceptron of width {steps.attrs['width']} on {steps.attrs['batch']} "
        f"examples. Left: matrix products, counted (marks) and by formula (lines); at {int(layers[-1])} "
        f"layers a gradient takes {products[0]}, a finite difference {products[1]} and double "
        f"backpropagation {products[2]}. Right: bytes that autograd keeps at most; there double "
        f"backpropagation keeps {bytes_kept[2] / bytes_kept[0]:.2f} times what one gradient does, a finite "
        f"difference {bytes_kept[1] / bytes_kept[0]:.2f} times.",
        "Left, three straight lines through counts over the depth, double backpropagation's the steepest. "
        "Right, ratios of bytes over the depth: above two for double backpropagation, one for the "
        "difference.",
    )
