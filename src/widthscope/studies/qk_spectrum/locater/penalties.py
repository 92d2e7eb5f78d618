r"""Penalties on the spectrum of W = W_Q^T W_K / sqrt(d_h), at a cost of O(d d_h^2) and without eigenvalues.

With xi = tr W and eta_2 = ||W||_F^2, for one head at width d:

    var      eta_2 / d - (xi / d)^2  =  ||W - (xi/d) I||_F^2 / d       shrinks the spectrum, keeps its mean
    scale    eta_2 / d                                                 shrinks it, mean and all
    target   eta_2 / d + b (xi / d - m_0)^2                            shrinks it towards the mean m_0
    tr2      tr(W^2) / d + b (xi / d - m_0)^2                          the literal sum of squared eigenvalues

The last is unbounded below: tr W^2 = ||S||_F^2 - ||A||_F^2 for the symmetric and the antisymmetric part, so
that gradient descent inflates the antisymmetric one. Source: the idea is LocAteR's (arXiv:2402.02098,
abstract); its exact form is not known here, and the family is that of the theory notes, 3.6.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Traces:
    """xi = tr W, eta_1 = tr W^2 and eta_2 = ||W||_F^2, each of the leading shape (...)."""

    trace: Tensor
    trace_of_square: Tensor
    frobenius_square: Tensor


@dataclass(frozen=True)
class Target:
    """The mean m_0 of the eigenvalues that `target` and `tr2` aim at, and the weight b of missing it."""

    mean: float = 0.1
    pull: float = 1.0


def traces(query: Tensor, key: Tensor) -> Traces:
    """Traces of W from W_Q and W_K (..., head_dim, width), through products of the head's dimension."""
    head_dim = query.shape[-2]
    M = key @ query.mT / math.sqrt(head_dim)
    return Traces(
        trace=(query * key).sum((-2, -1)) / math.sqrt(head_dim),
        trace_of_square=(M * M.mT).sum((-2, -1)),
        frobenius_square=((query @ query.mT) * (key @ key.mT)).sum((-2, -1)) / head_dim,
    )


def var(found: Traces, width: int, target: Target) -> Tensor:
    """||W - m I||_F^2 / d with m = tr(W) / d, the gradient going through both terms."""
    return found.frobenius_square / width - (found.trace / width).square()


def scale(found: Traces, width: int, target: Target) -> Tensor:
    """||W||_F^2 / d: shrinkage that does not keep the mean."""
    return found.frobenius_square / width


def towards(found: Traces, width: int, target: Target) -> Tensor:
    """||W||_F^2 / d + b (tr W / d - m_0)^2."""
    return found.frobenius_square / width + _missed(found, width, target)


def tr2(found: Traces, width: int, target: Target) -> Tensor:
    """tr(W^2) / d + b (tr W / d - m_0)^2; unbounded below."""
    return found.trace_of_square / width + _missed(found, width, target)


PENALTIES: dict[str, Callable[[Traces, int, Target], Tensor]] = {
    "var": var,
    "scale": scale,
    "target": towards,
    "tr2": tr2,
}


def penalty(name: str, query: Tensor, key: Tensor, target: Target | None = None) -> Tensor:
    """The penalty of each member, summed over its layers and heads.

    Args:
        name: one of `PENALTIES`, or ``none`` for 0.
        query, key: (member, layer, head, head_dim, width).
        target: for `target` and `tr2`.

    Raises:
        ValueError: if there is no such penalty.
    """
    if name == "none":
        return torch.zeros(len(query), dtype=query.dtype, device=query.device)
    if name not in PENALTIES:
        raise ValueError(f"there is no penalty {name!r}; there are none, {', '.join(PENALTIES)}")
    return PENALTIES[name](traces(query, key), query.shape[-1], target or Target()).sum((1, 2))


def _missed(found: Traces, width: int, target: Target) -> Tensor:
    return target.pull * (found.trace / width - target.mean).square()
