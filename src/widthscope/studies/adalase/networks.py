"""The study's networks, of many members, with a hook at each position where features can be augmented.

    forward(parameters, x, between),   between(k, activation entering position k) -> activation

Position 0 is the input, position K - 1 is before the classifier (theory notes 2). ReLU, weights and biases
drawn uniformly on +-1/sqrt(fan-in). Parameters have names and a leading member dimension, and no others do:
what a training step carries beside them in one dictionary is not looked at.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from widthscope.ensembles.parameters import Parameters

Between = Callable[[int, Tensor], Tensor]
"""What is done to the activation that enters a position."""


def unchanged(position: int, activation: Tensor) -> Tensor:
    """No augmentation at any position."""
    return activation


class Network(Protocol):
    """What a training step needs to know of a network."""

    @property
    def positions(self) -> int:
        """K, where features can be augmented."""

    def initial(self, generator: torch.Generator) -> Parameters:
        """One member's parameters, float64, without a member dimension."""

    def forward(self, parameters: Parameters, x: Tensor, between: Between = unchanged) -> Tensor:
        """Logits (member, N, classes) at inputs (member, N, ...)."""


@dataclass(frozen=True)
class MLP:
    """Multilayer perceptron with biases; a position is before each of its linear layers.

    Attributes:
        inputs: features of an example; inputs of more dimensions, such as images, are flattened.
        width: units of each hidden layer.
        hidden: hidden layers; there are hidden + 1 positions.
        classes: outputs.
    """

    inputs: int
    width: int
    hidden: int = 2
    classes: int = 10

    @property
    def positions(self) -> int:
        """K = hidden layers + 1."""
        return self.hidden + 1

    def initial(self, generator: torch.Generator) -> Parameters:
        """W1 (width, inputs), b1 (width,), W2, ...: float64, without a member dimension."""
        sizes = (self.inputs, *[self.width] * self.hidden, self.classes)
        drawn: Parameters = {}
        for layer, (fan_in, fan_out) in enumerate(zip(sizes[:-1], sizes[1:], strict=True), start=1):
            drawn[f"W{layer}"] = uniform(generator, (fan_out, fan_in), fan_in)
            drawn[f"b{layer}"] = uniform(generator, (fan_out,), fan_in)
        return drawn

    def forward(self, parameters: Parameters, x: Tensor, between: Between = unchanged) -> Tensor:
        """Logits (member, N, classes) at x (member, N, inputs) or (member, N, ...) of as many numbers."""
        hidden = x.flatten(2)
        for position in range(self.positions):
            if position > 0:
                hidden = torch.relu(hidden)
            hidden = between(position, hidden)
            layer = position + 1
            bias = parameters[f"b{layer}"].unsqueeze(1)
            hidden = torch.baddbmm(bias, hidden, parameters[f"W{layer}"].mT)
        return hidden


def uniform(generator: torch.Generator, shape: tuple[int, ...], fan_in: int) -> Tensor:
    """Numbers uniform on +-1/sqrt(fan-in), float64."""
    drawn = torch.rand(shape, generator=generator, dtype=torch.float64)
    return (2 * drawn - 1) / math.sqrt(fan_in)
