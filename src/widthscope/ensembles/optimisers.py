"""First-order optimisers on parameters with a leading member dimension.

A rate may be a number, a tensor (member,), or either of these for each parameter's name; a name that is left
out of a mapping has the rate 0. Updates equal those of `torch.optim` for each member alone.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from widthscope.ensembles.parameters import Parameters, column

State = dict[str, Any]
"""What a step carries along: dicts of tensors, such as ``torch.load(weights_only=True)`` reads."""

Rate = float | Tensor
Rates = Rate | Mapping[str, Rate]


class Optimiser(Protocol):
    """What a `GradientStep` asks of an optimiser."""

    def start(self, parameters: Parameters) -> State:
        """State before the first update."""

    def update(
        self, parameters: Parameters, gradients: Parameters, state: State, factor: float, step: int
    ) -> Parameters:
        """Parameters after update number `step` (from 0), the rate multiplied by `factor`.

        The gradients' memory is used up (the new parameters may lie there) and the state is changed in place;
        `parameters` stay as they are.
        """


@dataclass(frozen=True)
class SGD:
    """Gradient descent with heavy-ball momentum, b <- momentum b + g, p <- p - rate b (`torch.optim.SGD`).

    Attributes:
        learning_rate: per unit of gradient.
        momentum: in [0, 1); 0 keeps no state.
        nesterov: whether p moves by g + momentum b in the place of b.
        weight_decay: g is replaced by g + weight_decay p before all else.

    Raises:
        ValueError: for nesterov without momentum.
    """

    learning_rate: Rates
    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        if self.nesterov and not self.momentum:
            raise ValueError(f"Nesterov's momentum must be above 0, not {self.momentum}")

    def start(self, parameters: Parameters) -> State:
        """Zero velocities; nothing without momentum."""
        return {"velocity": zeros_like(parameters)} if self.momentum else {}

    def update(
        self, parameters: Parameters, gradients: Parameters, state: State, factor: float, step: int
    ) -> Parameters:
        """See `Optimiser.update`."""
        new = {}
        for name, value in parameters.items():
            direction = gradients[name]
            if self.weight_decay:
                direction.add_(value, alpha=self.weight_decay)
            if self.momentum:
                velocity = state["velocity"][name].mul_(self.momentum).add_(direction)
                if self.nesterov:
                    direction.add_(velocity, alpha=self.momentum).neg_()
                else:
                    direction = torch.mul(velocity, -1, out=direction)
            else:
                direction.neg_()
            new[name] = direction.mul_(rate(self.learning_rate, name, value, factor)).add_(value)
        return new


@dataclass(frozen=True)
class Adam:
    """Adam, and AdamW where `weight_decay` is given: it is decoupled from the gradient (`torch.optim.AdamW`).

    Attributes:
        learning_rate: length of a typical step.
        betas: decay rates of the averages of gradient and squared gradient.
        eps: added to the root of the average square.
        weight_decay: p <- p - rate * weight_decay * p before the update.

    Source: Kingma and Ba, arXiv:1412.6980, algorithm 1; Loshchilov and Hutter, arXiv:1711.05101, algorithm 2.
    """

    learning_rate: Rates
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: Rates = 0.0

    def start(self, parameters: Parameters) -> State:
        """Zero averages."""
        return {"mean": zeros_like(parameters), "square": zeros_like(parameters)}

    def update(
        self, parameters: Parameters, gradients: Parameters, state: State, factor: float, step: int
    ) -> Parameters:
        """See `Optimiser.update`."""
        first, second = self.betas
        correction = math.sqrt(1 - second ** (step + 1))
        new = {}
        for name, value in parameters.items():
            gradient = gradients[name]
            length = rate(self.learning_rate, name, value, factor)
            decay = rate(self.weight_decay, name, value)
            mean, square = state["mean"][name], state["square"][name]
            mean.lerp_(gradient, 1 - first)
            square.mul_(second).addcmul_(gradient, gradient, value=1 - second)
            # The corrections of both averages go into the step's length and eps: two passes less.
            denominator = torch.sqrt(square, out=gradient).add_(self.eps * correction)
            if isinstance(decay, Tensor) or decay:
                value = value * (1 - length * decay)
            length = length * (correction / (1 - first ** (step + 1)))
            if isinstance(length, Tensor):
                direction = torch.div(mean, denominator, out=denominator).mul_(length)
                new[name] = torch.sub(value, direction, out=direction)
            else:
                new[name] = torch.addcdiv(value, mean, denominator, value=-length, out=denominator)
        return new


def rate(rates: Rates, name: str, like: Tensor, factor: float = 1.0) -> Rate:
    """The rate of one parameter, times `factor`: a number, or a tensor that broadcasts against `like`."""
    found = rates.get(name, 0.0) if isinstance(rates, Mapping) else rates
    if isinstance(found, Tensor):
        return column(found.to(like), like) * factor
    return found * factor


def zeros_like(parameters: Parameters) -> Parameters:
    """Zeros of every parameter's shape."""
    return {name: torch.zeros_like(value) for name, value in parameters.items()}
