import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import curve_fit

from widthscope.statistics.distances import squared_mmd
from widthscope.statistics.power_laws import PowerFit, exact_slope, fit_rate, fit_slope, local_slopes

WIDTHS = np.array([16.0, 32, 64, 128, 256, 512])


def test_noiseless_law_is_recovered_with_its_correction() -> None:
    U = 0.3 * WIDTHS**-2.4 * (1 + 7 / WIDTHS) ** 2
    fit = fit_rate(WIDTHS, U, 0.02 * U)
    assert fit.exponent == pytest.approx(1.2, rel=1e-6)
    assert fit.correction == pytest.approx(7.0, rel=1e-4)
    assert fit.intercept == pytest.approx(np.log(0.3), rel=1e-5)
    assert fit.chi2 == pytest.approx(0.0, abs=1e-9)
    assert fit.used.all()
    assert not fit.reason


@given(st.floats(0.3, 2.5), st.floats(-10, 40), st.floats(1.0, 2.0))
def test_exponent_is_recovered_over_the_parameters_range(alpha: float, b: float, power: float) -> None:
    U = WIDTHS ** (-power * alpha) * (1 + b / WIDTHS) ** power
    assert fit_rate(WIDTHS, U, 0.01 * U, power=power).exponent == pytest.approx(alpha, abs=1e-4)


def test_errors_and_residuals_are_those_of_scipys_fit() -> None:
    rng = np.random.default_rng(0)
    U = 0.2 * WIDTHS**-2 * (1 + 3 / WIDTHS) ** 2 * np.exp(0.02 * rng.normal(size=6))
    error = 0.02 * U
    fit = fit_rate(WIDTHS, U, error)

    def model(n: np.ndarray, a: float, alpha: float, b: float) -> np.ndarray:
        return a - 2 * alpha * np.log(n) + 2 * np.log1p(b / n)

    start = (-1.6, 1.0, 1.0)
    theta, covariance = curve_fit(
        model, WIDTHS, np.log(U), start, sigma=error / U, absolute_sigma=True, xtol=1e-12
    )
    assert (fit.intercept, fit.exponent, fit.correction) == pytest.approx(theta, rel=1e-4)
    assert fit.standard_error == pytest.approx(np.sqrt(covariance[1, 1]), rel=1e-3)
    assert fit.correction_standard_error == pytest.approx(np.sqrt(covariance[2, 2]), rel=1e-3)
    np.testing.assert_allclose(fit.residuals, (np.log(U) - model(WIDTHS, *theta)) * U / error, atol=1e-4)
    assert fit.chi2 == pytest.approx(np.sum(fit.residuals**2))
    assert fit.p_value == pytest.approx(stats.chi2.sf(fit.chi2, 3))


def simulated_fits(
    b: float, noise: float, repeats: int, correction: bool, seed: int, batches: int = 20
) -> list[PowerFit]:
    """Rate fits of coupled batches as in the notes, 3.6: signal (1 + b/n)/n, noise falling as n^(-1/2)."""
    rng = np.random.default_rng(seed)
    frequencies = rng.normal(size=(8, 64))  # noise is smooth over frequencies: 8 independent directions
    signal = 1 + 0.5 * rng.normal(size=64)
    fits = []
    for _ in range(repeats):
        found = []
        for n in WIDTHS:
            scatter = noise * n**-0.5 * rng.normal(size=(batches, 8)) @ frequencies / np.sqrt(8)
            found.append(squared_mmd(signal * (1 + b / n) / n + scatter))
        values, errors = [e.value for e in found], [e.standard_error for e in found]
        fits.append(fit_rate(WIDTHS, values, errors, correction=correction, degrees=batches - 1))
    return fits


def hits(fits: list[PowerFit], truth: float, level: float) -> int:
    intervals = [fit.interval(level) for fit in fits]
    return sum(low <= truth <= high for low, high in intervals)


def test_pure_power_law_misses_where_there_is_a_correction_and_the_corrected_fit_covers() -> None:
    repeats, level = 250, 0.95
    corrected = simulated_fits(4.0, 0.1, repeats, correction=True, seed=1)
    pure = simulated_fits(4.0, 0.1, repeats, correction=False, seed=1)
    assert not any(fit.reason for fit in corrected)
    # The delta method is first order: coverage within 5 points of nominal, beyond binomial noise.
    assert hits(corrected, 1.0, level) >= stats.binom.ppf(1e-4, repeats, level - 0.05)
    assert hits(pure, 1.0, level) <= stats.binom.ppf(1e-4, repeats, 0.5)
    bias = np.mean([fit.exponent for fit in corrected]) - 1
    # what is left by the logarithm and by weights that follow the noise costs less than a point of coverage
    assert abs(bias) < 0.5 * np.median([fit.standard_error for fit in corrected])
    assert np.mean([fit.exponent for fit in pure]) > 1.03


def test_pure_power_law_covers_where_it_is_true_and_is_sharper() -> None:
    repeats, level = 250, 0.95
    corrected = simulated_fits(0.0, 0.1, repeats, correction=True, seed=2)
    pure = simulated_fits(0.0, 0.1, repeats, correction=False, seed=2)
    for fits in (corrected, pure):
        assert hits(fits, 1.0, level) >= stats.binom.ppf(1e-4, repeats, level - 0.05)
    assert np.median([f.standard_error for f in pure]) < 0.5 * np.median(
        [f.standard_error for f in corrected]
    )


def test_a_plateau_has_exponent_zero() -> None:
    rng = np.random.default_rng(3)
    U = 2e-4 * (1 + 0.03 * rng.normal(size=6))
    low, high = fit_rate(WIDTHS, U, 0.03 * U).interval(0.9999)
    assert low < 0 < high < 0.5


def test_widths_below_detection_are_dropped_and_named() -> None:
    U = WIDTHS**-2.0
    error = 0.02 * U
    U[-1], error[-2] = -1e-7, U[-2]
    fit = fit_rate(WIDTHS, U, error)
    assert list(fit.used) == [True] * 4 + [False] * 2
    assert np.isnan(fit.residuals[-2:]).all()
    assert fit.residual_degrees == 1
    assert fit.exponent == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("bad", [np.nan, 0.0, -1.0])
def test_too_few_usable_widths_fail_with_a_reason_and_no_number(bad: float) -> None:
    U = np.array([1e-3, 1e-4, bad, bad])
    fit = fit_rate([8, 16, 32, 64], U, np.full(4, 1e-6))
    assert np.isnan(fit.exponent)
    assert "2 of 4 widths" in fit.reason
    assert fit.interval() == (-np.inf, np.inf)


def test_a_correction_that_runs_away_is_a_failure_not_a_number() -> None:
    U = WIDTHS**-2.0 * (1 + 1e7 / WIDTHS) ** 2  # the data are n^-4 throughout: b and α cannot be told apart
    fit = fit_rate(WIDTHS, U, 0.01 * U)
    assert np.isnan(fit.exponent) or abs(fit.exponent - 2) < 3 * fit.standard_error


def test_slope_fit_is_weighted_least_squares() -> None:
    rng = np.random.default_rng(4)
    H = np.array([1.0, 2, 4, 8, 16])
    sigma = np.array([0.01, 0.02, 0.01, 0.03, 0.05])
    y = 0.24 / H * np.exp(sigma * rng.normal(size=5))
    fit = fit_slope(H, y, sigma * y, degrees=9)
    slope, covariance = np.polyfit(np.log(H), np.log(y), 1, w=1 / sigma, cov="unscaled")
    assert (fit.exponent, fit.intercept) == pytest.approx(tuple(slope))
    assert fit.standard_error == pytest.approx(np.sqrt(covariance[0, 0]))
    assert 9 <= fit.degrees <= 9 * 5  # between one error's own and all together
    low, high = fit.interval(0.99)
    assert high - low == pytest.approx(2 * stats.t.isf(0.005, fit.degrees) * fit.standard_error)


def test_slope_interval_covers_as_stated() -> None:
    rng = np.random.default_rng(5)
    H, repeats = np.array([1.0, 2, 4, 8, 16]), 1500
    covered = 0
    for _ in range(repeats):
        y = 0.24 / H * (1 + 0.01 * rng.normal(size=5))
        covered += hits([fit_slope(H, y, 0.0024 / H)], -1.0, 0.9)
    low, high = stats.binom.interval(1 - 1e-4, repeats, 0.9)
    assert low <= covered <= high


def test_exact_slope_has_no_error_and_shows_its_curvature() -> None:
    y = 0.3 * WIDTHS**-1.0 * (1 + 2 / WIDTHS)
    fit = exact_slope(WIDTHS, y)
    assert fit.exponent == pytest.approx(np.polyfit(np.log(WIDTHS), np.log(y), 1)[0])
    assert fit.standard_error == 0.0
    assert fit.interval() == (fit.exponent, fit.exponent)
    slopes = local_slopes(WIDTHS, y)
    assert slopes[0] < fit.exponent < slopes[-1] < -1
    np.testing.assert_allclose(local_slopes(WIDTHS, WIDTHS**-2.0), -2.0)


def test_exact_slope_of_something_not_positive_fails_with_a_reason() -> None:
    with np.errstate(invalid="ignore", divide="ignore"):
        fit = exact_slope([1, 2, 3], [1.0, 0.0, 2.0])
    assert np.isnan(fit.exponent)
    assert "2 of 3" in fit.reason


def test_unequal_lengths_and_impossible_widths_are_refused() -> None:
    with pytest.raises(ValueError, match="length"):
        fit_rate([1, 2, 3], [1, 2], [1, 2])
    with pytest.raises(ValueError, match="positive"):
        fit_slope([0, 2], [1, 2], [0.1, 0.1])
