"""A small classifier of many members that the tests of gradient regularisation share, in float64."""

import torch
from torch import Tensor
from torch.nn import functional

from widthscope.ensembles.parameters import Parameters


def initial(members: int, seed: int = 0, inputs: int = 6, width: int = 8, classes: int = 4) -> Parameters:
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(members, *shape, generator=generator, dtype=torch.float64) / shape[-1] ** 0.5

    return {
        "first": normal(width, inputs),
        "second": normal(width, width),
        "bias": normal(1, width),
        "last": normal(classes, width),
    }


def batch(members: int, seed: int = 1, examples: int = 12, inputs: int = 6, classes: int = 4) -> Parameters:
    generator = torch.Generator().manual_seed(seed)
    return {
        "x": torch.randn(members, examples, inputs, generator=generator, dtype=torch.float64),
        "y": torch.randint(classes, (members, examples), generator=generator),
    }


def smooth_loss(parameters: Parameters, batch: Parameters) -> Tensor:
    """Cross-entropy of a tanh network, (member,)."""
    return _loss(parameters, batch, torch.tanh)


def kinked_loss(parameters: Parameters, batch: Parameters) -> Tensor:
    """Cross-entropy of a ReLU network, (member,)."""
    return _loss(parameters, batch, torch.relu)


def _loss(parameters, batch, activation):
    hidden = activation(batch["x"] @ parameters["first"].mT)
    hidden = activation(hidden @ parameters["second"].mT + parameters["bias"])
    logs = functional.log_softmax(hidden @ parameters["last"].mT, dim=2)
    return -logs.gather(2, batch["y"][..., None]).mean(dim=(1, 2))
