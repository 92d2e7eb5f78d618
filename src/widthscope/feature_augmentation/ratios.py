"""Acceptance ratios: how often each position of a network gets the augmentation, and how that moves.

After a weight step the ratio of the position just used moves by the alignment of two gradients: the training
gradient before the step, with the augmentation, and the validation gradient after it, without
(arXiv:2408.13426; theory notes, 3.1). Only that ratio is incremented; the others move by the normalisation.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.errors import WidthscopeError

State = dict[str, Tensor]
"""`ratios` (member, position), and what a rule keeps between steps."""


class RatioError(WidthscopeError):
    """A rule of ratios has a setting that it cannot work with."""


def chosen_position(ratios: Tensor, uniform: Tensor) -> Tensor:
    """Positions drawn with the ratios as probabilities, (member,), from uniform numbers of [0, 1), (member,).

    Ratios, (member, position), need not sum to exactly one.
    """
    heights = ratios.cumsum(-1)
    passed = uniform.to(ratios.dtype)[..., None] * heights[..., -1:] >= heights
    return passed.sum(-1).clamp(max=ratios.shape[-1] - 1)


def moved(ratios: Tensor, increments: Tensor, floor: float | None = 0.1) -> Tensor:
    """Ratios after increments, both (member, position): added, clipped, then normalised, in this order.

    With K positions the clip is to [floor / K, 1 - floor / K]. Since the sum is taken afterwards, a ratio can
    end slightly below floor / K (theory notes, 3.1). Without a floor, None, nothing is clipped, which is not
    the same as a floor of 0: that still cuts a ratio which an increment brings above 1, and then normalises.
    A member without an increment keeps its ratios bit for bit.
    """
    clipped = ratios + increments
    if floor is not None:
        lowest = floor / ratios.shape[-1]
        clipped = clipped.clamp(lowest, 1 - lowest)
    normalised = clipped / clipped.sum(-1, keepdim=True)
    return torch.where((increments != 0).any(-1, keepdim=True), normalised, ratios)


@dataclass(frozen=True)
class RatioRule:
    """q_l <- q_l + rate G for the position l just used, with its clip.

    Attributes:
        rate: eta_q, a number or one for each member, (member,); a negative one turns the rule round.
        floor: delta, of which each position keeps its share floor / K; None clips nothing.
        interval: steps whose increments are gathered and applied as their mean.
        decay: of the running mean of G^2 by whose root G is divided (over all positions used); None for G
            itself. The running mean starts at zero and is not corrected for that.
    """

    rate: Tensor | float = 0.1
    floor: float | None = 0.1
    interval: int = 1
    decay: float | None = None

    def __post_init__(self) -> None:
        # Those of members are not looked at: on a device that would wait for it, at every step.
        if not isinstance(self.rate, Tensor) and not math.isfinite(self.rate):
            raise RatioError(f"the rate of ratios must be finite, not {self.rate}")
        if self.floor is not None and not 0 <= self.floor < 1:
            raise RatioError(f"the floor of ratios must be at least 0 and below 1, not {self.floor}")
        if not isinstance(self.interval, int) or self.interval < 1:
            raise RatioError(f"ratios must move every so many whole steps, at least 1, not {self.interval}")
        if self.decay is not None and not 0 <= self.decay < 1:
            raise RatioError(
                f"the decay of squared alignments must be at least 0 and below 1, not {self.decay}"
            )

    def initial(self, members: int, positions: int, dtype: torch.dtype = torch.float64) -> State:
        """Equal ratios of all positions, (member, position), and empty memories."""
        state = {"ratios": torch.full((members, positions), 1 / positions, dtype=dtype)}
        if self.interval > 1:
            state["gathered"] = torch.zeros(members, positions, dtype=dtype)
        if self.decay is not None:
            state["mean_square"] = torch.zeros(members, dtype=dtype)
        return state

    def after(self, state: State, step: int, position: Tensor, alignment: Tensor) -> State:
        """The state after a step.

        Args:
            state: as from `initial`.
            step: counted from 0; ratios move after steps interval - 1, 2 interval - 1, ...
            position: used at this step, (member,).
            alignment: G, (member,).

        Raises:
            RatioError: if the state is that of a rule with other memories.
        """
        needed = [*["gathered"] * (self.interval > 1), *["mean_square"] * (self.decay is not None)]
        if missing := [name for name in needed if name not in state]:
            raise RatioError(
                f"the state of ratios has no {missing[0]}; it must be from this rule's `initial`"
            )
        ratios = state["ratios"]
        following = dict(state)
        size = alignment.to(ratios.dtype)
        if self.decay is not None:
            mean_square = self.decay * state["mean_square"] + (1 - self.decay) * size * size
            following["mean_square"] = mean_square
            size = torch.where(mean_square > 0, size / mean_square.sqrt(), 0.0)
        places = torch.arange(ratios.shape[-1], device=ratios.device)
        increments = torch.where(places == position[:, None], (self.rate * size)[:, None], 0.0)
        if self.interval > 1:
            gathered = state["gathered"] + increments
            last = step % self.interval == self.interval - 1
            following["gathered"] = torch.zeros_like(gathered) if last else gathered
            if not last:
                return following
            increments = gathered / self.interval
        following["ratios"] = moved(ratios, increments, self.floor)
        return following
