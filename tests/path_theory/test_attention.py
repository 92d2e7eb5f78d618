import math

import pytest
import torch
from tests.path_theory.tasks import F64, generator

from widthscope.errors import PosteriorError
from widthscope.path_theory import memory_limit
from widthscope.path_theory.attention import attention_matrices, bilinear_form


def test_entries_are_a_softmax_over_keys():
    tokens = torch.randn(3, 4, 5, generator=generator(1), dtype=F64)
    forms = torch.randn(2, 5, 5, generator=generator(2), dtype=F64)
    attention = attention_matrices(tokens, forms)
    assert attention.shape == (3, 2, 4, 4)
    for mu in range(3):
        for h in range(2):
            for t in range(4):
                scores = [math.exp(tokens[mu, s] @ forms[h] @ tokens[mu, t]) for s in range(4)]
                expected = torch.tensor(scores, dtype=F64) / sum(scores)
                torch.testing.assert_close(attention[mu, h, :, t], expected)


def test_scores_of_queries_and_keys():
    queries, keys = torch.randn(2, 3, 7, 5, generator=generator(3), dtype=F64)
    x = torch.randn(2, 5, generator=generator(4), dtype=F64)
    form = bilinear_form(queries, keys)
    for h in range(3):
        expected = (keys[h] @ x[0]) @ (queries[h] @ x[1]) / math.sqrt(7)
        torch.testing.assert_close(x[0] @ form[h] @ x[1], expected)


def test_no_scores_mean_uniform_attention_and_float32_stays():
    attention = attention_matrices(torch.randn(2, 4, 3), torch.zeros(1, 3, 3))
    assert attention.dtype == torch.float32
    torch.testing.assert_close(attention, torch.full((2, 1, 4, 4), 0.25))


def test_large_scores_do_not_overflow():
    attention = attention_matrices(1e3 * torch.eye(3, dtype=F64)[None], torch.eye(3, dtype=F64)[None])
    torch.testing.assert_close(attention[0, 0], torch.eye(3, dtype=F64))


def test_what_does_not_fit_is_refused():
    with pytest.raises(PosteriorError, match="bilinear forms"):
        attention_matrices(torch.zeros(2, 4, 3), torch.zeros(1, 3, 4))
    with pytest.raises(PosteriorError, match="not finite"):
        attention_matrices(torch.full((2, 4, 3), math.inf), torch.zeros(1, 3, 3))
    with pytest.raises(PosteriorError, match="not finite"):
        attention_matrices(torch.full((2, 4, 3), math.nan), torch.zeros(1, 3, 3))
    with pytest.raises(PosteriorError, match="one shape"):
        bilinear_form(torch.zeros(2, 4, 3), torch.zeros(2, 4, 5))


def test_more_scores_than_memory_allows_are_refused_before_they_are_made(monkeypatch):
    monkeypatch.setattr(memory_limit, "available_bytes", lambda: 10**11)
    tokens = torch.zeros(1, 1, 1).expand(2000, 4000, 5)  # of 4 bytes, however large it looks
    with pytest.raises(
        PosteriorError,
        match=r"attention of 8 heads, 2000 examples and 4000 tokens would take 2\.05e\+03 GB of memory",
    ):
        attention_matrices(tokens, torch.zeros(8, 5, 5))
