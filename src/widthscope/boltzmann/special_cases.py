r"""Other attentional machines whose partition function has a closed form, and one that has none at all.

*Binary visible units* s in {-1, +1}^N, E = -b.s - logsumexp(W s + c), are a mixture of product Bernoullis.
*Whole powers* n of the softmax factor, E = |v - b|^2/2 - n logsumexp(W v + c), are mixtures of Gaussians, one
for each of the C(H + n - 1, n) ways k of choosing n memories with repetition:

    means b + sum_j k_j w_j,   hidden biases k.c + log( n! / prod_j k_j! )        theory notes 3.2

so that such a machine is again a `Machine`. For other exponents there is no mixture. *The joint density* of
visible and continuous hidden units is not normalisable: its energy does not change along h -> h + a 1.
"""

import math
from itertools import combinations_with_replacement

import torch
from torch import Tensor

from widthscope.boltzmann.mixture import Machine, energy, hidden_inputs
from widthscope.errors import WidthscopeError

MOST_COMPONENTS = 2**20
"""Components that a machine with a power may have; their means are all stored."""


class TooManyComponentsError(WidthscopeError):
    """A machine equals a mixture of more components than can be listed."""


def all_spins(units: int) -> Tensor:
    """Every state of {-1, +1}^N, float64 (2^N, N); N at most 20.

    Raises:
        TooManyComponentsError: if N is larger.
    """
    if units > 20:
        raise TooManyComponentsError(f"{units} spins have 2^{units} states, at most 20 spins are enumerated")
    bits = torch.arange(2**units).unsqueeze(-1) >> torch.arange(units)
    return (2 * (bits & 1) - 1).double()


def binary_energy(machine: Machine, spins: Tensor) -> Tensor:
    """-b.s - logsumexp(W s + c) of states (..., P, N) of -1 and +1: (..., P)."""
    field = (spins @ machine.visible_bias.unsqueeze(-1)).squeeze(-1)
    return -field - torch.logsumexp(hidden_inputs(machine, spins), dim=-1)


def binary_log_partition(machine: Machine) -> Tensor:
    """log sum_s exp(-E(s)) = logsumexp_j( c_j + sum_i log 2 cosh(w_ji + b_i) ), (...)."""
    inputs = machine.weights + machine.visible_bias.unsqueeze(-2)
    return torch.logsumexp(machine.hidden_bias + log_two_cosh(inputs).sum(-1), dim=-1)


def log_two_cosh(x: Tensor) -> Tensor:
    """log(2 cosh x) without overflow."""
    return torch.logaddexp(x, -x)


def power_energy(machine: Machine, visible: Tensor, power: float) -> Tensor:
    """|v - b|^2/2 - n logsumexp(W v + c) of visible vectors (..., P, N), for any exponent n > 0: (..., P)."""
    distance = visible - machine.visible_bias.unsqueeze(-2)
    return 0.5 * distance.square().sum(-1) - power * torch.logsumexp(hidden_inputs(machine, visible), dim=-1)


def power_machine(machine: Machine, power: int) -> Machine:
    """The machine (with power 1) whose energy is `power_energy`: its partition function is `log_partition`.

    Raises:
        TooManyComponentsError: if it has more than `MOST_COMPONENTS` components.
        ValueError: if the power is below 1.
    """
    if power < 1:
        raise ValueError(f"power {power} must be a whole number from 1")
    units = machine.hidden_units
    count = math.comb(units + power - 1, power)
    if count > MOST_COMPONENTS:
        raise TooManyComponentsError(
            f"{units} hidden units with power {power} make {count} components, allowed: {MOST_COMPONENTS}"
        )
    chosen = torch.tensor(list(combinations_with_replacement(range(units), power)))
    times = torch.nn.functional.one_hot(chosen, units).sum(1).to(machine.weights)
    multinomial = math.lgamma(power + 1) - torch.lgamma(times + 1).sum(-1)
    return Machine(
        times @ machine.weights,
        machine.visible_bias,
        (times @ machine.hidden_bias.unsqueeze(-1)).squeeze(-1) + multinomial,
    )


def joint_energy(machine: Machine, visible: Tensor, hidden: Tensor) -> Tensor:
    """Energy of visible vectors (..., P, N) with hidden inputs h (..., P, H) of their own: (..., P).

    |v - b|^2/2 + h.f - logsumexp(h) - f.(W v + c) with f = softmax(h). At h = W v + c it is E(v).
    """
    distance = visible - machine.visible_bias.unsqueeze(-2)
    activity = torch.softmax(hidden, dim=-1)
    of_hidden = (activity * (hidden - hidden_inputs(machine, visible))).sum(-1) - torch.logsumexp(hidden, -1)
    return 0.5 * distance.square().sum(-1) + of_hidden


def block_energy(machine: Machine, visible: Tensor, block: int) -> Tensor:
    """Energy of a machine whose hidden units form softmax blocks of one size, as heads do: (..., P).

    One block of all units is the attentional machine; blocks of two, one of them without weights, are the
    Gaussian-Bernoulli machine (theory notes 3.4).

    Raises:
        ValueError: if the number of hidden units is no multiple of `block`.
    """
    if block < 1 or machine.hidden_units % block:
        raise ValueError(f"{machine.hidden_units} hidden units cannot be shared out to blocks of {block}")
    if block == machine.hidden_units:
        return energy(machine, visible)
    inputs = hidden_inputs(machine, visible)
    inputs = inputs.reshape(*inputs.shape[:-1], -1, block)
    distance = visible - machine.visible_bias.unsqueeze(-2)
    return 0.5 * distance.square().sum(-1) - torch.logsumexp(inputs, dim=-1).sum(-1)
