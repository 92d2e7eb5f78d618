"""Random weights and tokens at initialisation, and attention's Jacobian as a map that is applied."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.attention.jacobians.dynamics import RecurrentDynamics
from widthscope.ensembles.parameters import stacked
from widthscope.models.recurrence.initial import initial, sphere_tokens
from widthscope.models.recurrence.rule import Norm, Rule
from widthscope.streams import Name, torch_generator

Apply = Callable[[Tensor], Tensor]

ALONE = Rule(norm="none")
"""Attention with nothing after it: the rule of one step is X + eta MSA(X)."""


@dataclass(frozen=True)
class Draw:
    """Weights and tokens of several members, one state each.

    Attributes:
        parameters: as of `models.recurrence.initial`, with a leading dimension member.
        directions: unit tokens (member, 1, token, width), float64.
        start: (member, token * width), where iterations begin.
    """

    parameters: dict[str, Tensor]
    directions: Tensor
    start: Tensor

    @property
    def width(self) -> int:
        """D."""
        return self.directions.shape[-1]

    def tokens(self, norm: Norm) -> Tensor:
        """Tokens of length 1 (`unit`) or sqrt(D) (`rms`)."""
        return self.directions if norm == "unit" else self.directions * self.width**0.5

    def products(self) -> Tensor:
        """B = sum_h W_V,h^T W_O,h of each member (member, D, D), acting on tokens as rows."""
        return self.parameters["value"].flatten(1, 2).mT @ self.parameters["output"].flatten(1, 2)


def draw(names: Sequence[tuple[Name, ...]], width: int, heads: int, tokens: int, device: str = "cpu") -> Draw:
    """One member for each name of a random stream, with sigma = 1 and step size 1."""
    members, states, starts = [], [], []
    for name in names:
        generator = torch_generator("jacobian_dynamics", *name)
        members.append(initial(ALONE, generator, width, heads))
        states.append(sphere_tokens(generator, 1, tokens, width))
        starts.append(torch.randn(tokens * width, generator=generator, dtype=torch.float64))
    return Draw(
        stacked(members, device, torch.float64),
        torch.stack(states).to(device),
        torch.stack(starts).to(device),
    )


def stepped(drawn: Draw, norm: Norm, step: float) -> tuple[RecurrentDynamics, Tensor]:
    """One step without drive that ends in a norm, as dynamics, and its flattened states (member, n)."""
    tokens = drawn.tokens(norm)
    parameters = {**drawn.parameters, "step": torch.full_like(drawn.parameters["step"], step)}
    return RecurrentDynamics(Rule(norm=norm), parameters, torch.zeros_like(tokens)), tokens.flatten(
        0, 1
    ).flatten(1)


def attention_maps(drawn: Draw, norm: Norm) -> tuple[Apply, Apply]:
    """J_MSA and its transpose on k vectors (member, k, n), at tokens of one of the two lengths.

    The step without a norm, of size 1, has the Jacobian I + J_MSA.
    """
    tokens = drawn.tokens(norm)
    dynamics = RecurrentDynamics(ALONE, drawn.parameters, torch.zeros_like(tokens))
    state = tokens.flatten(0, 1).flatten(1)
    return (
        lambda vectors: dynamics.jvp(state, vectors) - vectors,
        lambda vectors: dynamics.vjp(state, vectors) - vectors,
    )
