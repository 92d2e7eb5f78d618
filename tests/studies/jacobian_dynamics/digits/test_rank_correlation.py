import numpy as np
import pytest
from scipy import stats

from widthscope.studies.jacobian_dynamics.digits.rank_correlation import partial_spearman, spearman


def test_spearman_is_that_of_scipy_with_ties_too():
    draw = np.random.default_rng(0)
    for levels in (3, 1000):
        x, y = draw.integers(0, levels, 50), draw.integers(0, levels, 50)
        assert spearman(x, y) == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-14)


def test_partial_spearman_is_the_correlation_of_residuals_of_ranks():
    draw = np.random.default_rng(1)
    given = draw.normal(size=60)
    x, y = given + draw.normal(size=60), given**3 - draw.normal(size=60)
    ranks = [stats.rankdata(values) for values in (x, y, given)]
    rest = [rank - np.polyval(np.polyfit(ranks[2], rank, 1), ranks[2]) for rank in ranks[:2]]
    assert partial_spearman(x, y, given) == pytest.approx(np.corrcoef(*rest)[0, 1], abs=1e-12)


def test_what_has_no_correlation_is_nan():
    assert np.isnan(spearman(np.ones(4), np.arange(4)))
    assert np.isnan(partial_spearman(np.arange(4), [2, 1, 4, 3], np.arange(4)))
