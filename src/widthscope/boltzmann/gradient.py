"""The exact gradient of the log likelihood, in closed form: two matrix products, no sampling.

    d<log p>/dw_j = <r_j(v) v> - pi_j (b + w_j)         theory notes 3.1, derived there
    d<log p>/db   = <v> - b - W^T pi
    d<log p>/dc_j = <r_j(v)> - pi_j

with the mean <.> over the given visible vectors. The first terms are attention-weighted Hebbian; the second
are the machine's own expectations, exact because it is a mixture of Gaussians.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from widthscope.boltzmann.mixture import (
    Machine,
    component_means,
    hidden_inputs,
    log_partition,
    mixing_weights,
)


def data_term(machine: Machine, visible: Tensor) -> Machine:
    """<r_j v>, <v> and <r_j> over visible vectors (..., P, N): (..., H, N), (..., N), (..., H)."""
    return _data_term(torch.softmax(hidden_inputs(machine, visible), dim=-1), visible)


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


def loss_and_gradients(parameters: Mapping[str, Tensor], visible: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """Mean negative log likelihood of each member and its gradient, as a step of training takes them.

    Args:
        parameters: `weights` (member, H, N) and, where they are trained, `visible_bias` (member, N) and
            `hidden_bias` (member, H); a bias that is missing is zero.
        visible: (member, P, N), or (P, N) for all members.

    Returns:
        The losses (member,) in nats, with the Gaussian's constant, and the gradients of the parameters given.
    """
    machine = Machine.of(parameters)
    inputs = hidden_inputs(machine, visible)
    distance = visible - machine.visible_bias.unsqueeze(-2)
    energies = 0.5 * distance.square().sum(-1) - torch.logsumexp(inputs, dim=-1)
    loss = energies.mean(-1) + log_partition(machine)
    data, model = _data_term(torch.softmax(inputs, dim=-1), visible), model_term(machine)
    gradients = {
        name: getattr(model, name) - getattr(data, name) for name in Machine._fields if name in parameters
    }
    return loss, gradients


def descent_of_weights(weights: Tensor, visible: Tensor, rate: Tensor) -> Tensor:
    """One step of gradient descent for a machine without biases, which never forms the gradient.

    W (1 - rate pi) + (rate / P) r^T V: one pass over the weights, which is what small batches wait for.

    Args:
        weights: (member, H, N).
        visible: (member, P, N).
        rate: learning rates (member,).
    """
    mixing = torch.softmax(0.5 * weights.square().sum(-1), dim=-1)
    attention = torch.softmax(visible @ weights.mT, dim=-1)
    shrink = 1.0 - rate.unsqueeze(-1) * mixing
    pull = attention * (rate / visible.shape[-2]).unsqueeze(-1).unsqueeze(-1)
    return torch.baddbmm(weights * shrink.unsqueeze(-1), pull.mT, visible)


def energy_gradient(machine: Machine, visible: Tensor) -> Tensor:
    """grad E(v) = v - b - W^T softmax(W v + c) at visible vectors (..., P, N)."""
    attention = torch.softmax(hidden_inputs(machine, visible), dim=-1)
    return visible - machine.visible_bias.unsqueeze(-2) - attention @ machine.weights


def _data_term(attention: Tensor, visible: Tensor) -> Machine:
    rows = visible.shape[-2]
    hebbian = attention.mT @ visible / rows
    counted = attention.mean(-2)
    centre = visible.mean(-2).expand(*hebbian.shape[:-2], visible.shape[-1])
    return Machine(hebbian, centre, counted)
