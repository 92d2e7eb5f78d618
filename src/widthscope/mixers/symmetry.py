"""How symmetric a pair of couplings is: a matrix W (H, S) to hidden units, and W2 (S, H) back from them.

Both matrices carry the same hidden index, so that no matching of units is needed. All leading dimensions,
such as members and blocks, are kept; norms and products are summed in float64. `INDEPENDENT` and `HALF_TIED`
are what a measured asymmetry is to be read against.
"""

import math

import torch
from torch import Tensor

INDEPENDENT = 1 / math.sqrt(2)
"""Asymmetry of two independent matrices of equal norm, as their entries become many."""

HALF_TIED = 1 / (1 + math.sqrt(2))
"""Asymmetry where W2 = W^T + W~ and W~ is independent of W and of its norm: an AsymMixer at its start."""


def asymmetry(forward: Tensor, backward: Tensor) -> Tensor:
    r"""A = |W2 - W^T| / (|W2| + |W|) in Frobenius norms: 0 where tied, 1 where W2 = -c W^T with c > 0.

    Args:
        forward: W, (..., H, S), not 0 together with W2.
        backward: W2, (..., S, H).

    Returns:
        (...), float64, in [0, 1].

    Source: theory notes, section 2.
    """
    to, back = _flat(forward, backward)
    return _norm(back - to) / (_norm(back) + _norm(to))


def alignment(forward: Tensor, backward: Tensor) -> Tensor:
    r"""rho = <W2, W^T> / (|W2| |W|): 1 where tied, -1 where anti-tied, 0 on average where independent.

    Its standard deviation over independent matrices is one over the root of the number of entries.

    Args:
        forward: W, (..., H, S), not 0.
        backward: W2, (..., S, H), not 0.

    Returns:
        (...), float64, in [-1, 1].

    Source: theory notes, section 2.
    """
    to, back = _flat(forward, backward)
    return (back * to).sum(-1) / (_norm(back) * _norm(to))


def permuted_alignment(forward: Tensor, backward: Tensor, draws: int, generator: torch.Generator) -> Tensor:
    r"""rho after a permutation of W2's hidden units alone, the same one for all leading dimensions.

    It has the mean `mean_permuted_alignment` over all permutations, which is 0 up to what the hidden units
    have in common: what rho owes to a match of units is lost.

    Args:
        forward: W, (..., H, S).
        backward: W2, (..., S, H).
        draws: number of permutations.
        generator: on the CPU.

    Returns:
        (..., draws), float64.

    Source: theory notes, section 2.
    """
    hidden = backward.shape[-1]
    orders = [torch.randperm(hidden, generator=generator).to(backward.device) for _ in range(draws)]
    return torch.stack([alignment(forward, backward[..., order]) for order in orders], dim=-1)


def mean_permuted_alignment(forward: Tensor, backward: Tensor) -> Tensor:
    r"""Mean of rho over all H! permutations of W2's hidden units: <mean rows, mean columns> H / (|W2| |W|).

    A permutation meets each pair of hidden units with probability 1/H, so that <W2 P, W^T> is on average
    (sum_h W2[:, h]) . (sum_h W[h, :]) / H. Exact where `permuted_alignment` draws, which also gives the
    spread. Shapes as in `alignment`.
    """
    to, back = _flat(forward, backward)
    common = (forward.double().sum(-2) * backward.double().sum(-1)).sum(-1) / backward.shape[-1]
    return common / (_norm(back) * _norm(to))


def _flat(forward: Tensor, backward: Tensor) -> tuple[Tensor, Tensor]:
    """W^T and W2 in float64, (..., S H) each."""
    if forward.shape[:-2] != backward.shape[:-2] or forward.mT.shape[-2:] != backward.shape[-2:]:
        raise ValueError(
            f"backward couplings of shape {tuple(backward.shape)} do not lead back from forward ones of "
            f"shape {tuple(forward.shape)}"
        )
    return forward.mT.double().flatten(-2), backward.double().flatten(-2)


def _norm(flat: Tensor) -> Tensor:
    return flat.square().sum(-1).sqrt()
