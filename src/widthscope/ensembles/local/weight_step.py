"""One step of the weights from the factors of their updates: errors and inputs of every sample."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from widthscope.models.mlp import Parameters

Rates = Mapping[str, float | Tensor]
"""Learning rate of each named parameter, a number or one per member (member,); one left out is frozen."""


def stepped(
    parameters: Parameters,
    names: Sequence[str],
    errors: Sequence[Tensor],
    inputs: Sequence[Tensor],
    rates: Rates,
) -> Parameters:
    """W + (rate / N) e^T a of each name, the others as they are; the update itself is never formed.

    Args:
        parameters: (member, ...) by name; left as they are.
        names: of the parameters to move.
        errors: for each name e, (member, N, rows).
        inputs: for each name a, (member, N, columns).
        rates: of the names.
    """
    new = dict(parameters)
    for name, error, value in zip(names, errors, inputs, strict=True):
        if name not in rates:
            continue
        length, count = rates[name], error.shape[1]
        if isinstance(length, Tensor):
            scaled = error * (length.to(error) / count)[:, None, None]
            new[name] = torch.baddbmm(parameters[name], scaled.mT, value)
        elif length:
            new[name] = torch.baddbmm(parameters[name], error.mT, value, alpha=length / count)
    return new
