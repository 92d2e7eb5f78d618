import numpy as np
import pytest
from scipy import stats

from widthscope.statistics.quantiles import critical_value, familywise, level_of, share_limits


@pytest.mark.parametrize("level", [0.5, 0.95, 0.99, 1 - 1e-6])
@pytest.mark.parametrize("degrees", [1, 4, 19, np.inf])
@pytest.mark.parametrize("comparisons", [1, 24])
def test_critical_value_is_the_bonferroni_quantile(level: float, degrees: float, comparisons: int) -> None:
    law = stats.norm() if np.isinf(degrees) else stats.t(degrees)
    expected = law.isf((1 - level) / 2 / comparisons)
    assert critical_value(level, degrees, comparisons) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("degrees", [3, 19, np.inf])
def test_level_of_inverts_the_critical_value(degrees: float) -> None:
    assert level_of(critical_value(0.997, degrees), degrees) == pytest.approx(0.997, rel=1e-12)


def test_five_normal_standard_errors() -> None:
    assert 1 - level_of(5.0) == pytest.approx(5.733e-7, rel=1e-3)


def test_familywise_shares_the_error() -> None:
    assert familywise(0.99, 50) == pytest.approx(0.9998)
    assert familywise(0.99, 1) == pytest.approx(0.99)


@pytest.mark.parametrize("arguments", [(0.0,), (1.0,), (0.9, 0.0), (0.9, 3.0, 0)])
def test_impossible_arguments_are_refused(arguments: tuple[float, ...]) -> None:
    with pytest.raises(ValueError):
        critical_value(*arguments)


@pytest.mark.parametrize(("level", "tests"), [(0.99, 0), (1.0, 3)])
def test_familywise_refuses_what_has_no_level(level: float, tests: int) -> None:
    with pytest.raises(ValueError):
        familywise(level, tests)


@pytest.mark.parametrize(("successes", "trials"), [(0, 20), (1, 20), (7, 20), (20, 20), (3, 400)])
def test_limits_of_a_share_are_those_of_clopper_and_pearson(successes: int, trials: int) -> None:
    exact = stats.binomtest(successes, trials).proportion_ci(1 - 0.01 / 3, method="exact")
    found = share_limits(successes, trials, 0.99, comparisons=3)
    np.testing.assert_allclose(found, (exact.low, exact.high), rtol=1e-9)  # SciPy finds roots


def test_none_of_n_leaves_shares_possible_by_the_tail() -> None:
    lower, upper = share_limits([0], [50], 0.9999)
    assert lower == 0
    assert upper == pytest.approx(1 - 5e-5 ** (1 / 50), rel=1e-9)
