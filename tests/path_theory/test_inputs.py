import itertools
import math

import dask.array as da
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


@pytest.mark.parametrize("half", [None, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("layer", [1, 2])
def test_attention_with_queries_first_is_refused(half, layer):
    tokens = torch.randn(4, 5, 6, generator=generator(4), dtype=F64)
    attentions = attentions_of(tokens, (2, 3))
    attentions[layer - 1] = attentions[layer - 1].mT
    if half is not None:
        attentions = [attention.to(half) for attention in attentions]
    said = (
        f"attention of layer {layer} has rows that sum to one and columns that do not: keys must be the first"
    )
    with pytest.raises(PosteriorError, match=f"{said} of the last two axes; transpose it"):
        path_inputs(tokens, attentions, "mean")
    attentions[layer - 1] = attentions[layer - 1].mT
    assert path_inputs(tokens, attentions, "mean").shape == (4, 6, 6)


def test_causal_nearly_uniform_and_padded_attention_with_queries_first_is_refused():
    tokens = torch.randn(3, 5, 6, generator=generator(4), dtype=F64)
    causal = torch.full((3, 1, 5, 5), -math.inf).triu(1).softmax(-1)
    nearly = (1e-2 * torch.randn(3, 1, 5, 5, generator=generator(5))).softmax(-1)
    padded = torch.randn(3, 2, 5, 5, generator=generator(6)).softmax(-1)
    padded[:2, :, -1] = 0.0  # of two examples of three, the last token is no query
    for attention in (causal, nearly, padded):
        with pytest.raises(PosteriorError, match="attention of layer 1 has rows that sum to one"):
            path_inputs(tokens, [attention], "mean")
        assert path_inputs(tokens, [attention.mT], "mean").shape[0] == 3


def test_attention_that_is_no_softmax_is_taken_as_it_is():
    tokens = torch.randn(3, 5, 6, generator=generator(4), dtype=F64)
    shift = torch.eye(5).roll(1, 0).expand(3, 1, 5, 5)  # rows and columns sum to one
    linear = torch.randn(3, 1, 5, 5, generator=generator(7))
    for attention in (shift, linear, torch.zeros(3, 1, 5, 5)):
        found = path_inputs(tokens, [attention], "mean")
        weights = attention.double().mean(-1)  # of the tokens, (3, 1, 5)
        torch.testing.assert_close(found, weights @ tokens)


@pytest.mark.parametrize("form", [torch.Tensor.numpy, torch.Tensor.tolist])
def test_arrays_and_lists_are_taken(form):
    tokens = torch.randn(4, 5, 6, generator=generator(4), dtype=F64)
    attentions = attentions_of(tokens, (2, 2))
    expected = path_inputs(tokens, attentions, "last")
    found = path_inputs(form(tokens), [form(attention) for attention in attentions], "last")
    torch.testing.assert_close(found, expected, rtol=1e-15, atol=1e-15)
    stacked = path_inputs(tokens, torch.stack(attentions), "last")  # five dimensions: one layer after another
    torch.testing.assert_close(stacked, expected, rtol=0, atol=0)


def test_one_tensor_in_place_of_layers_is_refused():
    tokens, attention = torch.zeros(2, 3, 4), torch.full((2, 1, 3, 3), 1 / 3)
    for one in (attention, attention.numpy()):
        with pytest.raises(
            PosteriorError, match=r"a list with one .* not one tensor of shape \(2, 1, 3, 3\)"
        ):
            path_inputs(tokens, one, "last")
    with pytest.raises(PosteriorError, match=r"a list with one tensor .* not this NoneType"):
        path_inputs(tokens, None, "last")
    with pytest.raises(PosteriorError, match=r"dask array: `streaming.path_input_blocks` takes one"):
        path_inputs(da.zeros((2, 3, 4)), [attention], "last")
