import numpy as np
import pytest
import xarray as xr

from widthscope.statistics import optimum
from widthscope.statistics.optimum import (
    CLIFF,
    DIVERGED,
    FLAT,
    HIGH_EDGE,
    LOW_EDGE,
    MEASURED,
    curves,
    drift,
    flag_counts,
    mean_optima,
    optima,
    transfer_regret,
    vertex,
)

X = np.arange(-5.0, 4.0)
WIDTHS = np.array([32, 64, 128, 256])


def parabola(x: np.ndarray, centre: float, depth: float = -2.0, curvature: float = 0.3) -> np.ndarray:
    return np.exp(depth + curvature * (x - centre) ** 2)


def table(centres: np.ndarray, x: np.ndarray = X) -> xr.DataArray:
    """Losses (width, lr, seed) with the optima (width, seed)."""
    return xr.DataArray(
        np.stack([[parabola(x, c) for c in row] for row in centres]).transpose(0, 2, 1),
        dims=("width", "lr", "seed"),
        coords={"width": WIDTHS[: len(centres)], "lr": 2.0**x, "seed": range(centres.shape[1])},
    )


@pytest.mark.parametrize("x", [X, np.arange(-5, 4, 0.5), np.array([-4.0, -2, -1, -0.5, 0, 0.25, 2, 5])])
@pytest.mark.parametrize("centre", [-1.3, 0.0, 0.49, 1.0])
def test_a_parabolas_vertex_is_recovered_on_any_grid(x: np.ndarray, centre: float) -> None:
    found = vertex(x, parabola(x, centre))
    assert found.flag == MEASURED
    assert found.log2_rate == pytest.approx(centre, abs=1e-12)
    assert found.log_loss == pytest.approx(-2.0, abs=1e-12)


def test_the_fit_is_that_of_a_polynomial_through_three_points() -> None:
    x, loss = np.array([0.0, 1, 1.5, 4]), np.array([3.0, 1.0, 0.9, 2.0])
    a, b, c = np.polyfit(x[1:], np.log(loss[1:]), 2)
    found = vertex(x, loss)
    assert found.log2_rate == pytest.approx(-b / (2 * a), rel=1e-10)
    assert found.log_loss == pytest.approx(c - b**2 / (4 * a), rel=1e-10)


@pytest.mark.parametrize(("centre", "flag"), [(-7.0, LOW_EDGE), (-5.0, LOW_EDGE), (6.0, HIGH_EDGE)])
def test_an_optimum_on_the_edge_is_not_measured(centre: float, flag: int) -> None:
    found = vertex(X, parabola(X, centre))
    assert found.flag == flag
    assert np.isnan(found.log2_rate)


def test_divergence_counts_as_infinite_and_missing_rates_as_not_there() -> None:
    loss = parabola(X, 0.2)
    loss[7:] = np.inf  # rates above 1 diverged; the optimum at 0 keeps a finite neighbour
    assert vertex(X, loss).log2_rate == pytest.approx(0.2)
    loss[6] = np.inf
    beside = vertex(X, loss)
    assert (beside.log2_rate, beside.flag) == (0.0, CLIFF)
    assert beside.resolution == pytest.approx(1 / 3**0.5)
    loss[6:] = np.nan  # not trained: the grid ends here
    assert vertex(X, loss).flag == HIGH_EDGE
    assert vertex(X, np.full(9, np.inf)).flag == DIVERGED
    assert vertex(X, np.full(9, np.nan)).flag == DIVERGED
    assert vertex(X, np.where(X == 0, 1.0, np.inf)).flag == CLIFF


def test_a_flat_curve_has_no_optimum() -> None:
    loss = np.ones(9)
    loss[[0, -1]] = 2.0
    assert vertex(X, loss).flag == FLAT
    loss[-1] = 1.0
    assert vertex(X, loss).flag == HIGH_EDGE
    assert vertex(X[:4], np.array([2.0, 1.0, 1.0, 2.0])).log2_rate == pytest.approx(-3.5)


def test_curves_that_cannot_be_are_named() -> None:
    with pytest.raises(ValueError, match="must rise"):
        vertex(X[::-1], np.ones(9))
    with pytest.raises(ValueError, match="positive"):
        vertex(X, np.zeros(9))


def test_drift_per_doubling_is_recovered_with_its_spread_over_seeds() -> None:
    slopes = np.array([-0.5, -0.4, -0.3])
    centres = 0.9 + np.arange(4)[:, None] * slopes
    found = optima(table(centres))
    np.testing.assert_allclose(found["log2_lr"], centres, atol=1e-12)
    estimate = drift(found)
    assert estimate.value == pytest.approx(-0.4)
    assert estimate.standard_error == pytest.approx(0.1 / 3**0.5)
    assert estimate.degrees == 2
    means = mean_optima(found)
    assert [mean.value for mean in means] == pytest.approx(centres.mean(axis=1).tolist())
    assert flag_counts(found) == {"measured": 12}


def test_drift_without_the_smallest_widths() -> None:
    centres = np.array([2.0, 0.0, 0.1, 0.2])[:, None] * np.ones((1, 2))
    assert drift(optima(table(centres))).value < 0
    assert drift(optima(table(centres)), drop=1).value == pytest.approx(0.1)
    with pytest.raises(ValueError, match="two different"):
        drift(optima(table(centres)), drop=3)


def test_one_optimum_on_the_edge_leaves_the_drift_unmeasured() -> None:
    centres = np.zeros((4, 3))
    centres[0, 1] = 8.0
    found = optima(table(centres))
    assert np.isnan(drift(found).value)
    assert [np.isnan(mean.value) for mean in mean_optima(found)] == [True, False, False, False]
    assert flag_counts(found) == {"measured": 11, "high edge": 1}


def test_of_one_seed_the_error_is_unknown() -> None:
    found = drift(optima(table(np.arange(4.0)[:, None] * 0.2)))
    assert found.value == pytest.approx(0.2)
    assert np.isnan(found.standard_error)


def test_beside_a_cliff_equal_grid_points_are_no_certainty() -> None:
    losses = table(np.zeros((4, 3)))
    losses = losses.where(losses["lr"] < 1.5, np.inf)
    found = optima(losses)
    assert flag_counts(found) == {"cliff": 12}
    assert drift(found).value == 0.0
    # each width is rounded to a step of 1, all seeds alike: error of a slope of four such points
    assert drift(found).standard_error == pytest.approx(np.sqrt(1 / 3 / 5.0))
    assert drift(found).degrees == np.inf
    assert mean_optima(found)[0].standard_error == pytest.approx(3**-0.5)


def test_errors_of_seeds_and_of_rounding_add_and_only_the_former_costs_degrees() -> None:
    spread = np.array([0.3, 0.0, -0.3])
    centres = np.zeros((4, 3)) + np.arange(4)[:, None] * spread
    losses = table(centres)
    alone = drift(optima(losses))
    losses[0] = losses[0].where(losses["lr"] < 1.5, np.inf)
    found = drift(optima(losses))
    weight = 1.5 / 5.0  # of the smallest of four widths in a slope
    rounding = weight / 3**0.5
    assert found.standard_error == pytest.approx(np.hypot(alone.standard_error, rounding))
    assert found.degrees == pytest.approx(2 * (found.standard_error / alone.standard_error) ** 4)


def test_the_order_of_rates_and_widths_does_not_matter() -> None:
    losses = table(np.arange(8.0).reshape(4, 2) / 4)
    mixed = losses.isel(lr=[3, 1, 0, 2, 8, 7, 5, 6, 4], width=[2, 0, 3, 1])
    assert drift(optima(mixed)) == drift(optima(losses))
    xr.testing.assert_equal(transfer_regret(mixed), transfer_regret(losses))


def test_regret_is_the_loss_given_away_at_the_largest_width() -> None:
    centres = np.array([[0.0, 0.0, 0.0], [0.0, 1.0, 2.0]])
    found = transfer_regret(table(centres))
    np.testing.assert_allclose(found, [0.0, 0.3, 1.2], atol=1e-12)
    losses = table(centres)
    losses[1, 5, 0] = np.inf  # the rate tuned at the small width diverges at the large one
    losses[1, 5, 1] = np.nan  # or was not trained there
    losses[0, :, 2] = parabola(X, 9.0)  # or is no optimum
    values = transfer_regret(losses).values
    assert values[0] == np.inf
    assert np.isnan(values[1:]).all()


def test_a_sweeps_curve_is_its_last_loss_infinite_where_it_diverged() -> None:
    dims = ("width", "lr", "damping", "seed")
    shape = (1, 3, 1, 2)
    loss = np.arange(12.0).reshape(*shape, 2)
    diverged, done = np.zeros(shape, dtype=bool), np.ones(shape, dtype=bool)
    diverged[0, 2], done[0, 0, 0, 1] = True, False
    loss[0, 2], loss[0, 1, 0, 0, 1] = np.nan, np.inf
    swept = xr.Dataset(
        {"train_loss": ((*dims, "step"), loss), "diverged": (dims, diverged), "done": (dims, done)},
        coords={"width": [8], "lr": [1.0, 2.0, 4.0], "damping": [0.0], "seed": [0, 1], "step": [0, 5]},
    )
    found = curves(swept)
    assert found.dims == ("width", "lr", "seed")
    np.testing.assert_array_equal(found[0], [[1.0, np.nan], [np.inf, 7.0], [np.inf, np.inf]])


def test_flags_have_names() -> None:
    assert len(optimum.FLAGS) == 6
