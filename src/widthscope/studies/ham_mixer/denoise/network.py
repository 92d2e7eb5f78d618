r"""A memory with one visible layer, normalised, and two hidden layers of ReLU units that are coupled to it.

With fast hidden layers its update is x <- (1 - e) x + e U(LN x), the visible state being one image and

    U(g) = sum over layers a of B_a relu(F_a g),    E(x) = - sum_a sum Phi(F_a g),   g = LN(x),

where Phi(z) = relu(z)^2 / 2. Tied, B_a = F_a^T and E never rises. Neither hidden layer is coupled to the
other: together they act as one of twice as many units, and are stored so.

Shapes: states (member, image, pixel), `forward` (member, unit, pixel), `backward` (member, pixel, unit), the
first half of the units being the first layer's.

Source: theory notes 3.2 to 3.4.
"""

import math

import torch
from torch import Tensor

from widthscope.associative_memory import layer_norm
from widthscope.associative_memory.lagrangians import RELU
from widthscope.ensembles.parameters import Parameters

LAYERS = 2


def draw(hidden: int, pixels: int, tied: bool, generator: torch.Generator, scale: float = 1.0) -> Parameters:
    """One network's couplings in float64; untied backward ones are their own.

    Args:
        hidden: units of each layer.
        pixels: of an image.
        tied: whether the backward couplings are the forward ones.
        generator: of the draw.
        scale: times Xavier's uniform initial values of each layer. At full size some updates of an untrained
            memory lead an image to one that has nothing to do with it, which training must undo first.
    """
    limit = scale * math.sqrt(6 / (hidden + pixels))

    def uniform(rows: int, columns: int) -> Tensor:
        drawn = torch.rand(rows, columns, generator=generator, dtype=torch.float64)
        return limit * (2 * drawn - 1)

    forward = uniform(LAYERS * hidden, pixels)
    return {"forward": forward} | ({} if tied else {"backward": uniform(pixels, LAYERS * hidden)})


def normalised(x: Tensor) -> Tensor:
    """LN of every image, over all its pixels."""
    return layer_norm.normalised(x[..., None])[..., 0]


def update(parameters: Parameters, x: Tensor, step: float) -> Tensor:
    """The state after one update of size `step`."""
    forward = parameters["forward"]
    back = parameters["backward"].mT if "backward" in parameters else forward
    drive = RELU.activation(normalised(x) @ forward.mT) @ back
    return torch.lerp(x, drive, step)


def energy(parameters: Parameters, x: Tensor) -> Tensor:
    """E of every state, (member, image): of the forward couplings, tied or not."""
    return -RELU.lagrangian(normalised(x) @ parameters["forward"].mT).sum(-1)


def denoising_loss(parameters: Parameters, noisy: Tensor, clean: Tensor, updates: int, step: float) -> Tensor:
    """Mean `distance` of the states after some updates from the clean images, (member,)."""
    x = noisy
    for _ in range(updates):
        x = update(parameters, x, step)
    return distance(x, clean).mean(-1)


def distance(x: Tensor, clean: Tensor) -> Tensor:
    """Mean squared difference of normalised images, (member, image): 0 to 4, and 2 where uncorrelated."""
    return (normalised(x) - normalised(clean)).square().mean(-1)
