import numpy as np
import pytest
import torch
from scipy import stats

from widthscope.attention.gram import exchangeable_gram
from widthscope.attention.sampling import sample_finite, sample_naive
from widthscope.attention.token_laws import finite_roots, limit_root, sample_tokens


def generator(seed):
    return torch.Generator().manual_seed(seed)


def statistics_of(grams):
    values = [grams[:, 0, 0], grams[:, 0, 1], grams[:, 1, 1] - grams[:, 2, 2], torch.linalg.det(grams)]
    return [v.numpy().round(9) for v in values]  # singular Grams are exact only up to the 1e-12 added to them


@pytest.mark.parametrize("law", ["clip", "relu"])
@pytest.mark.parametrize("width", [3, 8, 20])
def test_roots_have_the_law_of_the_papers_own_tokens(law, width):
    tokens = sample_tokens(law, 3, width, 8000, generator(1))
    naive = tokens @ tokens.mT / width
    L = finite_roots(law, 3, width, 8000, generator(2))
    p = [
        stats.ks_2samp(a, b).pvalue
        for a, b in zip(statistics_of(naive), statistics_of(L @ L.mT), strict=True)
    ]
    assert min(p) > 0.001


def test_outputs_on_random_tokens_agree_with_full_weights():
    tokens = sample_tokens("clip", 4, 16, 10_000, generator(1))
    naive = sample_naive(tokens, 2, 16, 16, 10_000, 1, generator(2)).outputs
    roots = finite_roots("clip", 4, 16, 10_000, generator(3))
    fast = sample_finite(roots, 2, 16, 16, 10_000, 1, generator(4)).outputs
    for a, b in (
        (naive[:, 0, 0], fast[:, 0, 0]),
        (naive[:, 0, 0] - naive[:, 1, 0], fast[:, 0, 0] - fast[:, 1, 0]),
    ):
        assert stats.ks_2samp(a.numpy(), b.numpy()).pvalue > 0.002


@pytest.mark.parametrize("law", ["clip", "relu"])
def test_roots_converge_to_the_limit_root(law):
    gaps = [
        (finite_roots(law, 4, n, 400, generator(n)) - limit_root(law, 4)).square().mean().sqrt()
        for n in (256, 4096)
    ]
    assert float(gaps[0] / gaps[1]) == pytest.approx(4, rel=0.15)


def test_all_zero_relu_tokens_get_a_root():
    L = finite_roots("relu", 4, 2, 2000, generator(0))
    assert bool(torch.isfinite(L).all())
    assert torch.equal(L, L.tril())
    grams = L @ L.mT
    assert (
        int((grams.diagonal(dim1=1, dim2=2) < 1e-9).sum()) > 100
    )  # a token is all zero with probability 1/4


def test_clip_tokens_below_their_number_have_a_singular_gram():
    L = finite_roots("clip", 5, 2, 10, generator(0))
    assert L.shape == (10, 5, 2)


def test_relu_gram_does_not_depend_on_how_the_width_is_cut(monkeypatch):
    whole = finite_roots("relu", 3, 500, 4000, generator(5))
    monkeypatch.setattr("widthscope.attention.token_laws._BLOCK", 4000 * 3 * 64)
    cut = finite_roots("relu", 3, 500, 4000, generator(6))
    assert stats.ks_2samp(whole[:, 2, 1], cut[:, 2, 1]).pvalue > 0.002


def test_fixed_tokens_have_one_root():
    K = exchangeable_gram(3, 1.0, 0.2)
    L = finite_roots("fixed", 3, 7, 5, generator(0), gram=K)
    assert L.shape == (5, 3, 3)
    np.testing.assert_allclose((L[4] @ L[4].T).numpy(), K)


def test_float32_roots_are_rounded_float64_roots():
    wide, narrow = (
        finite_roots("relu", 3, 9, 4, generator(0), dtype=d) for d in (torch.float64, torch.float32)
    )
    assert torch.equal(wide.to(torch.float32), narrow)


@pytest.mark.parametrize(
    ("law", "width", "gram", "message"),
    [
        ("gelu", 8, None, "unknown token law"),
        ("clip", 0, None, "at least 1"),
        ("clip", 8, np.eye(3), "no other law"),
        ("fixed", 8, None, "fixed tokens"),
    ],
)
def test_refuses(law, width, gram, message):
    with pytest.raises(ValueError, match=message):
        finite_roots(law, 3, width, 5, generator(0), gram=gram)


def test_fixed_tokens_cannot_be_sampled():
    with pytest.raises(ValueError, match="clip and relu"):
        sample_tokens("fixed", 3, 8, 5, generator(0))
