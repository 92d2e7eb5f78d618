"""A network all of whose positions are its input: a null of every claim that ratios follow quality."""

from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.ensembles.parameters import Parameters
from widthscope.models.normalisation import Normalise, of_batch
from widthscope.studies.adalase.networks import Between, Network, unchanged


@dataclass(frozen=True)
class VirtualPositions:
    """A network with several positions that are one and the same.

    Each position that is chosen augments the input, so that none is better than another, and ratios move by
    their noise alone (theory notes 4.4).

    Attributes:
        network: which.
        positions: how many there are to choose from.
    """

    network: Network
    positions: int

    def initial(self, generator: torch.Generator) -> Parameters:
        """The network's own."""
        return self.network.initial(generator)

    def forward(
        self,
        parameters: Parameters,
        x: Tensor,
        between: Between = unchanged,
        normalise: Normalise = of_batch,
    ) -> Tensor:
        """Logits (member, N, classes) at x, which passes all positions before the network."""
        for position in range(self.positions):
            x = between(position, x)
        return self.network.forward(parameters, x, unchanged, normalise)
