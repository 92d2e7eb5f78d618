"""Accuracies and losses of trained networks; in float64, but for convolutions.

Batch normalisation uses the moments of the images that were trained on, without augmentation, at the final
weights. The usual running averages are over minibatches, which are augmented, and over weights of the past:
with a few hundred steps they would measure the schedule as well as the network.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.datasets.image_splits import Images
from widthscope.ensembles.parameters import Parameters
from widthscope.models.normalisation import Population
from widthscope.models.residual import unchanged
from widthscope.studies.adalase.networks import Network

FILTERS = 5
"""Dimensions of convolutional weights (member, out, in, k, k)."""

CHUNK = 512
"""Images that pass at once."""


@dataclass(frozen=True)
class Tested:
    """What members did on the images that they were tested on.

    Attributes:
        accuracy: share of the images that are classified rightly, (member,), float64.
        cross_entropy: mean over the images, in nats, (member,), float64.
    """

    accuracy: Tensor
    cross_entropy: Tensor


def tested(network: Network, parameters: Parameters, learnt: Images, images: Images) -> Tested:
    """Accuracy and cross-entropy of every member, without augmentation.

    Args:
        network: which.
        parameters: (member, ...) by name.
        learnt: the images that were trained on, (member, N, ...), whose moments batch normalisation uses.
        images: those to test on, (member, N', ...), with labels (member, N').
    """
    # In float64 a convolution takes several times as long, and no prediction turns on the last places.
    dtype = torch.float32 if any(value.ndim == FILTERS for value in parameters.values()) else torch.float64
    values = {name: value.to(dtype) for name, value in parameters.items()}
    device = next(iter(values.values())).device
    population = Population()
    right, losses = [], []
    with torch.no_grad():
        for part in torch.split(learnt.pixels, CHUNK, dim=1):
            network.forward(values, part.to(device, dtype), unchanged, population)
        for part, labels in zip(
            torch.split(images.pixels, CHUNK, dim=1), torch.split(images.labels, CHUNK, dim=1), strict=True
        ):
            x = part.to(device, dtype)
            logits = network.forward(values, x, unchanged, population.moments).double()
            wanted = labels.to(device)
            right.append((logits.argmax(dim=-1) == wanted).double())
            losses.append(-logits.log_softmax(dim=-1).gather(-1, wanted[..., None]).squeeze(-1))
    return Tested(torch.cat(right, dim=1).mean(dim=1), torch.cat(losses, dim=1).mean(dim=1))
