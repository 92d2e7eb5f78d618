"""The samplers against each other, against full weights, and against exact moments; float64 throughout."""

import numpy as np
import pytest
import torch
from scipy import stats

from widthscope.attention import masks
from widthscope.attention.gram import exchangeable_gram, gram, root
from widthscope.attention.sampling import (
    bartlett_factor,
    characteristic_change,
    characteristic_function,
    chunks,
    coupled_layers,
    mean_characteristic_function,
    sample_exchangeable_token,
    sample_finite,
    sample_given_scores,
    sample_limit,
    sample_naive,
    sample_projection,
    sample_single_token,
)
from widthscope.attention.softmax_moments import excess_kurtosis, finite_moments, limit_moments

TOKENS = np.random.default_rng(5).normal(size=(4, 6)) * np.array([[1.3], [0.8], [1.0], [1.1]])
K = gram(TOKENS)
L = root(K)
SAME_LAW = 1e-4  # some thirty comparisons are made, so 1 in 300 whole runs would fail by chance


def generator(seed):
    return torch.Generator().manual_seed(seed)


def z_score(samples, exact):
    samples = np.asarray(samples, dtype=np.float64)
    return (samples.mean() - exact) / (samples.std(ddof=1) / np.sqrt(len(samples)))


def statistics_of(draws):
    """Statistics of single tokens, token products, differences, cross-coordinate squares, norms; (8, N)."""
    y = draws.outputs.numpy()
    return np.stack(
        [
            y[:, 0, 0],
            y[:, 2, 1],
            y[:, 0, 0] * y[:, 1, 0],
            y[:, 1, 0] - y[:, 3, 0],
            y[:, 2, 0] ** 2 * y[:, 2, 1] ** 2,
            (y**2).sum((1, 2)),
            draws.covariance[:, 0, 1].numpy(),
            draws.covariance_given_values[:, 3, 3].numpy(),
        ]
    )


def smallest_p(first, second):
    """Bonferroni-corrected smallest two-sample KS p-value over the statistics."""
    p = [
        stats.ks_2samp(a, b).pvalue for a, b in zip(statistics_of(first), statistics_of(second), strict=True)
    ]
    return min(1.0, min(p) * len(p))


@pytest.mark.parametrize(("head_dim", "value_dim", "heads"), [(6, 6, 1), (8, 5, 2), (16, 6, 3)])
@pytest.mark.parametrize("mask", [None, masks.causal(4)])
def test_samplers_have_the_law_of_full_random_weights(head_dim, value_dim, heads, mask):
    sizes = (heads, head_dim, value_dim, 20_000, 2)
    naive = sample_naive(TOKENS, *sizes, generator(1), mask=mask)
    bartlett = sample_finite(L, *sizes, generator(2), mask=mask)
    projection = sample_projection(L, *sizes, generator(3), mask=mask)
    assert smallest_p(bartlett, naive) > SAME_LAW
    assert smallest_p(projection, naive) > SAME_LAW
    assert smallest_p(projection, bartlett) > SAME_LAW


def test_the_same_comparison_rejects_the_limit_law_and_a_transposed_softmax():
    sizes = (1, 6, 6, 20_000, 2)
    naive = sample_naive(TOKENS, *sizes, generator(1))
    wide = sample_finite(L, 1, 4096, 4096, 20_000, 2, generator(2))
    assert smallest_p(naive, wide) < 1e-6
    swapped = sample_finite(L, *sizes, generator(3), keep_heads=True)
    columns = masks.masked_softmax(swapped.scores[:, 0].mT).mT
    spread = (columns @ torch.from_numpy(K) @ columns.mT)[:, 0, 1]
    assert stats.ks_2samp(spread.numpy(), naive.covariance[:, 0, 1].numpy()).pvalue < 1e-6


def test_few_dimensions_need_the_projection_sampler():
    with pytest.raises(ValueError, match="use sample_projection"):
        sample_finite(L, 1, 3, 8, 10, 1, generator(0))
    with pytest.raises(ValueError, match="use sample_projection"):
        sample_finite(L, 1, 8, 3, 10, 1, generator(0))
    naive = sample_naive(TOKENS, 1, 2, 3, 20_000, 2, generator(1))
    assert smallest_p(sample_projection(L, 1, 2, 3, 20_000, 2, generator(2)), naive) > SAME_LAW


@pytest.mark.parametrize("flag", [{"score_power": 1.0}, {"tied_query_key": True}])
def test_controls_agree_between_samplers(flag):
    sizes = (2, 6, 6, 20_000, 2)
    naive = sample_naive(TOKENS, *sizes, generator(1), **flag)
    assert smallest_p(sample_finite(L, *sizes, generator(2), **flag), naive) > SAME_LAW
    assert smallest_p(sample_projection(L, *sizes, generator(3), **flag), naive) > SAME_LAW
    assert smallest_p(sample_finite(L, *sizes, generator(2)), naive) < 1e-6


def test_shared_scores_agree_between_samplers_and_keep_the_kurtosis_of_one_head():
    sizes = (4, 8, 8, 10_000, 2)
    shared = sample_finite(L, *sizes, generator(2), shared_scores=True, keep_heads=True)
    assert smallest_p(sample_projection(L, *sizes, generator(3), shared_scores=True), shared) > SAME_LAW
    assert torch.equal(shared.scores[:, 0], shared.scores[:, 3])
    torch.testing.assert_close(shared.covariance, shared.head_covariance[:, 3])


def test_bartlett_factor_is_a_root_of_a_wishart_matrix():
    d, r = 7, 4
    B = bartlett_factor(r, d, 60_000, generator(4))
    assert torch.equal(B, B.tril())
    wishart = (B @ B.mT).numpy()
    variances = (1 + np.eye(r)) / d
    for i in range(r):
        for j in range(r):
            assert abs(z_score(wishart[:, i, j], float(i == j))) < 4.5
            assert abs(z_score((wishart[:, i, j] - float(i == j)) ** 2, variances[i, j])) < 4.5
    determinant = np.prod([(d - k) / d for k in range(r)])
    assert abs(z_score(np.linalg.det(wishart), determinant)) < 4.5
    assert stats.kstest(d * wishart[:, 0, 0], stats.chi2(d).cdf).pvalue > 0.001


def test_scores_of_the_limit_have_covariance_k_times_k():
    P = sample_limit(L, 2, 60_000, 0, generator(6), keep_heads=True).scores.flatten(1).numpy()
    one = np.kron(K, K)
    exact = np.block([[one, 0 * one], [0 * one, one]])
    second, fourth = P.T @ P / len(P), np.square(P).T @ np.square(P) / len(P)
    z = (second - exact) / np.sqrt((fourth - second**2) / len(P))
    assert np.abs(z).max() < 5
    assert np.sqrt((z**2).mean()) == pytest.approx(1, abs=0.15)


def test_tied_weights_have_a_diverging_mean_score():
    means = []
    for n in (8, 16, 32, 64):
        draws = sample_finite(np.eye(4), 1, n, n, 4000, 0, generator(n), tied_query_key=True, keep_heads=True)
        means.append(float(draws.scores[:, 0, 0, 0].mean()))
    assert means == pytest.approx([8**0.5, 4.0, 32**0.5, 8.0], rel=0.02)


@pytest.mark.parametrize("n", [16, 256])
@pytest.mark.parametrize("heads", [1, 2])
def test_single_token_moments_are_the_exact_ones(n, heads):
    exact = finite_moments(1, 0, 4, n)
    layer = sample_finite(np.eye(4), heads, n, n, 40_000, 0, generator(n))
    token = sample_single_token(np.eye(4), 2, heads, n, n, 40_000, generator(n + 1))
    row = sample_exchangeable_token(4, heads, n, n, 40_000, generator(n + 2))
    V = excess_kurtosis(exact, heads, n) / 3 * exact.mean**2
    for variance in (
        layer.covariance_given_values[:, 1, 1],
        token.variance_given_values,
        row.variance_given_values,
    ):
        assert abs(z_score(variance, exact.mean)) < 4
        assert abs(z_score(variance**2, V + exact.mean**2)) < 4
    given_scores = (exact.square - exact.mean**2) / heads + exact.mean**2
    for variance in (layer.covariance[:, 1, 1], token.variance, row.variance):
        assert abs(z_score(variance**2, given_scores)) < 4


@pytest.mark.parametrize("visible", [None, 3])
def test_single_token_has_the_law_of_its_row_in_the_layer(visible):
    mask = None if visible is None else masks.causal(4)
    layer = sample_finite(L, 2, 6, 9, 20_000, 0, generator(1), mask=mask)
    token = sample_single_token(L, 2, 2, 6, 9, 20_000, generator(2), visible=visible)
    for a, b in (
        (token.variance, layer.covariance[:, 2, 2]),
        (token.variance_given_values, layer.covariance_given_values[:, 2, 2]),
    ):
        assert stats.ks_2samp(a.numpy(), b.numpy()).pvalue > 0.002


def test_exchangeable_token_sees_through_the_rank_one_part():
    exact = limit_moments(0.6, 0.4, 5)
    row = sample_exchangeable_token(5, 1, None, None, 40_000, generator(0), alpha=0.6, beta=0.4)
    assert abs(z_score(row.variance, exact.mean)) < 4
    assert abs(z_score(row.variance**2, exact.square)) < 4
    assert torch.equal(row.variance, row.variance_given_values)
    dense = sample_single_token(root(exchangeable_gram(5, 0.6, 0.4)), 0, 1, None, None, 40_000, generator(1))
    assert stats.ks_2samp(row.variance.numpy(), dense.variance.numpy()).pvalue > 0.002


def test_identical_tokens_are_gaussian_in_the_limit_and_have_the_value_factor_at_finite_width():
    one = root(np.full((3, 3), 2.0))
    limit = sample_limit(one, 2, 500, 0, generator(0))
    torch.testing.assert_close(limit.covariance, torch.full((500, 3, 3), 2.0, dtype=torch.float64))
    finite = sample_finite(one, 1, 16, 16, 40_000, 0, generator(1))
    chi = 16 * finite.covariance_given_values[:, 0, 0].numpy() / 2
    assert stats.kstest(chi, stats.chi2(16).cdf).pvalue > 0.001


def test_vanishing_scores_give_uniform_attention():
    draws = sample_finite(L, 1, 10**6, 10**6, 200, 0, generator(0), score_power=1.0)
    torch.testing.assert_close(
        draws.covariance, torch.full_like(draws.covariance, K.mean()), rtol=0, atol=2e-2
    )


def test_outputs_have_the_conditional_covariance_they_come_with():
    draws = sample_finite(L, 2, 8, 8, 30_000, 3, generator(9))
    chol = torch.linalg.cholesky(draws.covariance_given_values)
    white = torch.linalg.solve_triangular(chol, draws.outputs, upper=False).flatten(1).numpy()
    assert stats.kstest(white.ravel()[::7], stats.norm.cdf).pvalue > 0.001
    correlation = np.corrcoef(white, rowvar=False) - np.eye(12)
    assert np.abs(correlation).max() < 5 / np.sqrt(len(white))


def test_first_causal_token_is_gaussian_in_the_limit():
    draws = sample_limit(L, 3, 100, 0, generator(0), mask=masks.causal(4))
    torch.testing.assert_close(draws.covariance[:, 0, 0], torch.full((100,), K[0, 0], dtype=torch.float64))


def test_given_scores_reproduces_the_limit_and_takes_wrong_laws():
    limit = sample_limit(L, 2, 5000, 1, generator(1), keep_heads=True)
    again = sample_given_scores(limit.scores, L, 1, generator(2))
    torch.testing.assert_close(again.covariance, limit.covariance)
    wrong = sample_given_scores(
        torch.randn(20_000, 2, 4, 4, generator=generator(3), dtype=torch.float64), L, 0, generator(4)
    )
    right = sample_limit(L, 2, 20_000, 0, generator(5))
    assert stats.ks_2samp(wrong.covariance[:, 0, 1].numpy(), right.covariance[:, 0, 1].numpy()).pvalue < 1e-6


@pytest.mark.parametrize("law", ["rademacher", "uniform"])
def test_other_weight_laws_keep_first_and_second_moments(law):
    draws = sample_naive(TOKENS, 1, 5, 5, 20_000, 1, generator(1), weight_law=law, keep_heads=True)
    G = draws.scores.flatten(1).numpy()
    products = np.einsum("ni,nj->nij", G, G)
    z = (products.mean(0) - np.kron(K, K)) / (products.std(0, ddof=1) / np.sqrt(len(G)))
    assert np.abs(z).max() < 5
    gaussian = sample_naive(TOKENS, 1, 5, 5, 20_000, 1, generator(2), keep_heads=True)
    entry, normal = (d.scores[:, 0, 0, 0].numpy() for d in (draws, gaussian))
    assert stats.kurtosis(entry) < stats.kurtosis(normal)


def test_coupling_has_the_right_margins_and_closes_as_one_over_n():
    gaps = []
    for n in (64, 256):
        pair = coupled_layers(L, L, 2, n, n, 20_000, generator(n))
        finite, limit = pair.finite, pair.limit
        gaps.append(float((finite - limit)[:, 0, 0].std()))
        alone = sample_finite(L, 2, n, n, 20_000, 0, generator(n + 1)).covariance_given_values
        assert stats.ks_2samp(finite[:, 0, 1].numpy(), alone[:, 0, 1].numpy()).pvalue > 0.001
        free = sample_limit(L, 2, 20_000, 0, generator(n + 2)).covariance
        assert stats.ks_2samp(limit[:, 0, 1].numpy(), free[:, 0, 1].numpy()).pvalue > 0.001
    assert gaps[0] / gaps[1] == pytest.approx(2, rel=0.1)  # pathwise the coupling is of order n^{-1/2}


def test_coupling_refuses_roots_of_different_rank():
    with pytest.raises(ValueError, match="one shape"):
        coupled_layers(np.eye(4), np.eye(4)[:, :3], 1, 8, 8, 10, generator(0))


def test_characteristic_function_is_that_of_the_outputs():
    draws = sample_finite(L, 1, 6, 6, 60_000, 2, generator(3))
    w = 0.7 * torch.randn(5, 2, 4, generator=generator(4), dtype=torch.float64)
    conditional = mean_characteristic_function(draws.covariance_given_values, w)
    phase = torch.einsum("nia,rai->nr", draws.outputs, w)
    for r in range(5):
        assert abs(z_score(torch.cos(phase[:, r]).numpy(), float(conditional[r]))) < 4
    one = draws.covariance_given_values[:1]
    direct = torch.exp(-0.5 * sum(w[2, a] @ one[0] @ w[2, a] for a in range(2)))
    torch.testing.assert_close(characteristic_function(one, w)[0, 2], direct)
    with pytest.raises(ValueError, match="covariance must be"):
        characteristic_function(one, w[:, :, :3])


def test_roots_may_differ_between_draws():
    roots = torch.from_numpy(L).expand(50, 4, 4).clone()
    shared = sample_finite(L, 2, 8, 8, 50, 1, generator(1))
    each = sample_finite(roots, 2, 8, 8, 50, 1, generator(1))
    torch.testing.assert_close(shared.outputs, each.outputs)
    with pytest.raises(ValueError, match="root must have shape"):
        sample_limit(roots, 1, 49, 0, generator(1))


def test_same_generator_same_draws_and_float32_on_request():
    first, second = (sample_finite(L, 1, 8, 8, 20, 1, generator(3)).outputs for _ in range(2))
    assert torch.equal(first, second)
    draws = sample_limit(L, 1, 20, 1, generator(3), dtype=torch.float32)
    assert draws.outputs.dtype == torch.float32
    assert mean_characteristic_function(draws.covariance, torch.ones(3, 1, 4)).dtype == torch.float64


@pytest.mark.parametrize("mask", [None, masks.causal(4)])
def test_everything_is_moved_to_the_device(mask):
    # the meta device refuses to mix with the CPU, as a GPU does, and needs none
    place = {"device": "meta", "mask": mask}
    g = generator(0)
    for draws in (
        sample_limit(L, 2, 5, 1, g, **place),
        sample_finite(L, 2, 8, 8, 5, 1, g, **place),
        sample_finite(L, 2, 8, 8, 5, 1, g, tied_query_key=True, **place),
        sample_projection(L, 2, 3, 3, 5, 1, g, **place),
        sample_naive(TOKENS, 2, 8, 8, 5, 1, g, weight_law="uniform", **place),
    ):
        assert draws.outputs.device.type == draws.covariance.device.type == "meta"
    pair = coupled_layers(L, L, 2, 8, 8, 5, g, **place)
    cf = characteristic_function(pair.finite - pair.limit, torch.ones(3, 1, 4))
    assert characteristic_change(cf, pair.first_order, torch.ones(3, 1, 4)).device.type == "meta"
    token = sample_single_token(L, 1, 2, 8, 8, 5, g, device="meta")
    row = sample_exchangeable_token(4, 2, 8, 8, 5, g, device="meta")
    assert token.variance.device.type == row.variance_given_values.device.type == "meta"


def test_read_only_arrays_are_taken(recwarn):
    frozen = L.copy()
    frozen.setflags(write=False)
    assert torch.equal(
        sample_limit(frozen, 1, 5, 1, generator(0)).outputs, sample_limit(L, 1, 5, 1, generator(0)).outputs
    )
    assert not recwarn


def test_chunks_add_up():
    assert list(chunks(25, 10)) == [10, 10, 5]
    assert list(chunks(0, 10)) == []
    with pytest.raises(ValueError, match="size"):
        list(chunks(5, 0))


@pytest.mark.parametrize(
    "call",
    [
        lambda g: sample_limit(L, 0, 5, 1, g),
        lambda g: sample_limit(L, 1, 0, 1, g),
        lambda g: sample_limit(L, 1, 5, -1, g),
        lambda g: sample_naive(TOKENS, 1, 4, 4, 5, 1, g, weight_law="cauchy"),
        lambda g: sample_single_token(L, 4, 1, 8, 8, 5, g),
        lambda g: sample_exchangeable_token(0, 1, 8, 8, 5, g),
        lambda g: sample_exchangeable_token(3, 1, 8, 8, 5, g, alpha=-1.0),
        lambda g: sample_given_scores(torch.zeros(5, 4, 4), L, 1, g),
        lambda g: sample_given_scores(torch.zeros(5, 1, 3, 3), L, 1, g),
    ],
)
def test_refuses_sizes_out_of_range(call):
    with pytest.raises(ValueError):
        call(generator(0))
