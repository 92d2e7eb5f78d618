import numpy as np
import xarray as xr
from scipy import stats

from widthscope.statistics.over_seeds import BAND_LEVEL, band, of_seeds


def test_means_over_seeds_have_student_errors() -> None:
    values = np.array([1.0, 2.0, 4.0, 5.0])
    table = of_seeds(["a", "b"], [values, values[:2]], prediction=3.0)
    np.testing.assert_allclose(table["estimate"], [3.0, 1.5])
    np.testing.assert_allclose(table["standard_error"], [stats.sem(values), 0.5])
    assert table["n"].values.tolist() == [4, 2]
    assert table["degrees"].values.tolist() == [3, 1]


def test_a_seed_that_diverged_makes_its_component_missing() -> None:
    assert np.isnan(of_seeds("a", [[1.0, np.nan, 2.0]])["estimate"]).all()


def test_a_band_is_students_interval_at_every_point() -> None:
    draws = np.random.default_rng(0).standard_normal((6, 3))
    found = band(xr.DataArray(draws.T, dims=("width", "seed"), coords={"width": [8, 16, 32]}), "gap")
    low, high = stats.t.interval(BAND_LEVEL, 5, loc=draws.mean(0), scale=stats.sem(draws))
    np.testing.assert_allclose(found["gap"] - found["gap_half"], low)
    np.testing.assert_allclose(found["gap"] + found["gap_half"], high)
    assert found["width"].values.tolist() == [8, 16, 32]
