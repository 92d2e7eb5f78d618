r"""Pseudo-energy of recurrent attention and what its decrease means: for monitoring, not a Lyapunov function.

With C the drive and MSA attention of all heads (arXiv:2505.19458, section 5.3; theory notes 3.6):

    E_pseudo(X) = -Tr( X^T (C + MSA(X)) )

Where MSA(X) points along J_MSA x, the quadratic part is x^T (J + J^T) x / 2, and the energy falls as x turns
into the leading eigenvectors of J + J^T.
"""

import torch
from torch import Tensor

from widthscope.errors import WidthscopeError
from widthscope.models.recurrence.attention import Parameters, attended, combined, heads, seen_by
from widthscope.models.recurrence.rule import Rule

__all__ = ["attention_alignment", "contribution_index", "cosine", "frozen_attended", "pseudo_energy"]


class MonitorError(WidthscopeError):
    """A monitor was given a Jacobian and a state, or a share, that do not fit."""


def pseudo_energy(state: Tensor, drive: Tensor, attention: Tensor) -> Tensor:
    """E_pseudo, (...); all three (..., token, width): X, C and MSA(X) with its output bias."""
    return -(state * (drive + attention)).sum(dim=(-2, -1))


def cosine(left: Tensor, right: Tensor) -> Tensor:
    """Cosine of the angle between two states as vectors, both (..., token, width); NaN where one is 0."""
    product = (left * right).sum(dim=(-2, -1))
    lengths: Tensor = left.flatten(-2).norm(dim=-1) * right.flatten(-2).norm(dim=-1)
    return product / lengths


def attention_alignment(rule: Rule, parameters: Parameters, state: Tensor) -> Tensor:
    """Cosine between MSA(X), its output bias left out, and J_MSA x; (member, batch). See `attended`."""
    unbiased = {name: value for name, value in parameters.items() if name != "output_bias"}
    found = torch.func.jvp(lambda X: attended(rule, unbiased, X), (state,), (state,))
    return cosine(found[0], found[1])


def frozen_attended(rule: Rule, parameters: Parameters, first: Tensor, state: Tensor) -> Tensor:
    """MSA with the attention matrices of another state: sum_h P_h(first) X B_h with output bias.

    With `first` = `state` it is MSA itself; with an earlier state, pseudo-energy is exactly quadratic.

    Args:
        first, state: (member, batch, token, width).
    """
    weights = heads(rule, parameters)
    means = torch.bmm(seen_by(weights, first).attention, seen_by(weights, state).values)
    return combined(weights, means, state)


def contribution_index(jacobian: Tensor, state: Tensor, share: float = 0.02) -> tuple[Tensor, float]:
    """Share of |x|^2 in the leading eigenvectors of J + J^T.

    Args:
        jacobian: J, (..., n, n) with n = token * width and index token * width + coordinate.
        state: (..., token, width).
        share: of the n eigenvectors, those with the largest eigenvalues; at least one is taken.

    Returns:
        the shares (...), and the one expected of a random direction, (number taken) / n.

    Raises:
        MonitorError: if the sizes differ or the share is not in (0, 1].
    """
    x = state.flatten(-2)
    n = x.shape[-1]
    if tuple(jacobian.shape[-2:]) != (n, n):
        raise MonitorError(
            f"a state of {state.shape[-2]} tokens of width {state.shape[-1]} needs a Jacobian of {n} x {n}, "
            f"not {jacobian.shape[-2]} x {jacobian.shape[-1]}"
        )
    if not 0 < share <= 1:
        raise MonitorError(f"the share of eigenvectors is {share}, but it must be above 0 and at most 1")
    taken = max(1, round(share * n))
    leading = torch.linalg.eigh(jacobian + jacobian.mT).eigenvectors[..., -taken:]
    inside = (leading.mT @ x[..., None]).square().sum(dim=(-2, -1))
    return inside / x.square().sum(dim=-1), taken / n
