"""The study's networks for images, of many members at once: perceptrons with biases, and residual networks.

    h_1 = W_1 x + b_1,   h_l = W_l phi(h_{l-1}) + b_l,   logits = h_L

with W_l ~ N(0, gain / fan_in) and b_l = 0 at the start (theory notes 4.4,
docs/theory/gradient_regularization.md), and those of `widthscope.models.residual`, which normalise batches.
All of it can be differentiated twice, for double backpropagation.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from widthscope.ensembles.gradient_step import Batch
from widthscope.ensembles.parameters import Parameters
from widthscope.models.activations import ACTIVATIONS
from widthscope.models.normalisation import Normalise, Population, of_batch
from widthscope.models.residual import Residual, ResNet, WideResNet

Activation = Literal["relu", "tanh"]
Kind = Literal["perceptron", "resnet-18", "wide-resnet"]

CHUNK = 500
"""Images that pass at once where no gradient is needed."""


@dataclass(frozen=True)
class Network:
    """Shape of a network.

    Attributes:
        activation: phi; residual networks have ReLU.
        layers: L >= 1, the number of weight matrices; of a wide residual network its depth.
        width: M, units of each hidden layer; of a residual network the channels of its first stage, 64 in
            ResNet-18 and 160 in WRN-28-10.
        inputs: numbers of an image.
        classes: outputs.
        gain: variance of a perceptron's weight times its fan-in; 2 is He's, also used for tanh.
        kind: perceptron or residual network.
        channels: of the images that a residual network sees.
    """

    activation: Activation = "relu"
    layers: int = 3
    width: int = 64
    inputs: int = 64
    classes: int = 10
    gain: float = 2.0
    kind: Kind = "perceptron"
    channels: int = 3

    @property
    def residual(self) -> Residual | None:
        """The residual network, or None for a perceptron.

        Raises:
            ResidualError: for a depth that its blocks do not add up to.
        """
        if self.kind == "resnet-18":
            return ResNet(self.channels, self.classes, width=self.width)
        if self.kind == "wide-resnet":
            return WideResNet(self.channels, self.classes, self.layers, self.width // 16)
        return None

    @property
    def sizes(self) -> tuple[int, ...]:
        """Units of the input, of every hidden layer, and of the output."""
        return (self.inputs, *[self.width] * (self.layers - 1), self.classes)


def initial(generator: torch.Generator, network: Network) -> Parameters:
    """One member's numbers, float64, without a member dimension; a perceptron's are W1 (out, in), b1, W2, ...

    The activation enters nowhere: networks of one stream that differ in it start from the same numbers.
    """
    if network.residual:
        return network.residual.initial(generator)
    drawn: Parameters = {}
    for layer, (fan_in, fan_out) in enumerate(zip(network.sizes, network.sizes[1:], strict=False), 1):
        normal = torch.randn(fan_out, fan_in, generator=generator, dtype=torch.float64)
        drawn[f"W{layer}"] = normal * math.sqrt(network.gain / fan_in)
        drawn[f"b{layer}"] = torch.zeros(fan_out, dtype=torch.float64)
    return drawn


def forward(network: Network, parameters: Parameters, x: Tensor, normalise: Normalise = of_batch) -> Tensor:
    """Logits (member, example, class) of images x (member, example, ...), which a perceptron flattens.

    Batches are normalised by their own moments unless `normalise` gives others.
    """
    if network.residual:
        return network.residual.forward(parameters, x, normalise=normalise)
    phi = ACTIVATIONS[network.activation]
    passed = x.flatten(2)
    for layer in range(1, network.layers + 1):
        weight, bias = parameters[f"W{layer}"], parameters[f"b{layer}"]
        passed = torch.baddbmm(bias[:, None], passed, weight.mT)
        if layer < network.layers:
            passed = phi(passed)
    return passed


def cross_entropies(logits: Tensor, labels: Tensor) -> Tensor:
    """Each example's cross-entropy (member, example), in nats, of logits (member, example, class)."""
    return -logits.log_softmax(dim=-1).gather(-1, labels[..., None]).squeeze(-1)


def loss(network: Network) -> Callable[[Parameters, Batch], Tensor]:
    """Each member's mean cross-entropy (member,) on a batch with ``x`` and ``labels``."""

    def mean_cross_entropy(parameters: Parameters, batch: Batch) -> Tensor:
        return cross_entropies(forward(network, parameters, batch["x"]), batch["labels"]).mean(dim=1)

    return mean_cross_entropy


@dataclass(frozen=True)
class Performance:
    """How members do on images.

    Attributes:
        accuracy: share of images whose class has the largest logit, (member,) float64.
        cross_entropy: mean, in nats, (member,) float64; infinite or NaN where the logits are.
    """

    accuracy: Tensor
    cross_entropy: Tensor


def performance(
    network: Network,
    parameters: Parameters,
    pixels: Tensor,
    labels: Tensor,
    sets: Tensor | None = None,
    learnt: Tensor | None = None,
) -> Performance:
    """Accuracy and cross-entropy of every member, in float64, a chunk of images at a time.

    Args:
        network: which.
        parameters: (member, ...) by name, of any dtype and device.
        pixels: (set, example, ...).
        labels: (set, example).
        sets: each member's set, (member,); None where there are as many sets as members.
        learnt: pixels (set, example, ...) by whose moments a residual network normalises; None for `pixels`.
            A perceptron has no use for them.
    """
    values = {name: value.double() for name, value in parameters.items()}
    device = next(iter(values.values())).device

    def chunks(images: Tensor) -> Iterator[Tensor]:
        for part in torch.split(images, CHUNK, dim=1):
            yield (part if sets is None else part[sets.to(part.device)]).to(device)

    right, lost = [], []
    with torch.no_grad():
        normalise: Normalise = of_batch
        if network.residual:
            population = Population()
            for x in chunks(pixels if learnt is None else learnt):
                forward(network, values, x.double(), population)
            normalise = population.moments
        for x, classes in zip(chunks(pixels), chunks(labels), strict=True):
            logits = forward(network, values, x.double(), normalise)
            right.append((logits.argmax(dim=-1) == classes).double().sum(dim=1))
            lost.append(cross_entropies(logits, classes).sum(dim=1))
    count = labels.shape[1]
    return Performance(
        torch.stack(right).sum(dim=0).cpu() / count, torch.stack(lost).sum(dim=0).cpu() / count
    )
