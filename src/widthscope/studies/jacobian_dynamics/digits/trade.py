"""How accuracy and exponent go together over a seed's networks with their scales changed."""

import numpy as np
import xarray as xr

from widthscope.streams import numpy_generator
from widthscope.studies.jacobian_dynamics.digits.rank_correlation import partial_spearman, spearman
from widthscope.studies.jacobian_dynamics.digits.scores import MODELS, RESCALED
from widthscope.studies.jacobian_dynamics.digits.tables import Runs

CHANGED = {"rescaled_exponent": "exponent", "rescaled_accuracy": "accuracy"}
SHUFFLES = 100
"""Shuffles whose mean correlation is one seed's control."""


def points(runs: Runs) -> xr.Dataset:
    """``exponent``, ``accuracy`` and ``log_factor`` over (seed, point), for the seeds that all models have.

    A network as it was trained is one point, not one for each scale. The coordinate ``arm`` names the model.
    """
    grids = [runs.tables[arm][list(CHANGED)].rename(CHANGED) for arm in RESCALED]
    aligned = xr.align(*grids, join="inner")
    return xr.concat([_points(grid, arm) for arm, grid in zip(RESCALED, aligned, strict=True)], dim="point")


def seed_correlations(runs: Runs) -> dict[str, np.ndarray]:
    """Each seed's rank correlations, (seed,).

    ``raw``: of |exponent| and accuracy; ``partial``: given |ln factor|; ``within``: partial too, of each
    model's networks alone, mean over models; ``factor``: of |ln factor| and accuracy; ``unchanged``: raw,
    over the models as they were trained. Points without an exponent are left out.
    """
    found = points(runs)
    rows = [_finite(found.isel(seed=place)) for place in range(found.sizes["seed"])]
    exponents = xr.concat([runs.exponent(arm) for arm in MODELS], dim="model", join="inner")
    accuracies = xr.concat([runs.trained_accuracy(arm) for arm in MODELS], dim="model", join="inner")
    unchanged = [
        spearman(np.abs(exponents.sel(seed=seed).values), accuracies.sel(seed=seed).values)
        for seed in exponents["seed"].values
    ]
    return {
        "raw": np.array([spearman(size, accuracy) for size, accuracy, _ in rows]),
        "partial": np.array([partial_spearman(*row) for row in rows]),
        "within": np.array([_within(found.isel(seed=place)) for place in range(found.sizes["seed"])]),
        "factor": np.array([spearman(factor, accuracy) for _, accuracy, factor in rows]),
        "unchanged": np.array(unchanged),
    }


def shuffled_correlations(runs: Runs) -> dict[str, np.ndarray]:
    """``partial`` as from `seed_correlations`, mean over shuffles of a seed's accuracies among its points."""
    found, means = points(runs), []
    for place, seed in enumerate(found["seed"].values):
        size, accuracy, factor = _finite(found.isel(seed=place))
        generator = numpy_generator("jacobian_dynamics", "digits", "shuffled pairs", int(seed))
        drawn = [partial_spearman(size, generator.permutation(accuracy), factor) for _ in range(SHUFFLES)]
        means.append(np.mean(drawn))
    return {"partial": np.array(means)}


def _within(row: xr.Dataset) -> float:
    """Mean of one seed's partial correlations over the models that have one: not all are equally accurate."""
    chosen = [row.isel(point=np.flatnonzero(row["arm"].values == arm)) for arm in RESCALED]
    return float(np.nanmean([partial_spearman(*_finite(each)) for each in chosen]))


def _points(grid: xr.Dataset, arm: str) -> xr.Dataset:
    changed = grid.sel(factor=[factor for factor in grid["factor"].values if factor != 1])
    once = grid.sel(factor=[1.0]).isel(scale=[0])
    parts = [part.stack(point=("scale", "factor")) for part in (once, changed)]
    factors = np.concatenate([np.abs(np.log(part["factor"].values)) for part in parts])
    joined = xr.concat([part.drop_vars(["point", "scale", "factor"]) for part in parts], dim="point")
    return joined.assign_coords(log_factor=("point", factors), arm=("point", [arm] * len(factors)))


def _finite(row: xr.Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """|exponent|, accuracy and |ln factor| of one seed's points with an exponent."""
    known = np.isfinite(row["exponent"].values) & np.isfinite(row["accuracy"].values)
    columns = (np.abs(row["exponent"].values), row["accuracy"].values, row["log_factor"].values)
    size, accuracy, factor = (np.asarray(column[known], dtype=float) for column in columns)
    return size, accuracy, factor
