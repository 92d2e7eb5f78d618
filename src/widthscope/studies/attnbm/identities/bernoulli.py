"""Gaussian-Bernoulli machines: attentional machines of their hidden states, one-hot states, blocks of two."""

from collections.abc import Mapping
from typing import Any

import torch
import xarray as xr
from torch import Tensor

from widthscope.boltzmann import gaussian_bernoulli, mixture, special_cases
from widthscope.boltzmann.mixture import Machine
from widthscope.streams import torch_generator
from widthscope.studies.attnbm.identities.machines import drawn, largest
from widthscope.work import Work

SCALE, UNITS = 3.0, 5
"""Of the vectors, and of the weights with five visible units. With more, weights are smaller by the root, so
that inputs of hidden units are as often just beyond 20, where a softplus that turns linear errs most."""

CASES = (
    "energy, all states",
    "partition function, all states",
    "energy, one-hot states",
    "softmax blocks of two",
)
WRONG = ("softplus linear above 20", "without the state of all units off", "no quadratic term in the states")


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Largest relative deviations over visible vectors, for each machine.

    Args:
        settings: `visible`, `hidden`, `machines`, `examples`, `seed`.
        datasets: none is read.
        work: its progress shows the machines done.

    Returns:
        `deviation` (machine, case) of each identity and `wrong` (machine, formula) of wrong ones, relative to
        the largest energy, or to the partition function's logarithm.
    """
    rows = [
        _of_machine(settings, machine)
        for machine in work.progress(
            range(settings["machines"]), total=settings["machines"], description="machines"
        )
    ]
    return xr.Dataset(
        {
            "deviation": (("machine", "case"), [right for right, _ in rows]),
            "wrong": (("machine", "formula"), [wrong for _, wrong in rows]),
        },
        coords={"case": list(CASES), "formula": list(WRONG)},
    )


def _of_machine(settings: Mapping[str, Any], machine: int) -> tuple[list[float], list[float]]:
    key = ("attnbm", "identities.bernoulli", settings["seed"], machine)
    own = drawn(key, settings["hidden"], settings["visible"], SCALE * (UNITS / settings["visible"]) ** 0.5)
    generator = torch_generator(*key, "vectors")
    visible = SCALE * torch.randn(
        settings["examples"], settings["visible"], generator=generator, dtype=torch.float64
    )
    energy = gaussian_bernoulli.energy(own, visible)
    scale, partition = largest(energy), gaussian_bernoulli.log_partition(own)
    every = gaussian_bernoulli.hidden_states(own.hidden_units)
    attention, rest = (gaussian_bernoulli.as_attention(own, states) for states in (every, every[1:]))
    right = [
        largest(energy - mixture.energy(attention, visible)) / scale,
        largest(partition - mixture.log_partition(attention)) / largest(partition),
        largest(one_hot_energy(own, visible) - mixture.energy(own, visible)) / scale,
        largest(energy - special_cases.block_energy(in_blocks(own), visible, 2)) / scale,
    ]
    linear = mixture.component_inputs(attention) - 0.5 * attention.weights.square().sum(-1)
    wrong = [
        largest(energy - softplus_energy(own, visible)) / scale,
        largest(energy - mixture.energy(rest, visible)) / scale,
        largest(torch.logsumexp(gaussian_bernoulli.state_inputs(own), 0) - torch.logsumexp(linear, 0))
        / largest(partition),
    ]
    return right, wrong


def one_hot_energy(machine: Machine, visible: Tensor) -> Tensor:
    """-log of the sum over one-hot hidden states s of exp(-(|v - b|^2/2 - s.(W v + c))): (P,)."""
    distance = 0.5 * (visible - machine.visible_bias).square().sum(-1)
    states = torch.eye(machine.hidden_units, dtype=torch.float64)
    terms = [distance - visible @ (state @ machine.weights) - state @ machine.hidden_bias for state in states]
    return -torch.logsumexp(-torch.stack(terms), dim=0)


def softplus_energy(machine: Machine, visible: Tensor) -> Tensor:
    """The energy by the library's softplus, which is linear above 20: (P,)."""
    inputs = mixture.hidden_inputs(machine, visible)
    distance = 0.5 * (visible - machine.visible_bias).square().sum(-1)
    return distance - torch.nn.functional.softplus(inputs).sum(-1)


def in_blocks(machine: Machine) -> Machine:
    """The machine with a unit without weights beside each hidden one, for softmax blocks of two."""
    weights = torch.stack([torch.zeros_like(machine.weights), machine.weights], dim=1).flatten(0, 1)
    hidden = torch.stack([torch.zeros_like(machine.hidden_bias), machine.hidden_bias], dim=1).flatten()
    return Machine(weights, machine.visible_bias, hidden)
