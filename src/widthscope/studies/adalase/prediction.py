"""What a batch-normalised network says at the end of training, in float64.

Batch normalisation uses the moments of the images that were trained on, without augmentation, at the final
weights. The usual running averages are over minibatches, which are augmented, and over weights of the past:
after a few hundred steps they would measure the schedule as well as the network.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from widthscope.ensembles.parameters import Parameters
from widthscope.models.normalisation import Population
from widthscope.studies.adalase.networks import Network, unchanged

CHUNK = 512
"""Images whose moments are found at once."""

MOST = 4096
"""Images of a training set whose moments are used, the first ones: more would hardly change them."""


@dataclass
class NormalisedPrediction:
    """Logits of one network's members; moments are found once for parameters that are asked for again.

    Attributes:
        network: which.
    """

    network: Network
    _of: Parameters | None = field(default=None, init=False, repr=False)
    _values: Parameters = field(default_factory=dict, init=False, repr=False)
    _population: Population = field(default_factory=Population, init=False, repr=False)

    def __call__(self, parameters: Parameters, x: Tensor, trained_on: Tensor) -> Tensor:
        """Logits (member, N, classes), float64, without gradients.

        Args:
            parameters: (member, ...) by name.
            x: images (member, N, ...).
            trained_on: images (member, N', ...) whose moments are used, the same at every call for these
                parameters.
        """
        with torch.no_grad():
            if self._of is not parameters:
                self._of, self._population = parameters, Population()
                self._values = {name: value.double() for name, value in parameters.items()}
                for part in torch.split(trained_on[:, :MOST], CHUNK, dim=1):
                    self.network.forward(self._values, part.double(), unchanged, self._population)
            return self.network.forward(self._values, x.double(), unchanged, self._population.moments)
