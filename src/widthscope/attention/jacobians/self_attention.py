"""The dense Jacobian of self-attention alone."""

import torch
from torch import Tensor

from widthscope.attention.jacobians.assembly import assembled
from widthscope.attention.jacobians.attention_derivative import AttentionDerivative
from widthscope.models.recurrence.attention import Parameters, heads
from widthscope.models.recurrence.rule import Rule


def attention_jacobian(rule: Rule, parameters: Parameters, state: Tensor) -> Tensor:
    """J_MSA = d vec MSA(X) / d vec X in closed form (theory notes 3.2).

    Args:
        rule: only its weights matter.
        parameters: (member, ...), as `models.recurrence.update.update` takes them.
        state: X, (member, batch, token, width); float64 where digits matter.

    Returns:
        (member, batch, token * width, token * width); entry (i * width + a, k * width + b) is
        d MSA_ia / d x_kb.
    """
    with torch.no_grad():
        derivative = AttentionDerivative.at(heads(rule, parameters), state)
        return assembled(derivative, state.new_ones(len(state)))
