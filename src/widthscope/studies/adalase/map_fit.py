"""What the families on feature maps read off their trained policies, seed by seed."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from widthscope.statistics.evidence import evidence, of_counts
from widthscope.statistics.over_seeds import band, of_seeds
from widthscope.streams import numpy_generator
from widthscope.studies.adalase.stored import Policies

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]
Seeds = np.ndarray[Any, Any]

SHARE = (0.0, 1.0)
"""What an accuracy or a ratio can be."""

CHANGE = (-1.0, 1.0)
"""What a difference of shares can be."""

TWICE = (-2.0, 2.0)
"""What a difference of such differences can be."""

CORRELATION = (-1.0, 1.0)
RESAMPLES = 999


def positions(of: Policies) -> range:
    """0, ..., K - 1."""
    return range(int(of.outcomes.attrs["positions"]))


def rise(of: Policies, arm: str) -> Seeds:
    """Ratio at the end of the last position less that of the input, (seed,)."""
    ended = of.ended(arm)
    return np.asarray(ended[:, -1] - ended[:, 0])


def accuracies(of: Policies, operation: str) -> Seeds:
    """Test accuracies with the operation fixed at each position, (seed, position)."""
    return np.stack([of.accuracy(f"{operation}-p{place}") for place in positions(of)], axis=1)


def gain_of_depth(of: Policies, operation: str) -> Seeds:
    """Test accuracy with the operation fixed at the last position less that at the input, (seed,)."""
    found = accuracies(of, operation)
    return np.asarray(found[:, -1] - found[:, 0])


def order(values: Seeds) -> Seeds:
    """Ranks of (position,) from 0, ties at their mean."""
    return np.asarray(
        [np.sum(values < each) + (np.sum(values == each) - 1) / 2 for each in values], dtype=float
    )


def rank_correlation(joined: Seeds) -> float:
    """Spearman's correlation of the means over seeds of (seed, 2, position): ratios and accuracies."""
    ratios, qualities = (order(each) - (joined.shape[2] - 1) / 2 for each in joined.mean(axis=0))
    size = float(np.sqrt(np.sum(ratios**2) * np.sum(qualities**2)))
    return float(np.sum(ratios * qualities)) / size if size else float("nan")


def correlation_table(parts: Mapping[str, tuple[Policies, str, str]]) -> xr.Dataset:
    """Evidence of rank correlations of mean ratios and mean accuracies.

    Their errors are those of seeds drawn again with replacement: a rank is no smooth function, which leaving
    out one seed at a time would need.

    Args:
        parts: an experiment, its operation and its adaptive arm, by the name of the component.
    """
    found = [_correlated(name, *part) for name, part in parts.items()]
    value, spread, seeds = zip(*found, strict=True)
    return evidence(list(parts), value, spread, n=seeds, possible=CORRELATION)


def _correlated(name: str, of: Policies, operation: str, arm: str) -> tuple[float, float, int]:
    """Correlation, its standard error and the number of seeds; NaN where a member diverged."""
    joined = np.stack([of.ended(arm), accuracies(of, operation)], axis=1)
    if not np.isfinite(joined).all():
        return np.nan, np.nan, len(joined)
    generator = numpy_generator("adalase", "maps.rank", name)
    drawn = generator.integers(len(joined), size=(RESAMPLES, len(joined)))
    found = np.array([rank_correlation(joined[chosen]) for chosen in drawn])
    known = found[np.isfinite(found)]
    spread = float(known.std(ddof=1)) if len(known) > 1 else np.nan
    return rank_correlation(joined), spread, len(joined)


def by_position(values: Mapping[str, Seeds]) -> xr.Dataset:
    """Evidence of means over seeds of (seed, position), a component for each name and position."""
    names = [f"{name}, position {k}" for name, each in values.items() for k in range(each.shape[1])]
    every = [each[:, k] for each in values.values() for k in range(each.shape[1])]
    return of_seeds(names, every, possible=SHARE)


def accuracy_table(of: Policies, operation: str, policies: Sequence[str]) -> xr.Dataset:
    """Evidence of test accuracies: of fixed positions, and of other policies by the end of their name."""
    fixed = {f"fixed at position {k}": each for k, each in enumerate(accuracies(of, operation).T)}
    others = {name: of.accuracy(f"{operation}-{name}") for name in policies}
    return of_seeds([*fixed, *others], [*fixed.values(), *others.values()], possible=SHARE)


def seeds_that_rise(of: Policies, arms: Sequence[str]) -> xr.Dataset:
    """Evidence of the share of seeds whose last position ends above their input."""
    rises = [rise(of, arm) for arm in arms]
    return of_counts(arms, [np.sum(each > 0) for each in rises], [len(each) for each in rises])


def paths(of: Policies, arms: Sequence[str]) -> xr.Dataset:
    """Mean ratios (arm, step, position) with half-widths of their intervals."""
    found = band(of.ratios["ratios"].sel(arm=list(arms)), "ratio")
    return found.assign_attrs(seeds=of.ratios.sizes["seed"])


def beside(of: Policies, operation: str, arm: str) -> xr.Dataset:
    """Accuracy with the operation fixed at each position and ratio of it at the end, with their intervals."""
    accuracy = band(xr.DataArray(accuracies(of, operation), dims=("seed", "position")), "accuracy")
    ended = band(xr.DataArray(of.ended(arm), dims=("seed", "position")), "ratio")
    return xr.merge([accuracy, ended]).assign_attrs(seeds=of.ratios.sizes["seed"])
