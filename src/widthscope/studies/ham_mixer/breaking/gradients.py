"""Whether training keeps tied couplings tied: gradients of W and of W2 where W2 = W^T, both free to move."""

import math

import torch
from torch import Tensor

from widthscope.ensembles.gradient_step import value_and_gradients
from widthscope.ensembles.parameters import Parameters
from widthscope.mixers import image_mixer, tied
from widthscope.mixers.designs import Shape
from widthscope.mixers.symmetry import asymmetry
from widthscope.studies.ham_mixer import networks
from widthscope.studies.ham_mixer.breaking.arms import ARMS

TIED_START = ARMS["parasym"]
WHITE_EXAMPLES = 20_000
"""Inputs of the linear auto-encoder: their covariance is the identity up to one over the root of this."""


def at_tied_couplings(
    shape: Shape, generator: torch.Generator, pixels: Tensor, labels: Tensor, chunk: int
) -> Tensor:
    """|dL/dW2 - (dL/dW)^T| over |dL/dW2| + |dL/dW| where W2 = W^T, (block, pair), float64.

    The readout is drawn at random: at the usual start, 0, all these gradients vanish (theory notes, T8).

    Args:
        shape: of the network.
        generator: draws it.
        pixels: (example, colour, row, column), which the loss is averaged over.
        labels: (example,).
        chunk: examples at once.
    """
    drawn = image_mixer.draw(TIED_START, shape, generator)
    drawn["readout"] = torch.randn(drawn["readout"].shape, generator=generator, dtype=torch.float64)
    drawn["readout"] /= math.sqrt(shape.channels)
    parameters = {name: value[None].to(pixels.device) for name, value in drawn.items()}
    total: Parameters = {}
    for begin in range(0, len(labels), chunk):
        own = labels[begin : begin + chunk]
        batch = {
            "images": pixels[None, begin : begin + chunk].double(),
            "labels": own[None],
            "penalty": torch.zeros(1, device=pixels.device),
        }
        _, found = value_and_gradients(
            lambda weights, seen: networks.losses(TIED_START, shape, weights, seen), parameters, batch
        )
        for name, gradient in found.items():
            total[name] = total.get(name, torch.zeros_like(gradient)) + gradient * len(own)
    return torch.stack([asymmetry(total[pair], total[f"{pair}_back"])[0] for pair in tied.PAIRS], -1)


def of_white_autoencoder(inputs: int, hidden: int, generator: torch.Generator) -> Tensor:
    """The same of a linear auto-encoder |x - W2 W x|^2 of white inputs, a scalar: 0 up to sampling.

    There training keeps tied couplings tied: both gradients are -2 (I - W^T W) W^T and its transpose, as far
    as the inputs' covariance is the identity.
    """
    limit = math.sqrt(6 / (inputs + hidden))
    uniform = torch.rand(1, hidden, inputs, generator=generator, dtype=torch.float64)
    forward = limit * (2 * uniform - 1)
    x = torch.randn(1, WHITE_EXAMPLES, inputs, generator=generator, dtype=torch.float64)

    def loss(weights: Parameters, batch: object) -> Tensor:
        return (x - x @ weights["forward"].mT @ weights["backward"].mT).square().sum(-1).mean(-1)

    start = {"forward": forward, "backward": forward.mT.contiguous()}
    _, found = value_and_gradients(loss, start, {})
    return asymmetry(found["forward"], found["backward"])[0]
