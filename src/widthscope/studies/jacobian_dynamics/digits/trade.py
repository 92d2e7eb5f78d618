"""How accuracy and exponent go together over a seed's networks with their scales changed."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from widthscope.streams import numpy_generator
from widthscope.studies.jacobian_dynamics.digits.rank_correlation import partial_spearman, spearman
from widthscope.studies.jacobian_dynamics.digits.scores import LEARNED, MODELS, RESCALED
from widthscope.studies.jacobian_dynamics.digits.tables import Runs

CHANGED = {"rescaled_exponent": "exponent", "rescaled_accuracy": "accuracy"}
SHUFFLES = 4
"""Shuffles whose mean correlation is one seed's control. That of one shuffle of 39 networks spreads by 1/6
over seeds: at 16 seeds and the study's level its interval would be wider than the margin of 0.2, and the
control could hardly be rejected. Of four it is half as wide."""


def points(runs: Runs, arms: Sequence[str] = RESCALED) -> xr.Dataset:
    """``exponent``, ``accuracy`` and ``log_factor`` over (seed, point), for the seeds that all `arms` have.

    A network as it was trained is one point, not one for each scale. The coordinate ``arm`` names the model.
    """
    grids = [runs.tables[arm][list(CHANGED)].rename(CHANGED) for arm in arms]
    aligned = xr.align(*grids, join="inner")
    return xr.concat([_points(grid, arm) for arm, grid in zip(arms, aligned, strict=True)], dim="point")


def seed_correlations(runs: Runs) -> dict[str, np.ndarray]:
    """Each seed's rank correlations, (seed,).

    ``partial``: of |exponent| and accuracy given |ln factor|, over the networks of the models in `LEARNED`;
    ``all models``: the same over those in `RESCALED`; by the model's name: over its own networks alone.
    ``raw``: of |exponent| and accuracy, and ``factor``: of |ln factor| and accuracy, over the same;
    ``unchanged``: as raw, over all models as they were trained. Points without an exponent are left out.
    """
    exponents = xr.concat([runs.exponent(arm) for arm in MODELS], dim="model", join="inner")
    accuracies = xr.concat([runs.trained_accuracy(arm) for arm in MODELS], dim="model", join="inner")
    unchanged = [
        spearman(np.abs(exponents.sel(seed=seed).values), accuracies.sel(seed=seed).values)
        for seed in exponents["seed"].values
    ]
    rows = _rows(points(runs))
    return {
        "partial": _partial(points(runs, LEARNED)),
        "all models": _partial(points(runs)),
        **{arm: _partial(points(runs, (arm,))) for arm in RESCALED},
        "raw": np.array([spearman(size, accuracy) for size, accuracy, _ in rows]),
        "factor": np.array([spearman(factor, accuracy) for _, accuracy, factor in rows]),
        "unchanged": np.array(unchanged),
    }


def shuffled_correlations(runs: Runs) -> np.ndarray:
    """``partial`` as from `seed_correlations`, mean over `SHUFFLES` of a seed's accuracies, (seed,)."""
    found, means = points(runs, LEARNED), []
    for seed, (size, accuracy, factor) in zip(found["seed"].values, _rows(found), strict=True):
        generator = numpy_generator("jacobian_dynamics", "digits", "shuffled pairs", int(seed))
        drawn = [partial_spearman(size, generator.permutation(accuracy), factor) for _ in range(SHUFFLES)]
        means.append(np.mean(drawn))
    return np.array(means)


def _partial(found: xr.Dataset) -> np.ndarray:
    """Correlation of |exponent| and accuracy given |ln factor| of each seed, (seed,)."""
    return np.array([partial_spearman(*row) for row in _rows(found)])


def _rows(found: xr.Dataset) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    return [_finite(found.isel(seed=place)) for place in range(found.sizes["seed"])]


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
