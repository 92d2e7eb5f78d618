"""Figures of the family `loader`."""

import numpy as np
import xarray as xr

from widthscope.plotting import PALETTE, Drawing, new

SMALLEST = 1e-4
"""In tolerances; smaller errors, and none, are drawn here."""


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    return {"loader-errors": errors(fit["/curves/loader"].to_dataset())}


def errors(curve: xr.Dataset) -> Drawing:
    """Errors of the scores by layout, of the loader's reading and of wrong ones."""
    layouts = [str(name) for name in curve["layout"].values]
    right, wrong = curve["right"].values, curve["wrong"].values
    place = {name: len(layouts) - 1 - k for k, name in enumerate(layouts)}
    figure, *panels = new(height=3.9)
    axes = panels[0]
    axes.axvline(1.0, color=PALETTE["muted"], linestyle="--", label="tolerance")
    axes.axvline(1000.0, color=PALETTE["muted"], linestyle=":", label="a thousand tolerances")
    axes.plot(
        np.maximum(right, SMALLEST),
        [place[name] for name in layouts],
        linestyle="none",
        marker="o",
        color=PALETTE["c0"],
        label="as the loader reads",
    )
    axes.plot(
        wrong,
        [place[str(name)] for name in curve["read_layout"].values],
        linestyle="none",
        marker="x",
        markeredgewidth=1.2,
        color=PALETTE["c1"],
        label="read wrongly",
    )
    axes.set_xscale("log")
    axes.set_yticks(list(place.values()), layouts)
    axes.set_xlabel("largest difference of the scores, in tolerances")
    axes.legend(loc="center", bbox_to_anchor=(0.6, 0.5))
    return Drawing(
        figure,
        "Modules of each layout saved to a checkpoint and read back: largest difference between the scores "
        "rebuilt from what was read and the module's own, in tolerances of $50 \\varepsilon d_h$ times the "
        "largest score. Dots are the loader's readings, the worst of all draws; crosses are wrong readings "
        "of the same tensors, the least wrong of all draws.",
        f"Errors of {len(layouts)} layouts on a logarithmic axis. The loader's readings are at most "
        f"{right.max():.2g} tolerances off, wrong readings at least {wrong.min():.2g}.",
    )
