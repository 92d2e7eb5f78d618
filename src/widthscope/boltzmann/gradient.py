"""The exact gradient of the log likelihood, in closed form: two matrix products, no sampling.

    d<log p>/dw_j = <r_j(v) v> - pi_j (b + w_j)         theory notes 3.1, derived there
    d<log p>/db   = <v> - b - W^T pi
    d<log p>/dc_j = <r_j(v)> - pi_j

with the mean <.> over the given visible vectors. The first terms are attention-weighted Hebbian; the second
are the machine's own expectations, exact because it is a mixture of Gaussians.
"""

import torch
from torch import Tensor

from widthscope.boltzmann.mixture import (
    Machine,
    component_means,
    hidden_inputs,
    mixing_weights,
)


def data_term(machine: Machine, visible: Tensor) -> Machine:
    """<r_j v>, <v> and <r_j> over visible vectors (..., P, N): (..., H, N), (..., N), (..., H)."""
    attention = torch.softmax(hidden_inputs(machine, visible), dim=-1)
    hebbian = attention.mT @ visible / visible.shape[-2]
    centre = visible.mean(-2).expand(*hebbian.shape[:-2], visible.shape[-1])
    return Machine(hebbian, centre, attention.mean(-2))


def model_term(machine: Machine, mixing: Tensor | None = None) -> Machine:
    """The same expectations under the machine itself: pi_j (b + w_j), b + W^T pi and pi_j.

    Args:
        machine: (...) machines.
        mixing: weights (..., H) to take in place of the machine's own pi, as a control does.
    """
    weight = mixing_weights(machine) if mixing is None else mixing
    means = component_means(machine) * weight.unsqueeze(-1)
    return Machine(means, means.sum(-2), weight)


def log_likelihood_gradient(machine: Machine, visible: Tensor) -> Machine:
    """Gradient of the mean log likelihood of visible vectors (..., P, N), in the shapes of the parameters."""
    data, model = data_term(machine, visible), model_term(machine)
    return Machine(*(ours - theirs for ours, theirs in zip(data, model, strict=True)))
