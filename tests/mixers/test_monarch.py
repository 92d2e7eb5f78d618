"""Monarch products against their definition and against the Kronecker product of a mixer."""

import torch

from widthscope.mixers.mixing import vec
from widthscope.mixers.monarch import monarch_matrix, monarch_product, shared_blocks

TOKENS, CHANNELS, HIDDEN, OUTPUTS, EXAMPLES = 5, 7, 3, 4, 2


def drawn(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(sum(shape)))


def test_product_is_its_definition_entry_by_entry() -> None:
    L, R = drawn(CHANNELS, HIDDEN, TOKENS), drawn(HIDDEN, OUTPUTS, CHANNELS)
    X = drawn(TOKENS, EXAMPLES, CHANNELS)
    found = monarch_product(L, R, X)
    for example in range(EXAMPLES):
        table = X[:, example]
        mixed = torch.stack([L[c] @ table[:, c] for c in range(CHANNELS)], dim=1)
        wanted = torch.stack([R[h] @ mixed[h] for h in range(HIDDEN)])
        torch.testing.assert_close(found[:, example], wanted, rtol=0, atol=1e-12)
        of_matrix = monarch_matrix(L, R) @ vec(table)
        torch.testing.assert_close(of_matrix, vec(wanted), rtol=0, atol=1e-12)


def test_matrix_is_built_where_the_blocks_are() -> None:
    """On Torch's meta device, which refuses to meet numbers of the CPU."""
    L, R = drawn(CHANNELS, HIDDEN, TOKENS).to("meta"), drawn(HIDDEN, OUTPUTS, CHANNELS).to("meta")
    found = monarch_matrix(L, R)
    assert found.device.type == "meta"
    assert found.shape == (HIDDEN * OUTPUTS, TOKENS * CHANNELS)


def test_shared_blocks_make_it_a_linear_mixer() -> None:
    W, V = drawn(HIDDEN, TOKENS), drawn(CHANNELS, OUTPUTS)
    L, R = shared_blocks(W, V)
    assert L.data_ptr() == W.data_ptr()  # nothing is copied
    torch.testing.assert_close(monarch_matrix(L, R), torch.kron(V.T.contiguous(), W), rtol=0, atol=1e-13)


def test_independent_blocks_are_no_kronecker_product() -> None:
    """The rearranged matrix of a Kronecker product has rank one; a general Monarch matrix has not."""
    L, R = drawn(CHANNELS, HIDDEN, TOKENS), drawn(HIDDEN, OUTPUTS, CHANNELS)

    def rank(matrix: torch.Tensor) -> int:
        blocks = matrix.reshape(OUTPUTS, HIDDEN, CHANNELS, TOKENS).permute(0, 2, 1, 3)
        return int(torch.linalg.matrix_rank(blocks.reshape(OUTPUTS * CHANNELS, HIDDEN * TOKENS)))

    assert rank(monarch_matrix(*shared_blocks(drawn(HIDDEN, TOKENS), drawn(CHANNELS, OUTPUTS)))) == 1
    assert rank(monarch_matrix(L, R)) > 1


def test_members_have_their_own_blocks() -> None:
    L, R = drawn(2, CHANNELS, HIDDEN, TOKENS), drawn(2, HIDDEN, OUTPUTS, CHANNELS)
    X = drawn(2, TOKENS, EXAMPLES, CHANNELS)
    found = monarch_product(L, R, X)
    for member in range(2):
        torch.testing.assert_close(found[member], monarch_product(L[member], R[member], X[member]))
