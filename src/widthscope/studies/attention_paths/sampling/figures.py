"""Figures of the family `sampling`."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from widthscope.plotting import MARKERS, PALETTE, Drawing, new, width_axis
from widthscope.studies.attention_paths import curve_drawing
from widthscope.studies.attention_paths.matrix_drawing import squares

UNMEASURED = "not measured: chains\nhave not converged"

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
        axes.set_xlim(-0.5, len(cases) - 0.5)
        _logarithmic(axes, curve["distance"].sel(quantity=quantity))
        axes.set_title(f"predictor's {quantity}")
        _not_measured(axes, [at for at, case in enumerate(cases) if not _measured(curve, case, quantity)])
    panels[0].set_ylabel("distance from samples")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return Drawing(
        figure,
        f"Relative distance of three predictors from samples of all weights, one point for each of "
        f"{curve.attrs['seeds']} data sets. Of the exact posterior, the size of what is left once the "
        f"noise of independent halves is removed, around 0. {_distances(curve, cases)}Largest R-hat of all "
        f"chains {float(curve['r_hat']):.3f}, least effective sample {float(curve['effective']):.0f}.",
        "Three clouds of points for each of three networks on a logarithmic axis, for mean and variance: the "
        "exact posterior lowest, the theory above it, infinite width far above both; empty where chains "
        "have not converged.",
    )


def _measured(curve: xr.Dataset, case: str, quantity: str) -> int:
    """How many data sets have chains that have converged."""
    return int(curve["distance"].sel(case=case, quantity=quantity, way="theory").notnull().sum())


def _distances(curve: xr.Dataset, cases: list[str]) -> str:
    """How far off the means are where chains of all data sets have converged, and where they have not."""
    seeds = int(curve.attrs["seeds"])
    whole = [case for case in cases if _measured(curve, case, "mean") == seeds]
    says = ""
    if whole:
        means = curve["distance"].sel(quantity="mean", case=whole).mean("seed")
        theory, limit = (means.sel(way=way).values for way in ("theory", "limit"))
        where = "" if whole == cases else f" for {' and '.join(whole)}"
        says = (
            f"The theory's mean is {_between(theory, 3)} off on average{where}, that of infinite width "
            f"{_between(limit, 2)}. "
        )
    lost: dict[str, list[str]] = {}  # quantities by the cases they lack: as a rule both lack the same
    for quantity in ("mean", "variance"):
        counts = {case: _measured(curve, case, quantity) for case in cases}
        parts = [
            f"{case} ({f'only {count} of {seeds} data sets' if count else 'no data set'})"
            for case, count in counts.items()
            if count < seeds
        ]
        if parts:
            lost.setdefault("; ".join(parts), []).append(quantity)
    for short, quantities in lost.items():
        says += f"Predictor's {' and '.join(quantities)} not measured, chains have not converged: {short}. "
    return says


def _between(values: np.ndarray, digits: int) -> str:
    """The least and the largest of some values, or the one that there is."""
    low, high = f"{values.min():.{digits}f}", f"{values.max():.{digits}f}"
    return low if low == high else f"{low} to {high}"


def _not_measured(axes: Axes, places: list[int]) -> None:
    """Say in each of some columns why it is empty."""
    for place in places:
        axes.text(
            place,
            0.5,
            UNMEASURED,
            transform=axes.get_xaxis_transform(),
            rotation=90,
            ha="center",
            va="center",
            fontsize=7,
        )


def overlap(matrices: xr.Dataset, curve: xr.Dataset) -> Drawing:
    """Order parameters of the unequal case by three ways, and the theory's distance by width."""
    figure, *panels = new(rows=2, cols=2, height=6.0)
    paths = [f"{first}{second}" for first in "123" for second in "12"]
    largest = float(np.abs(matrices["order"]).max())
    for axes, way in zip(panels, ("sampled", "exact", "theory"), strict=False):
        squares(axes, matrices["order"].sel(way=way).values, paths, way, largest)
    seeds, converged = int(matrices.attrs["seeds"]), int(matrices.attrs["converged"])
    if not converged:
        panels[0].text(0.5, 0.5, UNMEASURED, transform=panels[0].transAxes, ha="center", fontsize=7)
    over = _averaged_over(seeds, converged)
    axes = panels[3]
    widths = [int(width) for width in curve["width"].values]
    for place, (way, (colour, label)) in enumerate(BY_WIDTH.items()):
        curve_drawing.curve(axes, widths, curve.sel(way=way), "distance", place, colour, label)
    width_axis(axes, widths, "width $N$")
    axes.set_xlim(widths[0] / 1.3, widths[-1] * 1.3)
    _logarithmic(axes, curve["distance"])
    axes.set_title("distance from sampled overlaps")
    axes.legend()
    theory = curve["distance"].sel(way="theory")
    lost = [width for width in widths if not np.isfinite(float(theory.sel(width=width)))]
    _not_measured(axes, lost)
    kept = [width for width in widths if width not in lost]
    says = [f"the theory's is {float(theory.sel(width=width)):.3f} at N = {width}" for width in kept[:1]]
    if len(kept) > 1:
        first, last = (float(theory.sel(width=width)) for width in (kept[0], kept[-1]))
        says = [f"the theory's goes from {first:.3f} at N = {kept[0]} to {last:.3f} at N = {kept[-1]}"]
    if lost:
        says.append(f"not measured at N = {', '.join(map(str, lost))}: chains have not converged")
    return Drawing(
        figure,
        "Mean overlaps of the effective weights of paths, heads (3, 2) with unequal widths and variances: of "
        "samples of all weights, of the exact posterior, and the theory's order parameter, means over "
        f"{over}; area is size, colour is sign. Lower right: relative distance of order parameters from the "
        f"sampled overlaps for heads (2), means with 99 % intervals; {'; '.join(says)}.",
        "Three matrices of squares that look the same, with a strong diagonal, and a graph of distance over "
        "width on logarithmic axes in which only the theory's line falls; empty where chains have not "
        "converged.",
    )


def _averaged_over(seeds: int, converged: int) -> str:
    """The data sets over which matrices are means."""
    if converged == seeds:
        return f"{seeds} data sets"
    if converged:
        return f"the {converged} of {seeds} data sets whose chains have converged"
    return f"{seeds} data sets; those of samples are not measured, chains have not converged"


def _logarithmic(axes: Axes, values: xr.DataArray) -> None:
    """Make y logarithmic, unless nothing is there to be shown: chains that have not converged leave NaN."""
    if bool((values > 0).any()):
        axes.set_yscale("log")
