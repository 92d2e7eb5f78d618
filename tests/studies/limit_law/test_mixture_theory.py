"""Predictions for differences of tokens."""

import numpy as np
import pytest

from widthscope.attention.quadrature import normal
from widthscope.attention.softmax_moments import excess_kurtosis
from widthscope.studies.limit_law.mixture.theory import difference_moments


def softmax(scores):
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize(("tokens", "nodes"), [(2, 30), (3, 9)])
def test_moments_of_a_difference_by_quadrature_over_both_rows(tokens, nodes):
    rule = normal(2 * tokens, nodes)
    rows = softmax(rule.nodes.reshape(-1, 2, tokens))
    q = np.square(rows[:, 0] - rows[:, 1]).sum(axis=-1)
    moments = difference_moments(tokens)
    tolerance = 1e-8 if tokens == 2 else 2e-4
    assert moments.mean == pytest.approx(rule.weights @ q, rel=tolerance)
    assert moments.square == pytest.approx(rule.weights @ q**2, rel=tolerance)


def test_moments_of_a_difference_of_four_tokens_by_simulation():
    rows = softmax(np.random.default_rng(1).normal(size=(400_000, 2, 4)))
    q = np.square(rows[:, 0] - rows[:, 1]).sum(axis=-1)
    moments = difference_moments(4)
    for power, exact in ((1, moments.mean), (2, moments.square)):
        assert abs((q**power).mean() - exact) < 4 * (q**power).std() / np.sqrt(len(q))


def test_excess_kurtosis_of_a_difference_agrees_with_the_theory_notes():
    # 1.930 from a million draws there; its standard error is about 0.006
    assert excess_kurtosis(difference_moments(4), heads=1) == pytest.approx(1.930, abs=0.01)
    assert excess_kurtosis(difference_moments(4), heads=8) == pytest.approx(1.92737 / 8, abs=1e-5)
