import numpy as np
import pytest
import xarray as xr
from scipy import stats

from widthscope.statistics.width_slopes import (
    line_slopes,
    over_seeds,
    seed_slopes,
    slope_evidence,
    width_slope,
)

WIDTHS = np.array([64, 128, 256, 512])


def table(values: np.ndarray) -> xr.DataArray:
    seeds = range(values.shape[1])
    return xr.DataArray(values, dims=("width", "seed"), coords={"width": WIDTHS, "seed": list(seeds)})


def test_powers_are_recovered_exactly_seed_by_seed() -> None:
    powers = np.array([-0.5, 0.0, 1.25])
    found = seed_slopes(table(3.0 * WIDTHS[:, None] ** powers))
    np.testing.assert_allclose(found, powers, atol=1e-12)
    estimate = width_slope(table(3.0 * WIDTHS[:, None] ** powers))
    assert estimate.value == pytest.approx(powers.mean())
    assert estimate.standard_error == pytest.approx(powers.std(ddof=1) / 3**0.5)
    assert estimate.degrees == 2


def test_a_slope_is_that_of_scipy() -> None:
    rng = np.random.default_rng(0)
    values = np.exp(rng.normal(size=(4, 5)))
    for seed, slope in enumerate(seed_slopes(table(values)).values):
        wanted = stats.linregress(np.log2(WIDTHS), np.log2(values[:, seed])).slope
        assert slope == pytest.approx(wanted, rel=1e-12)


def test_small_widths_can_be_dropped_whatever_their_order() -> None:
    values = table((WIDTHS[:, None] ** -0.5) * (1 + 30 / WIDTHS[:, None]) * np.ones((1, 2)))
    every, fewer = width_slope(values).value, width_slope(values[::-1], drop=2).value
    assert every < fewer < -0.5
    assert fewer == pytest.approx(np.log2(float(values[3, 0] / values[2, 0])), rel=1e-12)


def test_a_seed_that_was_not_measured_is_not_left_out() -> None:
    values = table(np.ones((4, 3)))
    values[1, 2] = np.nan
    assert np.isnan(width_slope(values).value)
    values[1, 2] = 0.0
    assert np.isnan(width_slope(values).value)
    assert seed_slopes(values).values[:2].tolist() == [0.0, 0.0]
    evidence = slope_evidence(["a", "b"], [values, table(np.ones((4, 3)))], prediction=0.0)
    assert np.isnan(evidence["estimate"][0])
    assert evidence["estimate"][1] == 0
    assert evidence["n"].values.tolist() == [3, 3]


def test_of_one_seed_the_error_is_unknown() -> None:
    found = width_slope(table(WIDTHS[:, None] ** 0.5))
    assert found.value == pytest.approx(0.5)
    assert np.isnan(found.standard_error)
    assert np.isnan(over_seeds([np.nan]).value)


def test_other_dimensions_are_kept() -> None:
    values = table(np.ones((4, 3))).expand_dims(layer=[1, 2])
    assert seed_slopes(values).dims == ("layer", "seed")


def test_one_width_has_no_slope() -> None:
    with pytest.raises(ValueError, match="two different abscissae"):
        seed_slopes(table(np.ones((4, 3))), drop=3)
    with pytest.raises(ValueError, match="two different"):
        line_slopes([1.0, 1.0], [1.0, 2.0])
