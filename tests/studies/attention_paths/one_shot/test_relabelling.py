"""Permutation tests over relabellings of heads."""

from itertools import permutations

import numpy as np
import pytest

from widthscope.studies.attention_paths.one_shot import relabelling


def overlaps(seed: int, size: int) -> np.ndarray:
    weights = np.random.default_rng(seed).normal(size=(size, 3 * size))
    return weights @ weights.T


def test_relabellings_move_paths_with_their_heads() -> None:
    found = {tuple(one) for one in relabelling.relabellings((2, 3))}
    expected = {
        tuple(3 * first[path // 3] + last[path % 3] for path in range(6))
        for first in permutations(range(2))
        for last in permutations(range(3))
    }
    assert found == expected


def test_the_first_relabelling_is_the_identity() -> None:
    assert (relabelling.relabellings((3, 2, 2))[0] == np.arange(12)).all()


def test_correlations_are_those_of_distinct_entries() -> None:
    first, second = overlaps(1, 4), overlaps(2, 4)
    paths = relabelling.relabellings((2, 2))
    rows, columns = np.triu_indices(4)
    expected = [
        np.corrcoef(first[rows, columns], second[np.ix_(one, one)][rows, columns])[0, 1] for one in paths
    ]
    np.testing.assert_allclose(relabelling.correlations(first, second, paths), expected)


def test_a_matrix_agrees_best_with_itself() -> None:
    matrix, paths = overlaps(3, 9), relabelling.relabellings((3, 3))
    found = relabelling.agreement(matrix, 5 * matrix + 2, paths)
    assert found.correlation == pytest.approx(1)
    assert found.p_value == pytest.approx(1 / 36)
    assert found.excess > 0


def test_equal_heads_leave_nothing_to_tell() -> None:
    matrix, paths = overlaps(3, 4), relabelling.relabellings((2, 2))
    found = relabelling.agreement(np.eye(4), matrix, paths)
    assert found.p_value == 1
    assert found.excess == pytest.approx(0)


def test_p_values_of_unrelated_matrices_are_uniform() -> None:
    paths = relabelling.relabellings((3, 3))
    found = [
        relabelling.agreement(overlaps(2 * seed, 9), overlaps(2 * seed + 1, 9), paths) for seed in range(300)
    ]
    p_values = np.array([one.p_value for one in found])
    assert abs(p_values.mean() - 37 / 72) < 4 * np.sqrt(1 / 12 / 300)
    assert abs(np.mean([one.excess for one in found])) < 0.03


def test_too_many_relabellings_are_drawn() -> None:
    with pytest.raises(ValueError, match="too many without a generator"):
        relabelling.relabellings((8, 8))
    drawn = relabelling.relabellings((8, 8), np.random.default_rng(0))
    assert len(drawn) == relabelling.EXACT + 1
    assert (np.sort(drawn, axis=1) == np.arange(64)).all()


def test_combined_p_values() -> None:
    assert relabelling.combined(np.array([0.03])) == pytest.approx(0.03)
    assert relabelling.combined(np.array([0.01, 0.01])) == pytest.approx(1e-4 * (1 - np.log(1e-4)))
