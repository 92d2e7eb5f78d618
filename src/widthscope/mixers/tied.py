"""Each block's four matrices from what is trained: free, tied to their transposes, or tied with an addition.

Trained are ``token`` (member, block, Hs, S) and ``channel`` (member, block, Hc, C). Unless they are tied,
``token_back`` (member, block, S, Hs) and ``channel_back`` (member, block, C, Hc) are too: the backward
matrices, or what is added to the transposes.
"""

import math

import torch
from torch import Tensor

from widthscope.ensembles.parameters import Parameters
from widthscope.mixers.designs import Arm, Shape
from widthscope.mixers.parallel import Couplings

PAIRS = ("token", "channel")


def draw(arm: Arm, shape: Shape, generator: torch.Generator) -> Parameters:
    """One member's mixing matrices in float64, Xavier-uniform: (block, ...) by name, as the module says.

    Forward matrices are drawn before all backward ones: arms of one widening share them where they share a
    stream.
    """
    sizes = {
        "token": (arm.widening * shape.token_hidden, shape.tokens),
        "channel": (arm.widening * shape.channel_hidden, shape.channels),
    }
    drawn = {name: _xavier(shape.blocks, *size, generator) for name, size in sizes.items()}
    if arm.backward == "tied":
        return drawn
    for name, (hidden, visible) in sizes.items():
        if arm.start == "tied":
            drawn[f"{name}_back"] = arm.sign * drawn[name].mT.contiguous()
        else:
            drawn[f"{name}_back"] = _xavier(shape.blocks, visible, hidden, generator)
    return drawn


def couplings(arm: Arm, parameters: Parameters) -> list[Couplings]:
    """Every block's matrices, with which the forward pass and the energies are computed."""
    token, channel = parameters["token"], parameters["channel"]
    rows = zip(
        token.unbind(1),
        backward(arm, parameters, "token").unbind(1),
        channel.unbind(1),
        backward(arm, parameters, "channel").unbind(1),
        strict=True,
    )
    return [Couplings(*row) for row in rows]


def backward(arm: Arm, parameters: Parameters, pair: str) -> Tensor:
    """Backward matrices (member, block, visible, hidden) of all blocks' `pair`, "token" or "channel"."""
    if arm.backward == "free":
        return parameters[f"{pair}_back"]
    tied = arm.sign * parameters[pair].mT
    return tied if arm.backward == "tied" else tied + parameters[f"{pair}_back"]


def breaking(parameters: Parameters) -> Tensor:
    """Sum of squares of all that is added to the transposes, (member,): without a factor 1/2.

    Source: theory notes, section 2.
    """
    return sum((parameters[f"{pair}_back"].square().sum((1, 2, 3)) for pair in PAIRS), start=torch.zeros(()))


def _xavier(blocks: int, rows: int, columns: int, generator: torch.Generator) -> Tensor:
    limit = math.sqrt(6 / (rows + columns))
    uniform = torch.rand(blocks, rows, columns, generator=generator, dtype=torch.float64)
    return limit * (2 * uniform - 1)
