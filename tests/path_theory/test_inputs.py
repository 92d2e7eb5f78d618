import itertools
import math

import pytest
import torch
from tests.path_theory.tasks import F64, generator

from widthscope.errors import PosteriorError
from widthscope.path_theory import memory_limit
from widthscope.path_theory.attention import attention_matrices
from widthscope.path_theory.inputs import path_inputs


def attentions_of(tokens, heads):
    width = tokens.shape[-1]
    return [
        attention_matrices(tokens, torch.randn(h, width, width, generator=generator(10 + layer), dtype=F64))
        for layer, h in enumerate(heads)
    ]


@pytest.mark.parametrize("heads", [(3,), (2, 3), (2, 1, 3)])
@pytest.mark.parametrize("readout", ["last", "first", "mean"])
def test_sum_over_paths_is_the_literal_forward_pass(heads, readout):
    """Random weights of unequal widths, token by token, against the effective weights of the paths."""
    stream = generator(3)
    tokens = torch.randn(4, 5, 6, generator=stream, dtype=F64)
    attentions = attentions_of(tokens, heads)
    widths = [7, 3, 5, 4][: len(heads) + 1]
    V0 = torch.randn(widths[0], 6, generator=stream, dtype=F64)
    values = [
        torch.randn(h, widths[layer + 1], widths[layer], generator=stream, dtype=F64)
        for layer, h in enumerate(heads)
    ]
    a = torch.randn(widths[-1], generator=stream, dtype=F64)

    z = torch.einsum("ni,pti->ptn", V0, tokens) / math.sqrt(6)
    for layer, h in enumerate(heads):
        moved = torch.einsum("hmn,psn,phst->ptm", values[layer], z, attentions[layer])
        z = moved / math.sqrt(h * widths[layer])
    f = z @ a / math.sqrt(widths[-1])
    literal = {"last": f[:, -1], "first": f[:, 0], "mean": f.mean(1)}[readout]

    xi = path_inputs(tokens, attentions, readout)
    total = torch.zeros(4, dtype=F64)
    for index, path in enumerate(itertools.product(*(range(h) for h in heads))):  # the first head is slowest
        w = a
        for layer in reversed(range(len(heads))):
            w = w @ values[layer][path[layer]] / math.sqrt(widths[layer + 1])
        total += xi[:, index] @ V0.T @ w
    paths = math.prod(heads)
    torch.testing.assert_close(total / math.sqrt(paths * widths[0] * 6), literal, rtol=1e-12, atol=1e-12)


def test_identity_attention_reads_single_tokens():
    tokens = torch.randn(2, 3, 4, generator=generator(5), dtype=F64)
    identity = torch.eye(3, dtype=F64).expand(2, 2, 3, 3)
    for readout, expected in (("last", tokens[:, 2]), ("first", tokens[:, 0]), ("mean", tokens.mean(1))):
        xi = path_inputs(tokens, [identity, identity], readout)
        torch.testing.assert_close(xi, expected[:, None].expand(2, 4, 4))


def test_float32_tokens_give_float64_inputs():
    tokens = torch.randn(2, 3, 4)
    assert path_inputs(tokens, [torch.full((2, 1, 3, 3), 1 / 3)], "mean").dtype == F64


def test_what_does_not_fit_is_refused():
    tokens = torch.zeros(2, 3, 4)
    with pytest.raises(PosteriorError, match="at least one layer"):
        path_inputs(tokens, [], "last")
    with pytest.raises(PosteriorError, match="layer 2"):
        path_inputs(tokens, [torch.zeros(2, 1, 3, 3), torch.zeros(2, 1, 3, 4)], "last")
    with pytest.raises(PosteriorError, match="not 'middle'"):
        path_inputs(tokens, [torch.zeros(2, 1, 3, 3)], "middle")
    with pytest.raises(PosteriorError, match="tokens have shape"):
        path_inputs(tokens[0], [torch.zeros(2, 1, 3, 3)], "last")


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_numbers_that_are_not_finite_are_refused(wrong):
    tokens, attention = torch.zeros(2, 3, 4), torch.full((2, 1, 3, 3), 1 / 3)
    broken = attention.clone()
    broken[1, 0, 0, 0] = wrong  # of a query that "last" does not read
    with pytest.raises(PosteriorError, match="attention matrices of layer 2 of example 1 are not all finite"):
        path_inputs(tokens, [attention, broken], "last")
    tokens[0, 2, 1] = wrong
    with pytest.raises(PosteriorError, match="the tokens of example 0 are not all finite"):
        path_inputs(tokens, [attention], "last")


def test_more_paths_than_memory_allows_are_refused_before_they_are_made(monkeypatch):
    monkeypatch.setattr(memory_limit, "available_bytes", lambda: 10**6)
    attention = torch.zeros(2, 64, 3, 3)
    with pytest.raises(PosteriorError, match=r"262144 attention paths .* would take 0\.0419 GB"):
        path_inputs(torch.zeros(2, 3, 4), [attention] * 3, "last")
