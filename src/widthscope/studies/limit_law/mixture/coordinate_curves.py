"""Curves for the figures on normalised outputs, norms and pairs of coordinates."""

import numpy as np
import xarray as xr

from widthscope.attention import softmax_moments
from widthscope.attention.quadrature import normal_sobol
from widthscope.studies.limit_law.measurements import curves, exact_curve, points_of_curve
from widthscope.studies.limit_law.mixture.coordinate_estimates import (
    groups_by_heads,
    kurtosis,
    linear_correlation,
    square_correlation,
    variance,
)
from widthscope.studies.limit_law.orthonormal import moments, widths_between


def figure_curves(table: xr.Dataset) -> dict[str, xr.Dataset]:
    """Curves over width for normalised outputs, pairs of coordinates and the norm, and the norm's law."""
    groups = groups_by_heads(table)
    single = groups[0]
    widths = [float(row["width"]) for row in single]
    dense = widths_between(widths[0], widths[-1])
    kurtoses = [
        points_of_curve(name, widths, [kurtosis(row, name) for row in single])
        for name in ("raw", "given_scores", "given_values")
    ]
    kurtoses.append(exact_curve("exact given_scores", dense, [3 + 6 / n for n in dense]))
    correlations = []
    norms = [points_of_curve("frozen", widths, [variance(row, "frozen_norm") for row in single])]
    for group in groups:
        heads, tokens = int(group[0]["heads"]), int(group[0]["tokens"])
        laws = [moments(tokens, n) for n in dense]
        squares = [
            softmax_moments.correlation_of_squares(law, heads, n) for n, law in zip(dense, laws, strict=True)
        ]
        variances = [
            softmax_moments.variance_of_squared_norm(law, heads, n, n)
            for n, law in zip(dense, laws, strict=True)
        ]
        measured_squares = [square_correlation(row, "pair_squares") for row in group]
        correlations += [
            points_of_curve(f"squares H={heads}", widths, measured_squares),
            exact_curve(f"exact H={heads}", dense, squares),
            points_of_curve(f"linear H={heads}", widths, [linear_correlation(row) for row in group]),
        ]
        norms += [
            points_of_curve(f"H={heads}", widths, [variance(row, "norm") for row in group]),
            exact_curve(f"exact H={heads}", dense, variances),
        ]
    return {
        "mixture-normalised": curves(*kurtoses),
        "mixture-squares": curves(*correlations),
        "mixture-norm-variance": curves(*norms),
        "mixture-norm-law": norm_law(table, single),
    }


def norm_law(table: xr.Dataset, group: list[xr.Dataset]) -> xr.Dataset:
    """Densities of |y_1|²/n at each width, and of its limit Σ_11 by 65,536 points of quasi-Monte Carlo.

    The group has one number of heads; `mean` is E Σ_11, the point at which the Gaussian limit of many heads
    would put all mass.
    """
    heads, tokens = int(group[0]["heads"]), int(group[0]["tokens"])
    edges = table["bin_edges"].values
    step = np.diff(edges)
    density = np.stack([row["norm_histogram"].values.mean(axis=0) / step for row in group])
    scores = normal_sobol(heads * tokens, 16, seed=0).nodes.reshape(-1, heads, tokens)
    attention = np.exp(scores - scores.max(axis=-1, keepdims=True))
    attention /= attention.sum(axis=-1, keepdims=True)
    conditional = np.square(attention).sum(axis=-1).mean(axis=-1)
    limit = np.histogram(conditional, edges)[0] / len(conditional) / step
    return xr.Dataset(
        {
            "density": (("width", "bin"), density),
            "limit": ("bin", limit),
            "mean": ((), moments(tokens).mean),
        },
        coords={
            "width": [int(row["width"]) for row in group],
            "centre": ("bin", (edges[1:] + edges[:-1]) / 2),
            "heads": heads,
        },
    )
