"""Estimates from the moments of several coordinates of one draw, and their exact values at finite width."""

import numpy as np
import xarray as xr

from widthscope.attention import softmax_moments
from widthscope.statistics.intervals import Estimate, jackknife
from widthscope.studies.limit_law.measurements import rows
from widthscope.studies.limit_law.orthonormal import moments


def kurtosis(row: xr.Dataset, name: str) -> Estimate:
    """Kurtosis E y⁴/(E y²)² from batch means over draws, tokens and coordinates, jackknifed over batches."""
    return jackknife(
        lambda second, fourth: fourth.mean() / second.mean() ** 2,
        row[f"{name}_second"],
        row[f"{name}_fourth"],
    )


def variance(row: xr.Dataset, name: str) -> Estimate:
    """Variance over draws of a quantity from its batch means and those of its square."""
    return jackknife(lambda mean, square: square.mean() - mean.mean() ** 2, row[name], row[f"{name}_square"])


def regression_slope(row: xr.Dataset, product: str) -> Estimate:
    """Slope of |y_i|²/n on Σ_ii(G); `product` is the mean of their product."""

    def slope(product: np.ndarray, norm: np.ndarray, own: np.ndarray, square: np.ndarray) -> float:
        return float((product.mean() - norm.mean() * own.mean()) / (square.mean() - own.mean() ** 2))

    return jackknife(slope, row[product], row["norm"], row["variance"], row["variance_square"])


def explained(row: xr.Dataset, product: str) -> Estimate:
    """Signed share of the variance of |y_i|²/n explained by Σ_ii(G), C|C|/(Var Var) with C their covariance.

    The sign keeps the estimate of a vanishing share centred at zero, and its error honest.
    """

    def share(
        product: np.ndarray, norm: np.ndarray, norm_square: np.ndarray, own: np.ndarray, square: np.ndarray
    ) -> float:
        covariance = product.mean() - norm.mean() * own.mean()
        scale = (norm_square.mean() - norm.mean() ** 2) * (square.mean() - own.mean() ** 2)
        return float(covariance * abs(covariance) / scale)

    names = ("norm", "norm_square", "variance", "variance_square")
    return jackknife(share, row[product], *(row[name] for name in names))


def square_correlation(row: xr.Dataset, product: str) -> Estimate:
    """Correlation of y_α² and y_β²; `product` is the mean of their product."""

    def correlation(product: np.ndarray, second: np.ndarray, fourth: np.ndarray) -> float:
        square = second.mean() ** 2
        return float((product.mean() - square) / (fourth.mean() - square))

    return jackknife(correlation, row[product], row["raw_second"], row["raw_fourth"])


def linear_correlation(row: xr.Dataset) -> Estimate:
    """Correlation of y_α and y_β; both have mean zero."""
    return jackknife(lambda p, second: p.mean() / second.mean(), row["pair_product"], row["raw_second"])


def exact_correlation(row: xr.Dataset) -> float:
    """Exact correlation of squares at the point's width."""
    heads, width, law = _law(row)
    return softmax_moments.correlation_of_squares(law, heads, width)


def exact_norm_variance(row: xr.Dataset) -> float:
    """Exact Var(|y_i|²/n) at the point's width."""
    heads, width, law = _law(row)
    return softmax_moments.variance_of_squared_norm(law, heads, width, width)


def exact_explained(row: xr.Dataset) -> float:
    """Exact share of Var(|y_i|²/n) explained by Σ_ii(G): Var Σ_ii(G) over it, as E[|y_i|²/n | G] = Σ_ii."""
    heads, _, law = _law(row)
    return softmax_moments.variance_of_variance(law, heads) / exact_norm_variance(row)


def groups_by_heads(table: xr.Dataset) -> list[list[xr.Dataset]]:
    """Points over the widths, for each number of heads."""
    return [list(rows(table, heads=heads)) for heads in sorted({int(h) for h in table["heads"].values})]


def _law(row: xr.Dataset) -> tuple[int, int, softmax_moments.VarianceMoments]:
    heads, width, tokens = (int(row[name]) for name in ("heads", "width", "tokens"))
    return heads, width, moments(tokens, width)
