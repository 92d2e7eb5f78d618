import numpy as np
import pytest
from scipy.special import softmax

from widthscope.attention.gram import RELU_ALPHA, RELU_BETA
from widthscope.attention.quadrature import normal
from widthscope.attention.softmax_moments import (
    VarianceMoments,
    correlation_of_squares,
    excess_kurtosis,
    finite_excess_kurtosis,
    finite_moments,
    limit_moments,
    long_sequence_constant,
    softmax_moments,
    variance_of_squared_norm,
)


def spec_grid_moments(tokens, variance):
    """The integrals of the theory notes on a grid far denser than the one in use."""
    deviation = np.sqrt(variance)
    p = np.linspace(-11 * deviation, 11 * deviation, 1200)
    w = np.exp(-((p / deviation) ** 2) / 2)
    w /= w.sum()
    u = np.linspace(-(11 * deviation + 12 + np.log(tokens)), 11 * deviation + 6, 2000)
    e = u[:, None] + p
    L0, L2, L4 = (np.exp(k * e - np.exp(e)) @ w for k in (0, 2, 4))
    log_L0 = np.where(L0 > 0.5, np.log1p(np.expm1(-np.exp(e)) @ w), np.log(L0))
    m2 = np.trapezoid(tokens * L2 * np.exp((tokens - 1) * log_L0), u)
    pairs = tokens * (tokens - 1) * L2**2 * np.exp((tokens - 2) * log_L0)
    m4 = np.trapezoid(tokens * L4 * np.exp((tokens - 1) * log_L0) + pairs, u) / 6
    return m2, m4


@pytest.mark.parametrize(
    ("tokens", "m2", "m4"),
    [(2, 0.636838153968, 0.421782756280), (4, 0.391971443576, 0.166102890986)],
)
def test_reference_moments(tokens, m2, m4):
    q = softmax_moments(tokens, 1.0)
    assert q.m2 == pytest.approx(m2, abs=5e-13)
    assert q.m4 == pytest.approx(m4, abs=5e-13)


@pytest.mark.parametrize(
    ("tokens", "kurtosis"), [(2, 0.119981), (4, 0.243318), (64, 0.407053), (1024, 0.084037)]
)
def test_reference_excess_kurtosis(tokens, kurtosis):
    assert excess_kurtosis(limit_moments(1, 0, tokens), 1) == pytest.approx(kurtosis, abs=6e-7)
    assert softmax_moments(64, 1.0).m2 == pytest.approx(0.0388042, abs=5e-8)


@pytest.mark.parametrize("variance", [0.04, 0.6, 1.0])
@pytest.mark.parametrize("tokens", [2, 3, 4])
def test_agrees_with_direct_quadrature_over_the_softmax(tokens, variance):
    rule = normal(tokens - 1, {2: 120, 3: 90, 4: 48}[tokens])
    basis = np.linalg.svd(np.ones((1, tokens)))[2][1:]  # scores matter up to a common shift
    q = (softmax(np.sqrt(variance) * rule.nodes @ basis, axis=1) ** 2).sum(axis=1)
    exact = softmax_moments(tokens, variance)
    assert exact.m2 == pytest.approx(rule.weights @ q, rel=1e-9)
    assert exact.m4 == pytest.approx(rule.weights @ q**2, rel=1e-9)


@pytest.mark.parametrize(("tokens", "variance"), [(2, 0.3), (8, 1.0), (300, 4.0), (100_000, 1.0), (5, 20.0)])
def test_agrees_with_a_far_denser_grid(tokens, variance):
    m2, m4 = spec_grid_moments(tokens, variance)
    exact = softmax_moments(tokens, variance)
    assert exact.m2 == pytest.approx(m2, rel=1e-9)
    assert exact.m4 == pytest.approx(m4, rel=1e-9)


def test_long_sequences_reach_their_limit():
    scaled = [s * excess_kurtosis(limit_moments(1, 0, s), 1) for s in (10**4, 10**5, 10**6)]
    assert scaled == pytest.approx([102.27, 104.49, 104.72], abs=6e-3)
    assert long_sequence_constant(1.0) == pytest.approx(104.745, abs=5e-4)


def test_uniform_attention_and_a_single_token_are_gaussian():
    assert softmax_moments(4, 0.0).m2 == 0.25
    assert softmax_moments(1, 3.0).m4 == 1.0
    assert excess_kurtosis(limit_moments(1, 0, 1), 1) == 0.0
    assert 0 < excess_kurtosis(limit_moments(0.01, 0, 4), 1) < 1e-3
    small = softmax_moments(3, 1e-6)
    assert small.m2 == pytest.approx(
        1 / 3 + 1e-6 * 2 / 9, rel=1e-10
    )  # E q = (1 + v (s - 1)/s) / s to first order


def test_identical_tokens_leave_only_the_finite_value_dimension():
    assert finite_excess_kurtosis(4, 1, 16, 16, alpha=0.0, beta=1.0) == pytest.approx(6 / 16)
    assert finite_excess_kurtosis(4, 3, 64, 64, alpha=0.0, beta=2.0) == pytest.approx(6 / (3 * 64))


def test_relu_tokens():
    moments = limit_moments(RELU_ALPHA, RELU_BETA, 4)
    assert moments.mean == pytest.approx(0.254766, abs=6e-7)
    assert excess_kurtosis(moments, 1) == pytest.approx(0.003619, abs=6e-7)
    assert excess_kurtosis(moments, 2) == pytest.approx(0.001809, abs=6e-7)
    np.testing.assert_allclose(RELU_ALPHA * (RELU_ALPHA + RELU_BETA), 0.170423, atol=6e-7)


def test_finite_width_references():
    kurtosis = [finite_excess_kurtosis(4, 1, n, n) for n in (16, 64, 256, 1024)]
    assert kurtosis == pytest.approx([0.67759, 0.35145, 0.27032, 0.25007], abs=6e-6)
    limit = excess_kurtosis(limit_moments(1, 0, 4), 1)
    assert 1024 * (kurtosis[-1] - limit) == pytest.approx(6.91, abs=6e-3)
    assert [finite_excess_kurtosis(s, 1, 128, 128) for s in (2, 4, 8)] == pytest.approx(
        [0.1690, 0.2973, 0.4162], abs=6e-5
    )
    causal = [finite_excess_kurtosis(position, 1, 256, 256) for position in (1, 2, 3, 4)]
    assert causal == pytest.approx([0.023, 0.145, 0.218, 0.270], abs=6e-4)


def test_squared_norm_does_not_average_out():
    values = [variance_of_squared_norm(finite_moments(1, 0, 4, n), 1, n, n) for n in (16, 64, 256, 1024)]
    assert values == pytest.approx([0.0573, 0.0233, 0.0151, 0.0131], abs=6e-5)
    assert variance_of_squared_norm(limit_moments(1, 0, 4), 1) == pytest.approx(0.01246, abs=6e-6)


@pytest.mark.parametrize(("heads", "exact"), [(1, [0.0844, 0.0498, 0.0397]), (2, [0.0483, 0.0269, 0.0211])])
def test_correlation_of_squares(heads, exact):
    values = [correlation_of_squares(finite_moments(1, 0, 4, n), heads, n) for n in (16, 64, 256)]
    assert values == pytest.approx(exact, abs=6e-5)
    assert correlation_of_squares(limit_moments(1, 0, 4), 1) == pytest.approx(0.0362, abs=6e-5)


def test_excess_kurtosis_is_exactly_inverse_in_heads_in_the_limit():
    moments = VarianceMoments(mean=0.4, square=0.2)
    assert excess_kurtosis(moments, 7) == pytest.approx(excess_kurtosis(moments, 1) / 7)


@pytest.mark.parametrize(
    "call",
    [
        lambda: softmax_moments(0, 1.0),
        lambda: softmax_moments(2, -1.0),
        lambda: limit_moments(-1, 0, 2),
        lambda: excess_kurtosis(VarianceMoments(1, 1), 0),
        lambda: excess_kurtosis(VarianceMoments(1, 1), 1, 0),
    ],
)
def test_refuses_arguments_out_of_range(call):
    with pytest.raises(ValueError):
        call()
