"""Permuted-Kronecker layers against dense matrices, scipy's Kronecker products and linear_operator's."""

import numpy as np
import pytest
import torch
from linear_operator.operators import (
    DenseLinearOperator,
    IdentityLinearOperator,
    KroneckerProductLinearOperator,
)
from scipy import sparse

from widthscope.mixers.designs import MixerError
from widthscope.mixers.mixing import commutation, vec
from widthscope.mixers.permuted_kronecker import (
    dense,
    inverse,
    permute,
    permuted_kronecker,
    random_permutations,
    repeated_product,
)

TOKENS, CHANNELS, HIDDEN, EXAMPLES, MEMBERS = 5, 7, 3, 4, 2
UNITS = TOKENS * CHANNELS
ROUND_OFF = 1e-13


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(11)


def drawn(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(sum(shape)))


def matrix_of(permutation: torch.Tensor) -> sparse.csr_array:
    """J of an index list, formed from its definition: J[i, index[i]] = 1."""
    size = len(permutation)
    return sparse.csr_array((np.ones(size), (np.arange(size), permutation.numpy())), shape=(size, size))


def test_layer_is_the_product_of_scipys_matrices() -> None:
    W, x = drawn(MEMBERS, HIDDEN, TOKENS), drawn(MEMBERS, UNITS, EXAMPLES)
    first = random_permutations(MEMBERS, UNITS, generator())
    second = random_permutations(MEMBERS, HIDDEN * CHANNELS, generator())
    found = permuted_kronecker(W, x, first, second)
    for member in range(MEMBERS):
        repeated = sparse.kron(W[member].numpy(), sparse.eye_array(CHANNELS))
        whole = matrix_of(second[member]) @ repeated @ matrix_of(first[member])
        np.testing.assert_allclose(found[member], whole @ x[member].numpy(), rtol=0, atol=ROUND_OFF)
        np.testing.assert_allclose(
            dense(W, UNITS, first, second)[member], whole.toarray(), rtol=0, atol=ROUND_OFF
        )


def test_repeated_product_is_linear_operators_kronecker_product() -> None:
    W, x = drawn(HIDDEN, TOKENS), drawn(UNITS, EXAMPLES)
    operator = KroneckerProductLinearOperator(
        DenseLinearOperator(W), IdentityLinearOperator(CHANNELS, dtype=torch.float64)
    )
    torch.testing.assert_close(repeated_product(W, x), operator @ x, rtol=0, atol=ROUND_OFF)


def test_commutations_make_it_the_mixers_token_mixing_on_vec() -> None:
    """I_C kron W on vec is W kron I_C between the commutations."""
    W, tables = drawn(HIDDEN, TOKENS), drawn(EXAMPLES, TOKENS, CHANNELS)
    found = permuted_kronecker(W, vec(tables).T, commutation(TOKENS, CHANNELS), commutation(CHANNELS, HIDDEN))
    torch.testing.assert_close(found, vec(W @ tables).T, rtol=0, atol=ROUND_OFF)


def test_gradients_of_weights_and_features() -> None:
    W = drawn(MEMBERS, HIDDEN, TOKENS).requires_grad_()
    x = drawn(MEMBERS, UNITS, EXAMPLES).requires_grad_()
    first = random_permutations(MEMBERS, UNITS, generator())
    second = random_permutations(MEMBERS, HIDDEN * CHANNELS, generator())
    assert torch.autograd.gradcheck(lambda w, f: permuted_kronecker(w, f, first, second), (W, x))


def test_permutations_do_not_mix_members_and_are_undone_by_their_inverse() -> None:
    x = drawn(MEMBERS, UNITS, EXAMPLES)
    order = random_permutations(MEMBERS, UNITS, generator())
    assert not torch.equal(order[0], order[1])
    moved = permute(x, order)
    for member in range(MEMBERS):
        assert torch.equal(moved[member], x[member][order[member]])
    assert torch.equal(permute(moved, inverse(order)), x)
    assert torch.equal(permute(x, order, inverse(order)), moved)


def test_singular_values_are_the_mixers_whatever_the_permutations() -> None:
    W = drawn(HIDDEN, TOKENS)
    first, second = (random_permutations(1, size, generator())[0] for size in (UNITS, HIDDEN * CHANNELS))
    of_layer = torch.linalg.svdvals(dense(W, UNITS, first, second))
    of_factor = torch.linalg.svdvals(W).repeat_interleave(CHANNELS)
    torch.testing.assert_close(of_layer[: len(of_factor)], of_factor, rtol=1e-12, atol=1e-12)


def test_dense_form_is_built_where_the_weight_is() -> None:
    """On Torch's meta device, which refuses to meet numbers of the CPU."""
    found = dense(torch.empty(2, HIDDEN, TOKENS, device="meta"), UNITS)
    assert found.device.type == "meta"
    assert found.shape == (2, HIDDEN * CHANNELS, UNITS)


def test_refusals_say_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match="36 units are no copies of 5"):
        repeated_product(drawn(HIDDEN, TOKENS), drawn(36, EXAMPLES))
    with pytest.raises(ValueError, match="at most 4096"):
        dense(drawn(2, 5000), 5000)


def test_index_lists_of_another_length_are_refused() -> None:
    """A list of half the units was once read as two members', each half permuted by itself."""
    W, x = drawn(HIDDEN, 2), drawn(12, EXAMPLES)
    for wrong in (torch.randperm(6), torch.randperm(24), torch.arange(12).reshape(2, 6), torch.tensor(3)):
        with pytest.raises(MixerError, match="need 12 entries, one for each unit"):
            permute(x, wrong)
        with pytest.raises(MixerError, match="need 12 entries"):
            permute(x, torch.randperm(12), back=wrong)
    with pytest.raises(MixerError, match=r"shape \(6,\) do not permute features of shape \(12, 4\)"):
        permuted_kronecker(W, x, torch.arange(6))
    with pytest.raises(MixerError, match="need 18 entries"):
        permuted_kronecker(W, x, second=torch.arange(12))
    with pytest.raises(MixerError, match=r"shape \(12,\) or \(2, 12\)"):
        permute(drawn(MEMBERS, 12, EXAMPLES), random_permutations(3, 12, generator()))


def test_lists_that_are_no_permutation_are_refused() -> None:
    W, x = drawn(HIDDEN, 2), drawn(12, EXAMPLES)
    for wrong in (torch.zeros(12, dtype=torch.int64), torch.arange(1, 13), torch.arange(12) - 1):
        with pytest.raises(MixerError, match=r"first index list, of int64, is no permutation.* 0 to 11 once"):
            permuted_kronecker(W, x, wrong)
    with pytest.raises(MixerError, match="first index list, of float32"):
        permuted_kronecker(W, x, torch.zeros(12))
    with pytest.raises(MixerError, match=r"second index list, of int64, is no permutation.* 0 to 17 once"):
        permuted_kronecker(W, x, None, torch.zeros(18, dtype=torch.int64))


def test_one_list_serves_all_members() -> None:
    x, order = drawn(MEMBERS, UNITS, EXAMPLES), torch.randperm(UNITS, generator=generator())
    assert torch.equal(permute(x, order), x[:, order])
