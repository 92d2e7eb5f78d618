r"""The Gaussian-Bernoulli machine: its hidden units are on or off each by itself, where attention picks one.

    E(v) = |v - b|^2/2 - sum_k log(1 + exp(w_k.v + c_k))

It is the attentional machine with one component for every hidden state s in {0, 1}^K, weights s W and hidden
biases s.c (theory notes 3.4). That gives its partition function and its gradient exactly while 2^K states
can be listed. Parameters are a `Machine` with K hidden units; everything is batched over leading dimensions.

A machine's numbers do not depend on the machines beside it (`ensembles.independence`): each machine has the
states to itself, because a product of many matrices with one is taken as one product of another size;
products with a vector are sums, because a lone machine's would be taken by other code; and functions of each
entry are those of `models.activations`.
"""

import math

import torch
from torch import Tensor

from widthscope.boltzmann.mixture import EXAMPLES_AT_ONCE, Machine, check_visible, hidden_inputs
from widthscope.boltzmann.special_cases import TooManyComponentsError
from widthscope.models.activations import sigmoid, softplus

MOST_UNITS = 16
"""Hidden units whose 2^K states are listed."""


def hidden_states(units: int) -> Tensor:
    """Every state of {0, 1}^K, float64 (2^K, K).

    Raises:
        TooManyComponentsError: if K is more than 16.
    """
    if units > MOST_UNITS:
        raise TooManyComponentsError(
            f"{units} hidden units have 2^{units} states, at most {MOST_UNITS} units are enumerated"
        )
    return ((torch.arange(2**units).unsqueeze(-1) >> torch.arange(units)) & 1).double()


def energy(machine: Machine, visible: Tensor) -> Tensor:
    """E(v) of visible vectors (..., P, N): (..., P).

    log(1 + e^x) is exact at any x: torch's own softplus is linear above 20, an error of 2e-9.
    """
    distance = visible - machine.visible_bias.unsqueeze(-2)
    return 0.5 * distance.square().sum(-1) - softplus(hidden_inputs(machine, visible)).sum(-1)


def as_attention(machine: Machine, states: Tensor | None = None) -> Machine:
    """The attentional machine of the same density, with a component for every hidden state.

    Args:
        machine: (...) machines of K hidden units.
        states: the hidden states (C, K) that are allowed, all by default; the K one-hot ones leave the
            attentional machine with the same parameters.
    """
    every = _for_each(machine, hidden_states(machine.hidden_units) if states is None else states)
    hidden = (every @ machine.hidden_bias.unsqueeze(-1)).squeeze(-1)
    return Machine(every @ machine.weights, machine.visible_bias, hidden)


def state_inputs(machine: Machine) -> Tensor:
    """Unnormalised log probabilities of the 2^K hidden states, (..., 2^K), without their means.

    s.(c + W b) + s W W^T s / 2: only K x K overlaps are needed, whatever N.
    """
    states = _for_each(machine, hidden_states(machine.hidden_units))
    overlaps = machine.weights @ machine.weights.mT
    linear = machine.hidden_bias + (machine.weights * machine.visible_bias.unsqueeze(-2)).sum(-1)
    return ((0.5 * (states @ overlaps) + linear.unsqueeze(-2)) * states).sum(-1)


def log_partition(machine: Machine) -> Tensor:
    """log Z, exactly, by all hidden states: (...)."""
    gaussian = 0.5 * machine.visible_units * math.log(2.0 * math.pi)
    return gaussian + torch.logsumexp(state_inputs(machine), dim=-1)


def mean_negative_log_likelihood(
    machine: Machine, visible: Tensor, examples_at_once: int = EXAMPLES_AT_ONCE
) -> Tensor:
    """-<log p(v)> over visible vectors (..., P, N), in nats: (...); `examples_at_once` rows at a time.

    Raises:
        VisibleError: as `mixture.check_visible`.
    """
    check_visible(machine, visible)
    normaliser = log_partition(machine)
    total = torch.zeros_like(normaliser)
    for start in range(0, visible.shape[-2], examples_at_once):
        rows = visible[..., start : start + examples_at_once, :]
        total = total + energy(machine, rows).sum(-1)
    return total / visible.shape[-2] + normaliser


def log_likelihood_gradient(machine: Machine, visible: Tensor) -> Machine:
    """Exact gradient of the mean log likelihood of visible vectors (..., P, N), in the parameters' shapes."""
    states = _for_each(machine, hidden_states(machine.hidden_units))
    probability = torch.softmax(state_inputs(machine), dim=-1)
    shares = states * probability.unsqueeze(-1)
    on, both = shares.sum(-2), shares.mT @ states
    model = Machine(
        on.unsqueeze(-1) * machine.visible_bias.unsqueeze(-2) + both @ machine.weights,
        machine.visible_bias + (on.unsqueeze(-1) * machine.weights).sum(-2),
        on,
    )
    data = _expectations(sigmoid(hidden_inputs(machine, visible)), visible)
    return _difference(data, model)


def contrastive_gradient(machine: Machine, visible: Tensor, uniform: Tensor, noise: Tensor) -> Machine:
    """What one step of contrastive divergence, CD-1, takes for the gradient of the mean log likelihood.

    Hidden states are drawn given the data, visible vectors given them, and what these give is taken for the
    machine's own expectations. Both passes back use probabilities, not draws.

    Args:
        machine: (...) machines.
        visible: (..., P, N).
        uniform: draws on [0, 1), (..., P, K).
        noise: standard normal draws, (..., P, N).
    """
    given_data = sigmoid(hidden_inputs(machine, visible))
    drawn = (uniform < given_data).to(given_data)
    dreamt = machine.visible_bias.unsqueeze(-2) + drawn @ machine.weights + noise
    given_dream = sigmoid(hidden_inputs(machine, dreamt))
    return _difference(_expectations(given_data, visible), _expectations(given_dream, dreamt))


def _for_each(machine: Machine, states: Tensor) -> Tensor:
    """States (C, K) with the machines' leading dimensions, (..., C, K), in one memory."""
    return states.to(machine.weights).expand(*machine.weights.shape[:-2], -1, -1)


def _expectations(on: Tensor, visible: Tensor) -> Machine:
    """<s v>, <v> and <s> over rows, for probabilities that a unit is on (..., P, K)."""
    hebbian = on.mT @ visible / visible.shape[-2]
    return Machine(hebbian, visible.mean(-2).expand(*hebbian.shape[:-2], visible.shape[-1]), on.mean(-2))


def _difference(data: Machine, model: Machine) -> Machine:
    return Machine(*(ours - theirs for ours, theirs in zip(data, model, strict=True)))
