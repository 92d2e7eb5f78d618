"""A small network of unequal widths that the tests of local rules share, several members, float64."""

import torch

from widthscope.ensembles.members import Members
from widthscope.ensembles.parameters import stacked
from widthscope.models.mlp import forward, initial

SIZES = (5, 7, 6, 8, 3)
WEIGHTS = (1.0, 0.7, 1.3, 2.5)
MEMBERS, SAMPLES = 3, 4


def weights_of(sizes=SIZES, members=MEMBERS, dtype=torch.float64, sigma=1.0, readout_scale=1.0):
    """Weights by name, each member's from a generator of its own."""
    drawn = [initial(generator(member), sizes, sigma, readout_scale) for member in range(members)]
    return stacked(drawn, dtype=dtype)


def generator(seed):
    return torch.Generator().manual_seed(seed)


def batch_of(sizes=SIZES, members=MEMBERS, samples=SAMPLES, dtype=torch.float64):
    g = generator(99)
    x = torch.randn(members, samples, sizes[0], generator=g, dtype=torch.float64)
    y = torch.randn(members, samples, sizes[-1], generator=g, dtype=torch.float64)
    return {"x": x.to(dtype), "y": y.to(dtype)}


def case(activation, sizes=SIZES, **options):
    """Weights, batch and the forward pass."""
    parameters, batch = weights_of(sizes, **options), batch_of(sizes)
    return parameters, batch, forward(parameters, batch["x"], activation)


def company(seeds=4):
    return Members.grid(seed=range(seeds))


def largest_difference(first, second):
    """Between tensors, or between what two mappings or sequences hold."""
    if isinstance(first, torch.Tensor):
        return float((first - second).abs().max())
    if isinstance(first, dict):
        return max(largest_difference(first[name], second[name]) for name in second)
    return max(largest_difference(a, b) for a, b in zip(first, second, strict=True))
