"""Power laws in the width: slopes in log-log, and the finite-size fit of a squared distance."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import least_squares
from scipy.special import chdtrc

from widthscope.statistics.intervals import Estimate

Array = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class PowerFit:
    """A fitted exponent with everything needed to distrust it.

    Attributes:
        exponent: the rate α of `fit_rate`, or the signed log-log slope of `fit_slope`; NaN if the fit failed.
        standard_error: of the exponent; 0 from exact values.
        degrees: Satterthwaite degrees of freedom of the standard error.
        intercept: a, the logarithm of the leading coefficient.
        correction: b of the factor (1 + b/n); 0 if none was fitted.
        correction_standard_error: of b.
        chi2: sum of squared standardised residuals (plain residuals from exact values).
        residual_degrees: points used minus parameters.
        p_value: of chi2; NaN from exact values or without residual degrees of freedom.
        residuals: standardised, in the points' order; NaN where a point was not used.
        used: which points entered the fit.
        reason: why the fit failed; empty if it did not.
    """

    exponent: float
    standard_error: float
    degrees: float
    intercept: float
    correction: float
    correction_standard_error: float
    chi2: float
    residual_degrees: int
    p_value: float
    residuals: Array
    used: np.ndarray[Any, np.dtype[np.bool_]]
    reason: str = ""

    @property
    def estimate(self) -> Estimate:
        """The exponent with its standard error."""
        return Estimate(self.exponent, self.standard_error, self.degrees)

    def interval(self, level: float = 0.99) -> tuple[float, float]:
        """Return the two-sided interval of the exponent; the whole line if the fit failed."""
        if not np.isfinite(self.exponent) or not np.isfinite(self.standard_error):
            return -np.inf, np.inf
        low, high = self.estimate.interval(level)
        return float(low), float(high)


def fit_rate(
    width: ArrayLike,
    distance: ArrayLike,
    standard_error: ArrayLike,
    power: float = 2.0,
    correction: bool = True,
    degrees: float = np.inf,
    detection: float = 2.0,
) -> PowerFit:
    r"""Fit log U = a - p·α log n + p·log(1 + b/n), the rate of a distance (theory notes 3.6).

    U is a p-th power of a distance, p = 2 for a squared MMD, so α is the rate of the distance itself.
    Weighted least squares with delta-method errors SE/U. Widths with U < `detection`·SE are dropped: there
    the logarithm is biased. Without the correction the exponent of a law with b ≠ 0 is biased, and its
    interval misses.

    Args:
        width: (K,) widths n > 0.
        distance: (K,) unbiased estimates U, of any sign.
        standard_error: (K,) their standard errors, > 0, independent over widths.
        power: p.
        correction: whether to fit b; otherwise b = 0.
        degrees: degrees of freedom of each standard error (batches - 1).
        detection: smallest U/SE that enters the fit.

    Returns:
        The fit; with exponent NaN and a reason if too few widths are left or b runs away.
    """
    n, U, error = _points(width, distance, standard_error)
    with np.errstate(invalid="ignore", divide="ignore"):
        used = np.isfinite(U) & np.isfinite(error) & (error > 0) & (detection * error <= U) & (U > 0)
    parameters = 3 if correction else 2
    if used.sum() < parameters:
        return _failed(
            used, f"only {int(used.sum())} of {len(n)} widths have U >= {detection:g} standard errors"
        )
    logn, sigma = np.log(n[used]), error[used] / U[used]
    logU, smallest = np.log(U[used]), n[used].min()

    def correction_of(beta: float) -> float:
        return float(smallest * np.expm1(beta))  # 1 + b/n > 0 at every width used, for any beta

    def model(theta: Array) -> Array:
        b = correction_of(theta[2]) if correction else 0.0
        value: Array = theta[0] - power * theta[1] * logn + power * np.log1p(b / n[used])
        return value

    start, _, _ = _weighted_line(-power * logn, logU, sigma)
    found = least_squares(
        lambda theta: (model(theta) - logU) / sigma,
        [*start, 0.0] if correction else start,
        jac="3-point",
        method="lm",
        x_scale=[1.0, 0.1, 0.1][:parameters],
        xtol=1e-12,
        ftol=1e-12,
    )
    J = found.jac
    curvature = J.T @ J
    if not found.success or np.linalg.cond(curvature) > 1e14 or (correction and abs(found.x[2]) > 5):
        return _failed(used, "the fit did not converge: the correction b cannot be told from the exponent")
    covariance = np.linalg.inv(curvature)
    b = correction_of(found.x[2]) if correction else 0.0
    b_error = float(np.sqrt(covariance[2, 2]) * (smallest + b)) if correction else 0.0
    influence = (covariance @ J.T)[1]  # change of α for one standard error at each width
    return _fit(used, found.x, covariance, influence, -found.fun, degrees, b, b_error)


def fit_slope(
    x: ArrayLike, y: ArrayLike, standard_error: ArrayLike, degrees: float = np.inf, detection: float = 2.0
) -> PowerFit:
    """Fit log y = a + slope·log x by weighted least squares with delta-method errors SE/y.

    Args:
        x: (K,) positive numbers, such as widths or numbers of heads.
        y: (K,) estimates; those with y < `detection`·SE are dropped.
        standard_error: (K,) standard errors > 0, independent over points. For points that share draws,
            jackknife `exact_slope` over batches instead.
        degrees: degrees of freedom of each standard error.
        detection: smallest y/SE that enters the fit.
    """
    abscissa, ordinate, error = _points(x, y, standard_error)
    used = np.isfinite(ordinate) & (error > 0) & (ordinate > 0) & (detection * error <= ordinate)
    if used.sum() < 2:
        return _failed(
            used, f"only {int(used.sum())} of {len(used)} points lie above {detection:g} standard errors"
        )
    logx, logy, sigma = np.log(abscissa[used]), np.log(ordinate[used]), error[used] / ordinate[used]
    theta, covariance, influence = _weighted_line(logx, logy, sigma)
    residuals = (logy - theta[0] - theta[1] * logx) / sigma
    return _fit(used, theta, covariance, influence, residuals, degrees, 0.0, 0.0)


def exact_slope(x: ArrayLike, y: ArrayLike) -> PowerFit:
    """Return the least-squares slope of log y on log x for K >= 2 positive values without sampling error."""
    logx, logy = np.log(np.asarray(x, dtype=float)), np.log(np.asarray(y, dtype=float))
    used = np.isfinite(logx) & np.isfinite(logy)
    if not used.all() or len(used) < 2:
        return _failed(used, f"{int(used.sum())} of {len(used)} points are positive; all must be, and two")
    theta, _, influence = _weighted_line(logx, logy, np.ones(len(logx)))
    residuals = logy - theta[0] - theta[1] * logx
    fit = _fit(used, theta, np.zeros((2, 2)), influence, residuals, np.inf, 0.0, 0.0)
    return PowerFit(**{**vars(fit), "p_value": np.nan})


def local_slopes(x: ArrayLike, y: ArrayLike) -> Array:
    """Return the K - 1 log-log slopes between successive points."""
    slopes: Array = np.diff(np.log(np.asarray(y, dtype=float))) / np.diff(np.log(np.asarray(x, dtype=float)))
    return slopes


def _weighted_line(x: Array, y: Array, sigma: Array) -> tuple[Array, Array, Array]:
    """Return (intercept, slope), their covariance, and the slope's change for one sigma at each point."""
    design = np.stack([np.ones_like(x), x], axis=1) / sigma[:, None]
    covariance = np.asarray(np.linalg.inv(design.T @ design), dtype=float)
    theta: Array = covariance @ design.T @ (y / sigma)
    influence: Array = (covariance @ design.T)[1]
    return theta, covariance, influence


def _fit(
    used: np.ndarray[Any, np.dtype[np.bool_]],
    theta: Array,
    covariance: Array,
    influence: Array,
    residuals: Array,
    degrees: float,
    correction: float,
    correction_error: float,
) -> PowerFit:
    spread = np.full(len(used), np.nan)
    spread[used] = residuals
    chi2, left = float(residuals @ residuals), int(used.sum()) - len(theta)
    # Satterthwaite: the variance of α is a sum of K terms, each estimated with its own degrees of freedom.
    own = degrees * np.sum(influence**2) ** 2 / np.sum(influence**4) if np.isfinite(degrees) else np.inf
    return PowerFit(
        exponent=float(theta[1]),
        standard_error=float(np.sqrt(covariance[1, 1])),
        degrees=float(own),
        intercept=float(theta[0]),
        correction=correction,
        correction_standard_error=correction_error,
        chi2=chi2,
        residual_degrees=left,
        p_value=float(chdtrc(left, chi2)) if left > 0 else np.nan,
        residuals=spread,
        used=used,
    )


def _failed(used: np.ndarray[Any, np.dtype[np.bool_]], reason: str) -> PowerFit:
    nan = np.nan
    return PowerFit(nan, nan, np.inf, nan, nan, nan, nan, 0, nan, np.full(len(used), nan), used, reason)


def _points(x: ArrayLike, y: ArrayLike, standard_error: ArrayLike) -> tuple[Array, Array, Array]:
    columns = [np.asarray(values, dtype=float) for values in (x, y, standard_error)]
    if len({column.shape for column in columns}) > 1 or columns[0].ndim != 1:
        raise ValueError(f"points and errors must be of one length, got shapes {[c.shape for c in columns]}")
    if not (columns[0] > 0).all():
        raise ValueError(f"a power law needs positive abscissae, got {columns[0]}")
    return columns[0], columns[1], columns[2]
