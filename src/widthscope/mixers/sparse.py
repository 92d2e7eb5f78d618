"""Layers with static sparse weights (SW-MLP): a dense matrix times a 0/1 mask that never changes.

Mask entries are placed uniformly at random, a fixed number of them, and the mask multiplies the weights in
every forward pass: masked entries get no gradient, and neither momentum nor weight decay can revive them.
Weights have variance gain / (density x columns), the fan-in that is really there; without the density the
activations of deep sparse networks vanish (theory notes 2 and 5, docs/theory/pk_mixer.md). Vectors are
columns: features are (..., unit, example).
"""

import warnings
from collections.abc import Sequence

import torch
from torch import Tensor


def connections_of_density(rows: int, columns: int, density: float) -> int:
    """How many entries a mask of this density has: the rounded product, at least one.

    For who compares densities; masks are drawn with a number of connections, which is what is held fixed.

    Raises:
        ValueError: if the density is not in (0, 1].
    """
    if not 0 < density <= 1:
        raise ValueError(f"density {density} must be above 0 and at most 1")
    return max(1, round(density * rows * columns))


def random_mask(rows: int, columns: int, connections: int, generator: torch.Generator) -> Tensor:
    """A mask (rows, columns) with exactly `connections` ones, uniformly placed; boolean.

    Raises:
        ValueError: if there are fewer places than connections, or no connection.
    """
    places = rows * columns
    if not 0 < connections <= places:
        raise ValueError(f"{connections} connections do not fit a {rows} x {columns} mask")
    mask = torch.zeros(places, dtype=torch.bool)
    mask[torch.randperm(places, generator=generator)[:connections]] = True
    return mask.reshape(rows, columns)


def initial_sparse_weights(masks: Tensor, gain: float, generator: torch.Generator) -> Tensor:
    """Gaussian weights of variance gain / (p columns), p the masks' density; zero outside; float64.

    Args:
        masks: (..., rows, columns), all of one density.
        gain: 2 before a ReLU, 1 for linear layers.
        generator: of the draws.
    """
    fan_in = masks.mean(dim=(-2, -1), keepdim=True, dtype=torch.float64) * masks.shape[-1]
    weights = torch.zeros(masks.shape, dtype=torch.float64)
    connections = int(masks.sum())
    weights[masks.bool()] = torch.randn(connections, dtype=torch.float64, generator=generator)
    return weights * (gain / fan_in).sqrt()


def masked_product(weight: Tensor, mask: Tensor, features: Tensor) -> Tensor:
    """(M * A) x, with the mask inside the forward pass.

    Args:
        weight: A (..., H, m).
        mask: M (..., H, m), boolean or 0/1 numbers.
        features: x (..., m, example).

    Returns:
        (..., H, example).
    """
    return (weight * mask) @ features


def compressed(weight: Tensor, mask: Tensor) -> Tensor:
    """One masked weight (H, m) in compressed rows: only what the mask keeps is stored, zeros too.

    Raises:
        ValueError: for a batch of weights: compressed rows are of one matrix.
    """
    if weight.ndim != 2 or weight.shape != mask.shape:
        raise ValueError(
            f"compressed rows are of one matrix, not of {tuple(weight.shape)} with {tuple(mask.shape)}"
        )
    mask = mask.bool()
    starts = torch.zeros(len(mask) + 1, dtype=torch.int64)
    starts[1:] = mask.sum(dim=1).cumsum(0)
    columns = mask.nonzero()[:, 1]
    with warnings.catch_warnings():  # Torch calls its compressed rows beta, at their first use
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
        return torch.sparse_csr_tensor(starts, columns, weight[mask], weight.shape, check_invariants=True)


def stored_numbers(tensors: Sequence[Tensor]) -> int:
    """Numbers that a layer keeps in these tensors, indices included, counted on the tensors themselves."""
    return sum(
        item.values().numel() + item.col_indices().numel() + item.crow_indices().numel()
        if item.layout == torch.sparse_csr
        else item.numel()
        for item in tensors
    )
