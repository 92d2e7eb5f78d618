import numpy as np
import pytest
import xarray as xr

from widthscope.statistics.half_level import DIVERGED, MEASURED, NO_PLATEAU, NO_RISE, half_level, half_levels

X = np.arange(-8.0, 9.0)


def sigmoid(centre: float) -> np.ndarray:
    return 0.1 + 0.7 / (1 + np.exp(-2 * (X - centre)))


def test_a_step_between_two_points_is_interpolated() -> None:
    loss = np.where(X < 1, 0.2, 1.0)
    assert half_level(X, loss) == (pytest.approx(0.5), MEASURED)
    loss = np.where(X < 1, 0.2, 1.0)
    loss[X == 1] = 0.7  # level 0.625: crosses 1/2 at 0.8 of the way
    assert half_level(X, loss) == (pytest.approx(0.8), MEASURED)


def test_the_crossing_moves_with_the_curve() -> None:
    one, other = half_level(X, sigmoid(0.0)).log2_damping, half_level(X, sigmoid(2.0)).log2_damping
    assert one == pytest.approx(0.0, abs=1e-5)
    assert other - one == pytest.approx(2.0, abs=1e-4)


def test_what_lies_below_the_least_loss_does_not_matter() -> None:
    loss = sigmoid(1.0)
    loss[:5] = [np.inf, np.nan, 3.0, 2.0, 1.0]
    loss[5] = 0.1
    assert half_level(X, loss).log2_damping == pytest.approx(1.0, abs=1e-5)


def test_curves_without_a_half_level_are_flagged() -> None:
    assert half_level(X, sigmoid(8.0)).flag == NO_PLATEAU
    assert half_level(X, 1 - 0.1 * sigmoid(0.0)).flag == NO_RISE
    assert half_level(X, np.full(17, np.nan)).flag == DIVERGED
    ends = sigmoid(0.0)
    ends[-3] = np.inf
    assert half_level(X, ends).flag == DIVERGED
    for flagged in (sigmoid(8.0), ends):
        assert np.isnan(half_level(X, flagged).log2_damping)
    with pytest.raises(ValueError, match="must rise"):
        half_level(X[::-1], sigmoid(0.0))


def test_curves_of_many_members() -> None:
    centres = np.array([[0.0, 1.0], [2.0, 8.0]])
    losses = xr.DataArray(
        np.array([[sigmoid(c) for c in row] for row in centres]),
        dims=("width", "seed", "damping"),
        coords={"width": [8, 16], "seed": [0, 1], "damping": 2.0**X},
    )
    found = half_levels(losses.isel(damping=slice(None, None, -1)))
    assert found["flag"].values.tolist() == [[MEASURED, MEASURED], [MEASURED, NO_PLATEAU]]
    np.testing.assert_allclose(found["log2_damping"].values.ravel()[:3], [0, 1, 2], atol=1e-4)
