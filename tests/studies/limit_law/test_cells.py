"""Empirical laws as counts in cells, against scipy on the draws themselves."""

import numpy as np
import pytest
from scipy import stats

from widthscope.statistics.distances import ks_of_counts, ks_of_counts_from_law
from widthscope.studies.limit_law import cells


def test_every_draw_is_counted_once_also_beyond_the_edges():
    counts = cells.count([-1e9, -20.5, -0.1, 0.0, 0.1, 20.5, 1e9])
    assert counts.sum() == 7
    assert counts[0] == counts[-1] == 2
    assert len(counts) == len(cells.EDGES) + 1


@pytest.mark.parametrize("scale", [0.05, 1.0, 5.0])
def test_one_sample_distance_is_nearly_that_of_the_draws_and_never_larger(scale):
    draws = scale * np.random.default_rng(0).standard_normal(20_000)
    found = ks_of_counts_from_law(cells.count(draws), stats.norm(0, 1.02 * scale).cdf(cells.EDGES))
    exact = stats.ks_1samp(draws, stats.norm(0, 1.02 * scale).cdf)
    assert found.distance <= exact.statistic
    assert found.distance == pytest.approx(exact.statistic, abs=5e-4)
    assert found.p_value >= 0.9 * exact.pvalue


def test_two_sample_distance_is_nearly_that_of_the_draws_and_never_larger():
    generator = np.random.default_rng(1)
    first, second = generator.standard_normal(10_000), 0.1 + generator.standard_normal(30_000)
    found = ks_of_counts(cells.count(first), cells.count(second))
    exact = stats.ks_2samp(first, second, method="asymp")
    assert found.distance <= exact.statistic
    assert found.distance == pytest.approx(exact.statistic, abs=5e-4)
    assert np.log(found.p_value) == pytest.approx(np.log(exact.pvalue), rel=0.05)


def test_equal_laws_are_rejected_as_often_as_they_should():
    generator = np.random.default_rng(2)
    p_values = [
        ks_of_counts(*(cells.count(generator.standard_normal(2_000)) for _ in range(2))).p_value
        for _ in range(300)
    ]
    assert stats.binomtest(int(np.sum(np.array(p_values) < 0.1)), 300, 0.1).pvalue > 1e-3
