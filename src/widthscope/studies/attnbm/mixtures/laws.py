"""Laws of the data: mixtures of unit Gaussians."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.boltzmann.expectation_maximisation import Mixture, machine_of
from widthscope.boltzmann.mixture import Machine
from widthscope.streams import Name, torch_generator

STUDY = "attnbm"


@dataclass(frozen=True)
class Law:
    """A mixture of K equally likely unit Gaussians in N dimensions, with means N(0, spread^2 I).

    Attributes:
        means: (component, visible), float64.
        key: names of the streams that draw from it.
    """

    means: Tensor
    key: tuple[Name, ...]

    @classmethod
    def of(cls, components: int, visible: int, spread: float, key: tuple[Name, ...]) -> "Law":
        """The law of these names: the means' directions are the same at any spread."""
        generator = torch_generator(*key, "means")
        return cls(spread * torch.randn(components, visible, generator=generator, dtype=torch.float64), key)

    def draw(self, count: int, purpose: str) -> Tensor:
        """Examples (count, visible), float64; those of another purpose or count are independent."""
        generator = torch_generator(*self.key, purpose, count)
        centres = torch.randint(len(self.means), (count,), generator=generator)
        noise = torch.randn(count, self.means.shape[1], generator=generator, dtype=torch.float64)
        return self.means[centres] + noise

    def mixture(self) -> Mixture:
        """The law itself."""
        count = len(self.means)
        return Mixture(self.means, torch.full((count,), -math.log(count), dtype=torch.float64))

    def machine(self) -> Machine:
        """The attentional machine whose density is the law's."""
        return Machine.of(machine_of(self.mixture()))


def stacked_mixtures(mixtures: Sequence[Mixture]) -> Mixture:
    """Several as one, with a leading dimension."""
    return Mixture(
        torch.stack([each.means for each in mixtures]), torch.stack([each.log_mixing for each in mixtures])
    )
