"""Mixings of tables against Kronecker products, formed here and by other libraries."""

import numpy as np
import pytest
import torch
from linear_operator.operators import (
    DenseLinearOperator,
    IdentityLinearOperator,
    KroneckerProductLinearOperator,
)
from scipy import sparse

from widthscope.mixers.mixing import (
    commutation,
    examples_first,
    initial_weights,
    mix_channels,
    mix_tokens,
    tokens_first,
    unvec,
    vec,
)

TOKENS, CHANNELS, HIDDEN, EXAMPLES, MEMBERS = 5, 7, 6, 3, 2
ROUND_OFF = 1e-13


def drawn(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(sum(shape)))


def test_vec_stacks_columns_and_unvec_takes_them_back() -> None:
    tables = drawn(MEMBERS, TOKENS, CHANNELS)
    stacked = vec(tables)
    for token in range(TOKENS):
        for channel in range(CHANNELS):
            assert torch.equal(stacked[:, channel * TOKENS + token], tables[:, token, channel])
    assert torch.equal(unvec(stacked, TOKENS), tables)
    with pytest.raises(ValueError, match="no table of 4 tokens"):
        unvec(stacked, 4)


def test_commutation_transposes_and_is_undone_by_that_of_the_transposed_table() -> None:
    table = drawn(TOKENS, CHANNELS)
    order = commutation(TOKENS, CHANNELS)
    assert torch.equal(vec(table)[order], vec(table.T))
    assert torch.equal(vec(table)[order][commutation(CHANNELS, TOKENS)], vec(table))


def test_both_mixings_are_kronecker_products_on_vec() -> None:
    tables = drawn(MEMBERS, EXAMPLES, TOKENS, CHANNELS)
    W, V = drawn(MEMBERS, HIDDEN, TOKENS), drawn(MEMBERS, CHANNELS, HIDDEN)
    mixed_tokens = examples_first(mix_tokens(W, tokens_first(tables)))
    mixed_channels = examples_first(mix_channels(tokens_first(tables), V))
    for member in range(MEMBERS):
        for example in range(EXAMPLES):
            flat = vec(tables[member, example]).numpy()
            # scipy.sparse.kron, and linear_operator's product, which multiplies without forming it
            by_scipy = sparse.kron(sparse.eye_array(CHANNELS), W[member].numpy()) @ flat
            np.testing.assert_allclose(vec(mixed_tokens[member, example]), by_scipy, rtol=0, atol=ROUND_OFF)
            operator = KroneckerProductLinearOperator(
                DenseLinearOperator(V[member].T), IdentityLinearOperator(TOKENS, dtype=torch.float64)
            )
            by_operator = operator @ vec(tables[member, example]).unsqueeze(-1)
            np.testing.assert_allclose(
                vec(mixed_channels[member, example]), by_operator.squeeze(-1), rtol=0, atol=ROUND_OFF
            )


def test_row_major_flattening_swaps_the_factors() -> None:
    table, W = drawn(TOKENS, CHANNELS), drawn(TOKENS, TOKENS)
    one = torch.eye(CHANNELS, dtype=torch.float64)
    rows = (W @ table).flatten()
    torch.testing.assert_close(torch.kron(W, one) @ table.flatten(), rows, rtol=0, atol=ROUND_OFF)
    assert (torch.kron(one, W) @ table.flatten() - rows).abs().max() > 0.1


def test_layouts_are_each_others_inverse() -> None:
    tables = drawn(MEMBERS, EXAMPLES, TOKENS, CHANNELS)
    assert tokens_first(tables).is_contiguous()
    assert torch.equal(examples_first(tokens_first(tables)), tables)


def test_initial_weights_have_the_variance_of_their_fan_in() -> None:
    weights = initial_weights(40, 30, 20, fan_in=5, gain=2.0, generator=torch.Generator().manual_seed(3))
    count = weights.numel()
    assert abs(float(weights.var()) - 0.4) < 6 * 0.4 * (2 / count) ** 0.5
    assert weights.dtype == torch.float64
