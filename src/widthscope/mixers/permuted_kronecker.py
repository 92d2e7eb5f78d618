r"""Permuted-Kronecker (PK) layers, x -> J_2 (W kron I_n) J_1 x, without ever forming the product.

Theory notes 2 (docs/theory/pk_mixer.md) write the layer as J_2 (I_n kron W) J_1 with free permutations J_1,
J_2. On the row-major view of a vector of length m = S n as a table (S, n) the product W kron I_n is one
matrix product for all copies and examples, and I_n kron W is the same up to commutations, which J_1 and J_2
absorb.
A permutation is kept as an index list, never as a matrix: (J x)[i] = x[index[i]]. The Mixer is the member
whose permutations are commutations, the RP-Mixer the one whose permutations are drawn once, at random.

Vectors are columns, features (..., m, example), so that a permutation moves whole rows.
"""

from typing import Any

import torch
from torch import Tensor

from widthscope.mixers.designs import MixerError

LARGEST_DENSE = 4096


def random_permutations(members: int, size: int, generator: torch.Generator) -> Tensor:
    """Independent uniform permutations (member, size), as index lists."""
    return torch.stack([torch.randperm(size, generator=generator) for _ in range(members)])


def inverse(permutation: Tensor) -> Tensor:
    """Index lists of the inverse permutations, J^T; any leading dimensions."""
    return permutation.argsort(dim=-1)


class _PermutedRows(torch.autograd.Function):
    """Rows in another order. Its gradient is the inverse permutation's rows, and not a sum by index."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, index: Tensor, backward_index: Tensor | None) -> Tensor:
        ctx.save_for_backward(index, backward_index)
        return rows.index_select(0, index)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        index, known = ctx.saved_tensors
        backward_index = inverse(index) if known is None else known
        return gradient.contiguous().index_select(0, backward_index), None, None


def permute(features: Tensor, permutation: Tensor, back: Tensor | None = None) -> Tensor:
    """J x: unit i of the result is unit permutation[i] of the features.

    Args:
        features: (..., m, example).
        permutation: index lists (..., m) with the features' leading dimensions, or one list (m,) for all.
        back: the inverse index lists, which gradients use; computed for each gradient where None.

    Returns:
        (..., m, example), contiguous.

    Raises:
        MixerError: if the index lists have another shape. What is in them is not looked at here, since
            training calls this in every step: `permuted_kronecker` does.
    """
    for lists in (permutation,) if back is None else (permutation, back):
        _check_shape(features, lists)
    rows = features.reshape(-1, features.shape[-1])
    index = _rows_of_all(permutation, len(rows))
    backward_index = None if back is None else _rows_of_all(back, len(rows))
    moved: Tensor = _PermutedRows.apply(rows, index, backward_index)  # type: ignore[no-untyped-call]
    return moved.reshape(features.shape)


def _check_shape(features: Tensor, permutation: Tensor) -> None:
    *members, units = features.shape[:-1]
    if permutation.shape not in ((units,), (*members, units)):
        raise MixerError(
            f"index lists of shape {tuple(permutation.shape)} do not permute features of shape "
            f"{tuple(features.shape)}: they need {units} entries, one for each unit, and shape "
            f"{(units,)} or {(*members, units)}"
        )


def _check_entries(name: str, permutation: Tensor) -> None:
    """Refuse lists that name a unit twice, or none; one sort of each."""
    if permutation.device.type == "meta":
        return
    units = permutation.shape[-1]
    order = torch.arange(units, device=permutation.device)
    if permutation.dtype != torch.int64 or not (permutation.sort(dim=-1).values == order).all():
        raise MixerError(
            f"the {name} index list, of {str(permutation.dtype).removeprefix('torch.')}, is no permutation: "
            f"it must have each whole number from 0 to {units - 1} once, as int64"
        )


def _rows_of_all(permutation: Tensor, count: int) -> Tensor:
    """Each member's index list among the rows (count,) of all members."""
    units = permutation.shape[-1]
    if count == units:
        return permutation.reshape(-1)
    first = torch.arange(count // units, device=permutation.device).unsqueeze(1) * units
    return (permutation.reshape(-1, units) + first).flatten()


def repeated_product(weight: Tensor, features: Tensor) -> Tensor:
    """(W kron I_n) x for n = m / S: one matrix product per member.

    Args:
        weight: W (..., H, S).
        features: x (..., m, example), contiguous, m a multiple of S.

    Returns:
        (..., n H, example). Multiply-adds: m H for each example.

    Raises:
        ValueError: if m is no multiple of S.
    """
    *members, units, examples = features.shape
    rows, columns = weight.shape[-2:]
    if units % columns:
        raise ValueError(f"{units} units are no copies of {columns}, the columns of the repeated weight")
    copies = units // columns
    mixed = weight @ features.reshape(*members, columns, copies * examples)
    return mixed.reshape(*members, rows * copies, examples)


def permuted_kronecker(
    weight: Tensor, features: Tensor, first: Tensor | None = None, second: Tensor | None = None
) -> Tensor:
    """J_2 (W kron I_n) J_1 x.

    Args:
        weight: W (..., H, S).
        features: x (..., m, example), m = S n.
        first: J_1 as index lists (..., m); the identity where None.
        second: J_2 as index lists (..., n H); the identity where None.

    Returns:
        (..., n H, example).

    Raises:
        MixerError: if an index list has another shape, or is no permutation.
        ValueError: as `repeated_product`.
    """
    for name, lists in (("first", first), ("second", second)):
        if lists is not None:
            _check_entries(name, lists)
    moved = features if first is None else permute(features, first)
    mixed = repeated_product(weight, moved)
    return mixed if second is None else permute(mixed, second)


def dense(weight: Tensor, units: int, first: Tensor | None = None, second: Tensor | None = None) -> Tensor:
    """The layer's whole matrix (..., n H, m): for comparisons at small sizes only.

    Raises:
        ValueError: if m is above `LARGEST_DENSE`.
    """
    if units > LARGEST_DENSE:
        raise ValueError(f"the dense matrix of {units} units is not built; at most {LARGEST_DENSE} units are")
    unit = torch.eye(units, dtype=weight.dtype, device=weight.device).expand(*weight.shape[:-2], units, units)
    return permuted_kronecker(weight, unit, first, second)
