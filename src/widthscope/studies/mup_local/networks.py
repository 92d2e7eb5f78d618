"""Random networks of the study, drawn once for each width and seed and shared by all parameterisations."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
import xarray as xr
from torch import Tensor

from widthscope.ensembles.parameters import stacked
from widthscope.models import mlp
from widthscope.models.mlp import Parameters
from widthscope.parameterisations.exponents import Exponents
from widthscope.streams import Name, torch_generator
from widthscope.width_sweeps.problems import digits_problem

ELEMENTS = 2**20
"""Weights of one kind that are held at once, 8 MB: about what fits a core's own cache and its neighbours'."""


@dataclass(frozen=True)
class Images:
    """Digits as vectors, seen by all members.

    Attributes:
        x: (1, N, D), centred, of root mean square 1 over all images.
        y: (1, N, C), one-hot less 1/C.
    """

    x: Tensor
    y: Tensor

    def of(self, members: int) -> tuple[Tensor, Tensor]:
        """x and y as views with a leading dimension of so many members."""
        return self.x.expand(members, -1, -1), self.y.expand(members, -1, -1)


def images(dataset: xr.Dataset, count: int, device: str = "cpu") -> Images:
    """The first `count` images of the split that all sweeps share, float64."""
    problem = digits_problem(dataset, train=count, test=1)
    return Images(problem.train_x[None].to(device), problem.train_y[None].to(device))


def members(
    names: Sequence[Name], width: int, seeds: int, layers: int, inputs: int, outputs: int, device: str = "cpu"
) -> Iterator[Parameters]:
    """All members of a width, some at a time, with the last layer's standard deviation M^(-1/2).

    Args:
        names: of the stream; depth, width and the member's number are added to it.
        width: M.
        seeds: how many members.
        layers: L.
        inputs: D.
        outputs: C.
        device: where they are to be.
    """
    sizes = mlp.sizes(inputs, width, outputs, layers)
    together = max(1, ELEMENTS // width**2)
    for first in range(0, seeds, together):
        drawn = [
            mlp.initial(torch_generator("mup_local", *names, layers, width, member), sizes)
            for member in range(first, min(first + together, seeds))
        ]
        yield stacked(drawn, device, torch.float64)


def parameterised(parameters: Parameters, exponents: Exponents, base: int, sigma: float = 1.0) -> Parameters:
    """The same draws with the last layer's initial scale of these exponents; other layers are shared."""
    last = mlp.layer_names(len(parameters))[-1]
    width = parameters[last].shape[-1]
    factor = exponents.readout_std(width, base, sigma) * width**0.5
    return {**parameters, last: parameters[last] * factor}
