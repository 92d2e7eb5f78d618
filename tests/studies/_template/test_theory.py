"""The predictions against brute force, and the limits where they must be simple."""

import numpy as np
import pytest

from widthscope.studies._template.experiment import SHARED_SCALES, mean_squares
from widthscope.studies._template.theory import variance, variance_with_shared_scale


@pytest.mark.parametrize("width", [1, 4, 32])
def test_variance_is_that_of_drawn_layers(width: int) -> None:
    squares = mean_squares(np.random.default_rng(width), width, inputs=4, draws=100_000)
    assert np.mean(squares) == pytest.approx(1, abs=5 * np.sqrt(variance(width) / 1e5))
    assert np.var(squares) == pytest.approx(variance(width), rel=5 * np.sqrt((2 + 12 / width) / 1e5))


def test_a_shared_scale_leaves_its_own_variance() -> None:
    assert variance_with_shared_scale(8, (1.0, 1.0)) == pytest.approx(variance(8))
    assert variance_with_shared_scale(10**9, SHARED_SCALES) == pytest.approx(np.var(SHARED_SCALES), rel=1e-6)
    generator = np.random.default_rng(0)
    squares = mean_squares(generator, 16, inputs=4, draws=100_000) * generator.choice(SHARED_SCALES, 100_000)
    assert np.var(squares) == pytest.approx(variance_with_shared_scale(16, SHARED_SCALES), rel=0.05)


def test_a_width_is_positive() -> None:
    with pytest.raises(ValueError, match="a width is at least 1, not 0"):
        variance(0)
