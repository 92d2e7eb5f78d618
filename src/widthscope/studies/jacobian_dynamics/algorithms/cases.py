"""Models, and their states: random, reached by iteration, and of weights trained for a few steps."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from widthscope.attention.jacobians.dynamics import RecurrentDynamics
from widthscope.ensembles.parameters import column, stacked
from widthscope.models.recurrence.initial import initial, relative_drive, sphere_tokens
from widthscope.models.recurrence.rule import Rule
from widthscope.models.recurrence.update import iterate, prepared_state, update
from widthscope.spectra.dynamics import AutogradDynamics
from widthscope.streams import torch_generator

Parameters = dict[str, Tensor]

MODELS = {
    "no norm": Rule(norm="none"),
    "unit": Rule(norm="unit"),
    "rms": Rule(norm="rms"),
    "layer norm": Rule(norm="ln"),
    "unit before": Rule(norm="unit", place="pre"),
    "rms before": Rule(norm="rms", place="pre"),
    "layer norm before": Rule(norm="ln", place="pre"),
    "symmetric, unit": Rule(norm="unit", weights="symmetric"),
    "oscillators of 2": Rule(model="akorn", oscillator=2),
    "oscillators of 4": Rule(model="akorn", oscillator=4),
}
KINDS = ("random", "settled", "trained")

UNBOUNDED_STEPS = 3
"""Steps in place of many for the model without any norm, whose state doubles at each."""

HORIZON = 4
"""Steps through which weights are trained, after which their state is taken."""

RATE = 0.05
"""Length of a step of training over that of the parameter."""

KAPPA = 0.5


@dataclass(frozen=True)
class Case:
    """Weights, states and drives of one model, of several members with one state each.

    Attributes:
        rule, parameters: the model, (member, ...).
        state, drive: (member, 1, token, width), float64.
        tangents: random directions (member, 3, token * width), the first also where iterations begin.
    """

    rule: Rule
    parameters: Parameters
    state: Tensor
    drive: Tensor
    tangents: Tensor

    @property
    def flat(self) -> Tensor:
        """The states as (member, token * width)."""
        return self.state.flatten(1)

    def dynamics(self) -> RecurrentDynamics:
        """By closed forms."""
        return RecurrentDynamics(self.rule, self.parameters, self.drive)

    def by_autograd(self) -> AutogradDynamics:
        """By `torch.func` through the update itself."""

        def stepped(flat: Tensor) -> Tensor:
            return update(self.rule, self.parameters, flat.reshape(self.state.shape), self.drive).flatten(1)

        return AutogradDynamics(stepped)


def case(model: str, kind: str, settings: Mapping[str, Any]) -> Case:
    """States of one kind of one model; gains, biases and step sizes are random too.

    Args:
        settings: `width`, `heads`, `tokens`, `states`, `settled`, `training`, `seed`.
    """
    rule = MODELS[model]
    members: list[Parameters] = []
    states, drives, tangents, targets = [], [], [], []
    for member in range(settings["states"]):
        generator = torch_generator("jacobian_dynamics", "algorithms", settings["seed"], model, kind, member)
        members.append(_parameters(rule, generator, settings["width"], settings["heads"]))
        tokens = sphere_tokens(generator, 1, settings["tokens"], settings["width"])
        states.append(prepared_state(rule, tokens))
        drives.append(relative_drive(generator, states[-1], KAPPA))
        targets.append(
            prepared_state(rule, torch.randn(tokens.shape, generator=generator, dtype=tokens.dtype))
        )
        shape = (3, settings["tokens"] * settings["width"])
        tangents.append(torch.randn(shape, generator=generator, dtype=tokens.dtype))
    parameters = stacked(members, dtype=torch.float64)
    state, drive = torch.stack(states), torch.stack(drives)
    if kind == "trained":
        parameters = trained(rule, parameters, state, drive, torch.stack(targets), settings["training"])
        state = iterate(rule, parameters, state, drive, HORIZON)
    if kind == "settled":
        bounded = rule.model == "akorn" or rule.norm != "none"
        state = iterate(rule, parameters, state, drive, settings["settled"] if bounded else UNBOUNDED_STEPS)
    return Case(rule, parameters, state, drive, torch.stack(tangents))


def trained(
    rule: Rule, parameters: Parameters, state: Tensor, drive: Tensor, target: Tensor, steps: int
) -> Parameters:
    """Weights after descent on the squared distance of the state after a few steps from a target.

    Each step moves each parameter of each member by the same share of its length.
    """
    for _ in range(steps):
        leaves = {name: values.detach().requires_grad_() for name, values in parameters.items()}
        loss = (iterate(rule, leaves, state, drive, HORIZON) - target).square().sum()
        gradients = torch.autograd.grad(loss, list(leaves.values()))
        parameters = {
            name: values - RATE * _lengths(values) * gradient / _lengths(gradient)
            for (name, values), gradient in zip(parameters.items(), gradients, strict=True)
        }
    return parameters


def _parameters(rule: Rule, generator: torch.Generator, width: int, heads: int) -> Parameters:
    found = initial(rule, generator, width, heads, score_gain=2.0)

    def noise(values: Tensor, size: float) -> Tensor:
        return size * torch.randn(values.shape, generator=generator, dtype=values.dtype)

    found["step"] = found["step"] + noise(found["step"], 0.2).clamp(-0.5, 0.5)
    found["output_bias"] = noise(found["output_bias"], 0.1)
    for name in ("gain", "frequency"):
        if name in found:
            found[name] = found[name] * (1 + noise(found[name], 0.2))
    return found


def _lengths(values: Tensor) -> Tensor:
    """Norm of each member's values, never zero, shaped to divide them."""
    return column(values.flatten(1).norm(dim=1) if values.ndim > 1 else values.abs(), values).clamp(min=1e-12)
