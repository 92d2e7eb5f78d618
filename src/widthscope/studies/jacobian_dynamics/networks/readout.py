"""From the last state to logits (theory notes 2; arXiv:2410.13821 has it for its oscillators)."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.ensembles.parameters import Parameters

LAYERS = ("read_first", "read_second", "read_third", "read_last")


@dataclass(frozen=True)
class Readout:
    """Lengths of groups of projections, then a small network.

    A token x becomes y = (|W_1 x|, ..., |W_D x|) + b with maps W_d to `channels` numbers; then r = y +
    L_2 relu(L_1 relu(y)), and the logits are L_4 relu(L_3 relu(r)).

    Attributes:
        classes: what is told apart.
        channels: N', numbers in a group.
        pooled: whether y is averaged over the tokens, for one answer to each input.
    """

    classes: int
    channels: int = 4
    pooled: bool = False

    def initial(self, generator: torch.Generator, width: int) -> Parameters:
        """One member's parameters, float64.

        `read_project` (channels * width, width) and the four layers `read_*` (out, in), N(0, 1 / in) or,
        behind a relu, N(0, 2 / in); biases `read_bias` and `read_*_bias` 0.
        """
        shapes = {name: (self.classes if name == LAYERS[-1] else width, width) for name in LAYERS}
        found = {"read_project": _normal(generator, self.channels * width, width)}
        found |= {name: math.sqrt(2) * _normal(generator, *shape) for name, shape in shapes.items()}
        found["read_bias"] = torch.zeros(width, dtype=torch.float64)
        found |= {f"{name}_bias": torch.zeros(out, dtype=torch.float64) for name, (out, _) in shapes.items()}
        return found

    def logits(self, parameters: Parameters, state: Tensor) -> Tensor:
        """Of a state (member, batch, token, width): (member, batch, token, class), or (member, batch, class)
        where pooled."""
        member, batch, token, width = state.shape
        projected = state.reshape(member, batch * token, width) @ parameters["read_project"].mT
        squares = projected.square().reshape(member, batch * token, width, self.channels).sum(dim=-1)
        y = (squares + torch.finfo(squares.dtype).tiny).sqrt() + parameters["read_bias"][:, None]
        if self.pooled:
            y = y.reshape(member, batch, token, width).mean(dim=2)
        inner = _layer(parameters, "read_first", torch.relu(y))
        r = y + _layer(parameters, "read_second", torch.relu(inner))
        hidden = _layer(parameters, "read_third", torch.relu(r))
        found = _layer(parameters, "read_last", torch.relu(hidden))
        return found if self.pooled else found.reshape(member, batch, token, self.classes)


def _layer(parameters: Parameters, name: str, x: Tensor) -> Tensor:
    """W x + b of rows x (member, row, in)."""
    return torch.baddbmm(parameters[f"{name}_bias"][:, None], x, parameters[name].mT)


def _normal(generator: torch.Generator, *shape: int) -> Tensor:
    return torch.randn(shape, generator=generator, dtype=torch.float64) / math.sqrt(shape[-1])
