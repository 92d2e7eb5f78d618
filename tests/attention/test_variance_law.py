import numpy as np
import pytest
import torch
from scipy import stats

from widthscope.attention.gram import RELU_ALPHA, RELU_BETA, exchangeable_gram, gram, root
from widthscope.attention.sampling import sample_limit, sample_single_token
from widthscope.attention.softmax_moments import excess_kurtosis, finite_moments, limit_moments
from widthscope.attention.variance_law import (
    exchangeable_token,
    from_samples,
    functional,
    point,
    single_token,
)

K = gram(np.random.default_rng(11).normal(size=(4, 6)))


@pytest.mark.parametrize("head_dim", [None, 16, 256])
@pytest.mark.parametrize(
    ("tokens", "alpha", "beta"), [(1, 1, 0), (2, 1, 0), (4, 1, 0), (4, RELU_ALPHA, RELU_BETA)]
)
def test_exchangeable_law_has_the_laplace_moments(tokens, alpha, beta, head_dim):
    law = exchangeable_token(tokens, alpha=alpha, beta=beta, head_dim=head_dim)
    exact = finite_moments(alpha, beta, tokens, head_dim)
    assert law.moments.mean == pytest.approx(exact.mean, rel=2e-8)
    assert law.moments.square == pytest.approx(exact.square, rel=2e-7)
    assert law.weights.sum() == pytest.approx(1)


def test_long_sequences_take_sobol_points():
    exact = excess_kurtosis(limit_moments(1, 0, 16), 1)
    found = [excess_kurtosis(exchangeable_token(16, seed=seed).moments, 1) for seed in range(6)]
    error = np.std(found, ddof=1) / np.sqrt(6)
    assert abs(np.mean(found) - exact) < 5 * error
    assert error < 0.02 * exact


@pytest.mark.parametrize(("head_dim", "visible"), [(None, None), (8, None), (8, 3)])
def test_single_token_of_a_general_gram_agrees_with_draws(head_dim, visible):
    law = single_token(K, 2, head_dim=head_dim, visible=visible).moments
    draws = sample_single_token(
        root(K), 2, 1, head_dim, None, 60_000, torch.Generator().manual_seed(3), visible=visible
    ).variance.numpy()
    for power, exact in ((1, law.mean), (2, law.square)):
        values = draws**power
        assert abs(values.mean() - exact) < 4 * values.std() / np.sqrt(len(values))


def test_compression_keeps_means_of_smooth_functions():
    law = single_token(np.eye(4), 0)
    small = law.compressed()
    assert len(small.variances) == 64
    for f in (np.sqrt, np.log, lambda v: np.exp(-9 * v), lambda v: v**-1.5):
        assert small.weights @ f(small.variances) == pytest.approx(law.weights @ f(law.variances), rel=1e-11)
    assert point(0.3).compressed().variances.tolist() == [0.3]


@pytest.mark.parametrize("heads", [1, 2, 3, 8, 100])
def test_average_over_heads_adds_cumulants(heads):
    law = exchangeable_token(4)
    average = law.averaged(heads)
    assert average.moments.mean == pytest.approx(law.moments.mean, rel=1e-12)
    assert average.moments.variance == pytest.approx(law.moments.variance / heads, rel=1e-9)
    transform = (law.weights @ np.exp(-law.variances * 3 / heads)) ** heads
    assert average.weights @ np.exp(-average.variances * 3) == pytest.approx(transform, rel=1e-10)


def test_average_over_heads_is_the_law_of_the_layer():
    draws = (
        sample_limit(np.eye(4), 3, 40_000, 0, torch.Generator().manual_seed(1)).covariance[:, 0, 0].numpy()
    )
    average = exchangeable_token(4).averaged(3)
    values = np.exp(-20 * (draws - 0.3) ** 2)
    exact = average.weights @ np.exp(-20 * (average.variances - 0.3) ** 2)
    assert abs(values.mean() - exact) < 4 * values.std() / np.sqrt(len(values))


def test_functionals_of_several_tokens():
    assert excess_kurtosis(functional(np.eye(4), [1, -1, 0, 0], log2_points=15).moments, 1) == pytest.approx(
        1.930, abs=0.015
    )
    assert excess_kurtosis(functional(np.eye(4), [1, 1, 1, 1]).moments, 1) == pytest.approx(0.030, abs=0.001)
    single = functional(np.eye(4), [0, 0, 1, 0]).moments
    assert single.mean == pytest.approx(limit_moments(1, 0, 4).mean, rel=1e-4)


@pytest.mark.parametrize("masked", [False, True])
def test_functional_of_a_general_gram_agrees_with_draws(masked):
    w = np.array([1.0, 0.0, -2.0, 0.5])
    mask = np.tril(np.ones((4, 4), dtype=bool)) if masked else None
    law = functional(K, w, mask=mask).moments
    torch_mask = None if mask is None else torch.from_numpy(mask)
    covariance = sample_limit(
        root(K), 1, 60_000, 0, torch.Generator().manual_seed(5), mask=torch_mask
    ).covariance
    values = np.einsum("nij,i,j->n", covariance.numpy(), w, w)
    for power, exact in ((1, law.mean), (2, law.square)):
        z = ((values**power).mean() - exact) / ((values**power).std() / np.sqrt(len(values)))
        assert abs(z) < 4


def test_identical_tokens_do_not_fluctuate():
    law = single_token(np.full((3, 3), 2.0), 1)
    assert law.variances.tolist() == [2.0]
    assert exchangeable_token(5, alpha=0.0, beta=0.7).moments.variance == pytest.approx(0, abs=1e-15)
    assert functional(exchangeable_gram(3, 0.0, 1.0), [1, -1, 0]).moments.mean == pytest.approx(0, abs=1e-15)


def test_samples_keep_their_empirical_law():
    draws = stats.gamma(3).rvs(50, random_state=0)
    law = from_samples(draws)
    assert law.moments.mean == pytest.approx(draws.mean())


@pytest.mark.parametrize(
    "call",
    [
        lambda: from_samples([]),
        lambda: from_samples([-1.0]),
        lambda: single_token(K, 4),
        lambda: single_token(K, 2, visible=2),
        lambda: functional(K, [1, 0]),
        lambda: functional(K, [0, 0, 0, 0]),
        lambda: point(1.0).averaged(0),
        lambda: point(1.0).compressed(1),
        lambda: exchangeable_token(0),
    ],
)
def test_refuses_arguments_out_of_range(call):
    with pytest.raises(ValueError):
        call()
