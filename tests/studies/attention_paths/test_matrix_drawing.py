"""Squares that stand for the entries of a matrix."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from widthscope.plotting import new
from widthscope.studies.attention_paths.matrix_drawing import NEGATIVE, POSITIVE, squares


def drawn(matrix: np.ndarray, **keywords) -> dict[tuple[int, int], tuple[float, str]]:
    """Area and colour by (row, column)."""
    _, axes = new()
    squares(axes, matrix, [str(place) for place in range(len(matrix))], **keywords)
    return {
        (
            round(patch.get_y() + patch.get_height() / 2),
            round(patch.get_x() + patch.get_width() / 2),
        ): (patch.get_width() * patch.get_height(), to_hex(patch.get_facecolor()))
        for patch in axes.patches
    }


def test_areas_are_sizes_and_colours_are_signs():
    found = drawn(np.array([[4.0, -1.0], [0.0, 2.0]]))
    assert found[0, 1][0] / found[0, 0][0] == pytest.approx(0.25)
    assert found[1, 1][0] / found[0, 0][0] == pytest.approx(0.5)
    assert found[1, 0][0] == 0
    assert (found[0, 0][1], found[0, 1][1]) == (POSITIVE, NEGATIVE)


def test_one_scale_for_several_panels():
    small, large = (drawn(size * np.eye(2), largest=8.0)[0, 0][0] for size in (2.0, 8.0))
    assert small / large == pytest.approx(0.25)


def test_what_was_not_measured_is_left_empty():
    assert set(drawn(np.array([[1.0, np.nan], [np.inf, 1.0]]))) == {(0, 0), (1, 1)}
    assert drawn(np.full((2, 2), np.nan)) == {}
    assert drawn(np.zeros((2, 2))) == {}
