"""Figures of the family `sampling`."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from widthscope.plotting import MARKERS, PALETTE, Drawing, new, width_axis
from widthscope.studies.attention_paths.matrix_drawing import squares

WAYS = {
    "exact": ("c2", "exact posterior, noise removed"),
    "theory": ("c0", "theory"),
    "limit": ("c1", "infinite width"),
}
BY_WIDTH = {
    "theory": ("c0", "theory"),
    "wider": ("c1", "theory told twice the width"),
    "limit": ("c2", "infinite width"),
}


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    curves = {
        name: fit[f"/curves/{name}"].to_dataset()
        for name in ("sampling-agreement", "order-parameter-overlap", "order-parameter-widths")
    }
    return {
        "sampling-agreement": agreement(curves["sampling-agreement"]),
        "order-parameter-overlap": overlap(
            curves["order-parameter-overlap"], curves["order-parameter-widths"]
        ),
    }


def agreement(curve: xr.Dataset) -> Drawing:
    """Distances of predictors from the sampled ones, seed by seed."""
    figure, *panels = new(cols=2, height=3.4, sharey=True)
    cases = [str(name) for name in curve["case"].values]
    for axes, quantity in zip(panels, ("mean", "variance"), strict=True):
        for place, (way, (colour, label)) in enumerate(WAYS.items()):
            for at, case in enumerate(cases):
                values = curve["distance"].sel(case=case, quantity=quantity, way=way).values
                axes.plot(
                    np.full(len(values), at + 0.22 * (place - 1)),
                    values,
                    MARKERS[place],
                    color=PALETTE[colour],
                    ms=3.5,
                    label=label if at == 0 else None,
                )
        axes.set_xticks(range(len(cases)), [name.replace(", unequal", ",\nunequal") for name in cases])
        _logarithmic(axes, curve["distance"].sel(quantity=quantity))
        axes.set_title(f"predictor's {quantity}")
    panels[0].set_ylabel("distance from samples")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    means = curve["distance"].sel(quantity="mean").mean("seed")
    theory, limit = (means.sel(way=way) for way in ("theory", "limit"))
    return Drawing(
        figure,
        f"Relative distance of three predictors from samples of all weights, one point for each of "
        f"{curve.attrs['seeds']} data sets. Of the exact posterior, the size of what is left once the "
        f"noise of independent halves is removed, around 0. The theory's mean is {float(theory.min()):.3f} "
        f"to {float(theory.max()):.3f} off on average, that of infinite width {float(limit.min()):.2f} to "
        f"{float(limit.max()):.2f}. Largest R-hat of all chains {float(curve['r_hat']):.3f}, least effective "
        f"sample {float(curve['effective']):.0f}.",
        "Three clouds of points for each of three networks on a logarithmic axis, for mean and variance: the "
        "exact posterior lowest, the theory above it, infinite width far above both.",
    )


def overlap(matrices: xr.Dataset, curve: xr.Dataset) -> Drawing:
    """Order parameters of the unequal case by three ways, and the theory's distance by width."""
    figure, *panels = new(rows=2, cols=2, height=6.0)
    paths = [f"{first}{second}" for first in "123" for second in "12"]
    largest = float(np.abs(matrices["order"]).max())
    for axes, way in zip(panels, ("sampled", "exact", "theory"), strict=False):
        squares(axes, matrices["order"].sel(way=way).values, paths, way, largest)
    axes = panels[3]
    widths = [int(width) for width in curve["width"].values]
    for place, (way, (colour, label)) in enumerate(BY_WIDTH.items()):
        one = curve.sel(way=way)
        axes.errorbar(
            widths,
            one["distance"],
            one["distance_half"],
            marker=MARKERS[place],
            color=PALETTE[colour],
            lw=1.2,
            label=label,
        )
    width_axis(axes, widths, "width $N$")
    _logarithmic(axes, curve["distance"])
    axes.set_title("distance from sampled overlaps")
    axes.legend()
    first, last = (
        float(curve["distance"].sel(way="theory", width=width)) for width in (widths[0], widths[-1])
    )
    falls = f"the theory's goes from {first:.3f} at N = {widths[0]} to {last:.3f} at N = {widths[-1]}"
    if not np.isfinite([first, last]).all():
        falls = "where chains have not converged there is none"
    return Drawing(
        figure,
        "Mean overlaps of the effective weights of paths, heads (3, 2) with unequal widths and variances: of "
        "samples of all weights, of the exact posterior, and the theory's order parameter, means over "
        f"{matrices.attrs['seeds']} data sets; area is size, colour is sign. Lower right: relative distance "
        f"of order parameters from the sampled overlaps for heads (2), means with 99 % intervals; {falls}.",
        "Three matrices of squares that look the same, with a strong diagonal, and a graph of distance over "
        "width on logarithmic axes in which only the theory's line falls.",
    )


def _logarithmic(axes: Axes, values: xr.DataArray) -> None:
    """Make y logarithmic, unless nothing is there to be shown: chains that have not converged leave NaN."""
    if bool((values > 0).any()):
        axes.set_yscale("log")
