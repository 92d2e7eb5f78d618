import numpy as np
import pytest
import torch
from scipy.special import softmax

from widthscope.attention import masks
from widthscope.attention.competitors import (
    gaussian_characteristic_function,
    independent_coordinates,
    infinite_head_kernel,
    uniform_kernel,
)
from widthscope.attention.gram import RELU_ALPHA, RELU_BETA, exchangeable_gram, gram, root
from widthscope.attention.quadrature import normal
from widthscope.attention.sampling import mean_characteristic_function, sample_limit
from widthscope.attention.softmax_moments import limit_moments

K = gram(np.random.default_rng(2).normal(size=(3, 5)))


def kernel_by_tensor_quadrature(K, nodes=14):
    """E[A K A^T] of two tokens by Gauss-Hermite over their four scores, by the root of K (x) K."""
    rule = normal(4, nodes)
    P = (rule.nodes @ np.linalg.cholesky(np.kron(K, K)).T).reshape(-1, 2, 2)
    A = softmax(P, axis=-1)
    return np.einsum("q,qia,ab,qjb->ij", rule.weights, A, K, A)


@pytest.mark.parametrize(
    "K", [np.eye(2), np.array([[1.0, 0.4], [0.4, 0.6]]), np.array([[0.8, -0.3], [-0.3, 0.5]])]
)
def test_kernel_agrees_with_direct_quadrature_over_the_softmax(K):
    found = np.mean([infinite_head_kernel(K, seed=seed) for seed in range(4)], axis=0)
    assert found == pytest.approx(kernel_by_tensor_quadrature(K), abs=2e-5)


@pytest.mark.parametrize(("alpha", "beta"), [(1.0, 0.0), (RELU_ALPHA, RELU_BETA)])
def test_diagonal_of_the_kernel_is_the_laplace_moment(alpha, beta):
    kernel = infinite_head_kernel(exchangeable_gram(4, alpha, beta))
    assert np.diag(kernel) == pytest.approx(np.full(4, limit_moments(alpha, beta, 4).mean), abs=2e-4)
    if beta == 0:
        assert kernel[~np.eye(4, dtype=bool)] == pytest.approx(np.full(12, 0.25), abs=2e-4)


@pytest.mark.parametrize("masked", [False, True])
def test_kernel_is_the_mean_conditional_covariance_of_many_heads(masked):
    mask = masks.causal(3) if masked else None
    draws = sample_limit(root(K), 50, 4000, 0, torch.Generator().manual_seed(1), mask=mask).covariance.numpy()
    exact = infinite_head_kernel(K, mask=None if mask is None else mask.numpy())
    z = (draws.mean(0) - exact) / np.maximum(draws.std(0) / np.sqrt(len(draws)), 1e-6)
    assert np.abs(z).max() < 4.5
    draws_of_outputs = sample_limit(
        root(K), 100, 4000, 1, torch.Generator().manual_seed(2), mask=mask
    ).outputs
    y = draws_of_outputs[:, 2, 0].numpy()
    assert (y**2).mean() == pytest.approx(exact[2, 2], rel=4 * np.sqrt(2 / len(y)))


def test_uniform_attention_makes_all_tokens_equal():
    assert uniform_kernel(K) == pytest.approx(np.full((3, 3), K.sum() / 9))


def test_characteristic_functions_of_competitors():
    w = np.random.default_rng(3).normal(size=(6, 2, 3))
    C = infinite_head_kernel(K)
    joint = gaussian_characteristic_function(C, w)
    marginals = [gaussian_characteristic_function(C, w[:, [a]]) for a in range(2)]
    assert joint == pytest.approx(
        independent_coordinates(marginals)
    )  # a Gaussian has independent coordinates
    covariance = sample_limit(root(K), 1, 40_000, 0, torch.Generator().manual_seed(4)).covariance
    frequencies = torch.from_numpy(w)
    mixture = mean_characteristic_function(covariance, frequencies).numpy()
    product = independent_coordinates(
        [mean_characteristic_function(covariance, frequencies[:, [a]]).numpy() for a in range(2)]
    )
    assert np.abs(mixture - joint).max() > 0.01
    assert np.abs(mixture - product).max() > 0.001
