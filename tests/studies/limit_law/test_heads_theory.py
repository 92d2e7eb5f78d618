"""Predictions for many heads on random tokens, and computed distances to the Gaussian limit."""

import numpy as np
import pytest

from widthscope.attention.quadrature import normal
from widthscope.attention.token_laws import finite_roots
from widthscope.statistics.power_laws import local_slopes
from widthscope.streams import torch_generator
from widthscope.studies.limit_law.heads.fit_many_heads import distances_to_gaussian
from widthscope.studies.limit_law.heads.theory import random_token_constant


def mean_variance(K, nodes):
    """f(K) = E aᵀKa with a = softmax(p), p ~ N(0, K₁₁ K), by quadrature."""
    rule = normal(len(K), nodes)
    scores = np.sqrt(K[0, 0]) * rule.nodes @ np.linalg.cholesky(K).T
    a = np.exp(scores - scores.max(axis=1, keepdims=True))
    a /= a.sum(axis=1, keepdims=True)
    return rule.weights @ np.einsum("ni,ij,nj->n", a, K, a)


@pytest.mark.parametrize(("tokens", "nodes"), [(2, 40), (3, 30)])
def test_the_constant_by_finite_differences_of_the_mean_variance(tokens, nodes):
    step, identity = 1e-4, np.eye(tokens)

    def slope(direction):
        plus, minus = (mean_variance(identity + sign * step * direction, nodes) for sign in (1, -1))
        return (plus - minus) / (2 * step)

    variance = 2 * slope(identity) ** 2  # n Var(r) = 2
    for j in range(tokens):
        for k in range(j, tokens):
            direction = np.zeros((tokens, tokens))
            direction[j, k] = direction[k, j] = 1
            variance += (2 if j == k else 1) * slope(direction) ** 2
    exact = 3 * variance / mean_variance(identity, nodes) ** 2
    assert random_token_constant(tokens) == pytest.approx(exact, rel=1e-5)


def test_the_constant_is_that_of_wide_random_tokens():
    # infinitely many heads: the conditional variance is f(K̂), here for 4000 Grams of width 400
    draws, width = 4000, 400
    roots = finite_roots("clip", 2, width, draws, torch_generator("test", "constant")).numpy()
    variances = np.array([mean_variance(root @ root.T, 14) for root in roots])
    measured = 3 * width * variances.var() / variances.mean() ** 2
    assert measured == pytest.approx(random_token_constant(2), rel=5 * np.sqrt(2 / draws))


def test_the_constant_agrees_with_the_theory_notes():
    # n times the excess kurtosis with 256 heads there: 20.6, 18.5, 19.2, 18.7 at n = 16 to 1024
    assert random_token_constant(4) == pytest.approx(18.9, abs=0.1)


def test_distances_to_the_gaussian_limit_fall_by_their_powers_of_the_number_of_heads():
    heads = [8, 16, 32]
    laws = distances_to_gaussian(4, heads)
    np.testing.assert_allclose(local_slopes(heads, [law.ks for law in laws]), -1, atol=0.02)
    np.testing.assert_allclose(local_slopes(heads, [law.kl for law in laws]), -2, atol=0.03)


def test_distances_to_the_gaussian_limit_agree_with_the_theory_notes():
    kl = [law.kl for law in distances_to_gaussian(4, [1, 2, 8])]
    assert kl == pytest.approx([9.7e-4, 2.7e-4, 1.9e-5], rel=0.03)
    shared = distances_to_gaussian(4, [1, 8], shared=True)
    assert shared[0] == shared[1]
