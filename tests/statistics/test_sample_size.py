import numpy as np
import pytest
from scipy import stats

from widthscope.statistics.sample_size import MOST_TIMES, factor_for, in_words, smallest_factor


def test_with_known_variance_the_factor_is_the_square() -> None:
    assert factor_for(3.0, 1.0) == pytest.approx(9)


@pytest.mark.parametrize("seeds", [3, 8, 12])
def test_with_few_seeds_students_quantile_falls_too(seeds: int) -> None:
    level = 0.9997
    half, room = 2.0, 0.5
    times = factor_for(half, room, seeds - 1, level)
    tail = (1 - level) / 2
    spread = half / stats.t.isf(tail, seeds - 1)  # standard error of this many seeds
    found = stats.t.isf(tail, seeds * times - 1) * spread / np.sqrt(times)
    assert found == pytest.approx(room, rel=0.02)
    assert times < 16


@pytest.mark.parametrize(
    ("half", "room"), [(1.0, 0.0), (1.0, -1.0), (np.inf, 1.0), (1.0, 1e-300), (33.0, 1.0)]
)
def test_an_estimate_at_the_limit_says_no_factor(half: float, room: float) -> None:
    assert factor_for(half, room) == np.inf


def test_the_smallest_factor_is_found_to_one_percent() -> None:
    assert smallest_factor(lambda times: times >= 17) == pytest.approx(17, rel=0.01)
    assert smallest_factor(lambda times: times > MOST_TIMES) == np.inf


def test_a_factor_in_words() -> None:
    assert in_words(1.2) == "a sample slightly larger"
    assert in_words(137) == "a sample about 140 times as large"
