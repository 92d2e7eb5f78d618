"""The study's networks, of many members, with a hook at each position where features can be augmented.

    forward(parameters, x, between),   between(k, activation entering position k) -> activation

Position 0 is the input, position K - 1 is before the classifier (theory notes 2). A network looks up its own
parameters by name, so that a training step may carry others beside them in one dictionary.

Batch normalisation takes the moments of the batch that it is shown, unless it is given others: for accuracies
those of the images that were trained on, not augmented, at the final weights (`testing`).
"""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from widthscope.ensembles.parameters import Parameters
from widthscope.models import convolution
from widthscope.models.normalisation import Normalise, of_batch
from widthscope.models.residual import ResNet, WideResNet, unchanged

Between = Callable[[int, Tensor], Tensor]
"""What is done to the activation that enters a position."""

__all__ = ["CNN", "MLP", "Between", "Network", "ResNet", "WideResNet", "unchanged"]


class Network(Protocol):
    """What a training step needs to know of a network."""

    @property
    def positions(self) -> int:
        """K, where features can be augmented."""

    def initial(self, generator: torch.Generator) -> Parameters:
        """One member's parameters, float64, without a member dimension."""

    def forward(
        self,
        parameters: Parameters,
        x: Tensor,
        between: Between = unchanged,
        normalise: Normalise = of_batch,
    ) -> Tensor:
        """Logits (member, N, classes) at inputs (member, N, ...); batch normalisation uses `normalise`."""


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
        for layer, (fan_in, fan_out) in enumerate(itertools.pairwise(sizes), start=1):
            drawn[f"W{layer}"] = uniform(generator, (fan_out, fan_in), fan_in)
            drawn[f"b{layer}"] = uniform(generator, (fan_out,), fan_in)
        return drawn

    def forward(
        self,
        parameters: Parameters,
        x: Tensor,
        between: Between = unchanged,
        normalise: Normalise = of_batch,
    ) -> Tensor:
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


@dataclass(frozen=True)
class CNN:
    """Blocks of convolution, batch normalisation and ReLU, then a mean over places.

    All blocks but the last halve the sides, by means of two by two.

    A position is before each block and before the mean, which is followed by the classifier: there, all that
    moves places about within the image changes nothing.

    Attributes:
        channels: of each block's outputs.
        inputs: channels of the images.
        classes: outputs.
        kernel: side of the filters, odd.
    """

    channels: tuple[int, ...] = (16, 32, 32)
    inputs: int = 1
    classes: int = 10
    kernel: int = 3

    @property
    def positions(self) -> int:
        """K = blocks + 1."""
        return len(self.channels) + 1

    def initial(self, generator: torch.Generator) -> Parameters:
        """W1, scale1, shift1, W2, ..., head (classes, channels), bias: float64, of one member."""
        drawn: Parameters = {}
        for block, (before, after) in enumerate(itertools.pairwise((self.inputs, *self.channels)), start=1):
            drawn[f"W{block}"] = convolution.initial(generator, after, before, self.kernel)
            drawn[f"scale{block}"] = torch.ones(after, dtype=torch.float64)
            drawn[f"shift{block}"] = torch.zeros(after, dtype=torch.float64)
        last = self.channels[-1]
        drawn["head"] = uniform(generator, (self.classes, last), last)
        drawn["bias"] = uniform(generator, (self.classes,), last)
        return drawn

    def forward(
        self,
        parameters: Parameters,
        x: Tensor,
        between: Between = unchanged,
        normalise: Normalise = of_batch,
    ) -> Tensor:
        """Logits (member, N, classes) at images x (member, N, inputs, H, W)."""
        hidden = x
        for place in range(len(self.channels)):
            block = place + 1
            hidden = convolution.convolve(between(place, hidden), parameters[f"W{block}"])
            moments = normalise(f"W{block}", hidden)
            scale, shift = parameters[f"scale{block}"], parameters[f"shift{block}"]
            hidden = torch.relu(convolution.batch_norm(hidden, scale, shift, moments))
            if block < len(self.channels):
                hidden = convolution.average_pool(hidden)
        mean = convolution.global_average(between(len(self.channels), hidden))
        return torch.baddbmm(parameters["bias"].unsqueeze(1), mean, parameters["head"].mT)


def uniform(generator: torch.Generator, shape: tuple[int, ...], fan_in: int) -> Tensor:
    """Numbers uniform on +-1/sqrt(fan-in), float64."""
    drawn = torch.rand(shape, generator=generator, dtype=torch.float64)
    return (2 * drawn - 1) / math.sqrt(fan_in)
