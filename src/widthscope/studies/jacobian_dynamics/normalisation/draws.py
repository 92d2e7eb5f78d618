"""Draws of the width limit's model: one member for each sample, on its own stream."""

from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.attention.jacobians.dynamics import RecurrentDynamics
from widthscope.ensembles.parameters import Parameters, stacked
from widthscope.models.recurrence.initial import initial, relative_drive, sphere_tokens
from widthscope.models.recurrence.rule import Norm, Rule
from widthscope.streams import Name, torch_generator
from widthscope.studies.jacobian_dynamics.normalisation.theory import FloatArray


@dataclass(frozen=True)
class Draws:
    """Weights, tokens and directions of the drive of all samples, of which experiments take what they vary.

    Attributes:
        parameters: (sample, ...), as from `initial`, with step 1.
        tokens: (sample, 1, token, width) unit vectors.
        directions: (sample, 1, token, width) unit vectors, independent of the tokens.
        tangents: (sample, token * width) random directions that iterations start from.
    """

    parameters: Parameters
    tokens: Tensor
    directions: Tensor
    tangents: Tensor

    def dynamics(
        self, norm: Norm, tokens: int, step: float, kappa: float = 0.0, gain: float = 1.0
    ) -> RecurrentDynamics:
        """The update of all samples with the first tokens, a step size, a relative drive and a gain."""
        parameters = {**self.parameters, "step": torch.full_like(self.parameters["step"], step)}
        if norm == "none":
            del parameters["gain"]
        else:
            parameters["gain"] = torch.full_like(self.parameters["gain"], gain)
        return RecurrentDynamics(Rule(norm=norm), parameters, kappa * self.directions[:, :, :tokens])

    def state(self, tokens: int, length: float = 1.0) -> Tensor:
        """The first tokens with a length, flattened (sample, token * width)."""
        return length * self.tokens[:, :, :tokens].flatten(1)

    def start(self, tokens: int) -> Tensor:
        """Tangents for states of that many tokens, (sample, token * width)."""
        return self.tangents[:, : tokens * self.tokens.shape[-1]]

    def value_product(self) -> FloatArray:
        """B = W_V W_O of each sample (sample, width, width), acting on a row: x -> x B."""
        product = torch.einsum("mhda,mhdb->mab", self.parameters["value"], self.parameters["output"])
        return product.cpu().numpy()


def draw(
    names: tuple[Name, ...], samples: int, width: int, heads: int, tokens: int, device: str = "cpu"
) -> Draws:
    """All samples of a width on a device, each drawn on the stream of `names`, the width and its number."""
    members, others = [], []
    for sample in range(samples):
        generator = torch_generator("jacobian_dynamics", *names, width, sample)
        members.append(initial(Rule(), generator, width, heads))
        state = sphere_tokens(generator, 1, tokens, width)
        directions = relative_drive(generator, state, 1.0)
        tangent = torch.randn(tokens * width, generator=generator, dtype=torch.float64)
        others.append((state, directions, tangent))
    joined = (torch.stack(one).to(device) for one in zip(*others, strict=True))
    return Draws(stacked(members, device, torch.float64), *joined)
