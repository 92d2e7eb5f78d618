"""Relative distances between ways to the same posterior moments, seed by seed, on converged chains alone."""

import numpy as np
import xarray as xr

FloatArray = np.ndarray

LARGEST_R_HAT, SMALLEST_EFFECTIVE = 1.05, 200.0
"""Chains beyond these have not converged; what they say of a data set is not a number."""

WATCHED = {"mean": "outputs", "variance": "outputs", "order": "order"}
"""What must have converged for a quantity to be measured."""


def converged(table: xr.Dataset, quantity: str) -> np.ndarray:
    """Which data sets' chains have converged in what the quantity is made of, (seed,)."""
    watched = table.sel(watched=WATCHED[quantity])
    passed = (watched["r_hat"] < LARGEST_R_HAT) & (watched["effective"] > SMALLEST_EFFECTIVE)
    return np.asarray(passed.values)


def halves(table: xr.Dataset, quantity: str, way: str = "sampled") -> FloatArray:
    """The quantity from either half of what was drawn, (seed, half, entry); NaN without convergence.

    What was computed without noise counts as both halves.
    """
    both = table[f"{quantity}_{way}"]
    values = (both if "half" in both.dims else both.expand_dims(half=2, axis=1)).values
    flat = values.reshape(*values.shape[:2], -1)
    if way != "sampled":
        return flat
    return np.where(converged(table, quantity)[:, None, None], flat, np.nan)


def squared_discrepancy(table: xr.Dataset, quantity: str, way: str) -> FloatArray:
    """Squared relative distance of the sampled quantity from an exact one without Monte-Carlo noise, (seed,).

    Both are there twice, independently, s_1, s_2 and e_1, e_2, so that (s_1 - e_1) . (s_2 - e_2) has the
    squared distance of the true values as its mean, 0 where they agree, and may be negative.
    """
    sampled, exact = halves(table, quantity), halves(table, quantity, way)
    differences = sampled - exact
    size = np.square(exact.mean(1)).sum(-1)
    return np.asarray((differences[:, 0] * differences[:, 1]).sum(-1) / size)


def told_apart(table: xr.Dataset, quantity: str) -> FloatArray:
    """Squared discrepancy of the theory less that of the exact posterior, from the same samples, (seed,)."""
    theory, exact = (squared_discrepancy(table, quantity, way) for way in ("theory", "exact"))
    return np.asarray(theory - exact)


def distance(table: xr.Dataset, quantity: str, way: str) -> FloatArray:
    """Relative distance of what a way gives from the sampled quantity, its noise included, (seed,)."""
    sampled = halves(table, quantity).mean(1)
    given = table[f"{quantity}_{way}"].values.reshape(len(sampled), -1)
    difference = np.sqrt(np.square(given - sampled).sum(-1))
    return np.asarray(difference / np.sqrt(np.square(sampled).sum(-1)))


def off_diagonal_correlation(table: xr.Dataset, way: str) -> FloatArray:
    """Correlation of the off-diagonal entries of the sampled order parameter with those of a way, (seed,)."""
    paths = table.sizes["path"]
    above = np.triu_indices(paths, 1)
    sampled = halves(table, "order").mean(1).reshape(-1, paths, paths)[:, above[0], above[1]]
    given = table[f"order_{way}"].values[:, above[0], above[1]]
    centred = [each - each.mean(1, keepdims=True) for each in (sampled, given)]
    sizes = np.sqrt(np.square(centred[0]).sum(1) * np.square(centred[1]).sum(1))
    return np.asarray((centred[0] * centred[1]).sum(1) / sizes)
