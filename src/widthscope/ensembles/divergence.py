"""Members that diverge: frozen where they were last finite, while the others go on as if nothing happened."""

from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.ensembles.parameters import Parameters, column

NEVER = -1


@dataclass
class Divergence:
    """Which members still train.

    Attributes:
        diverged_at: for each member (member,) the step whose loss or new parameters were not finite, else -1.
    """

    diverged_at: Tensor

    @classmethod
    def none(cls, members: int, device: torch.device) -> "Divergence":
        """No member has diverged."""
        return cls(torch.full((members,), NEVER, dtype=torch.int64, device=device))

    @property
    def alive(self) -> Tensor:
        """Whether each member still trains, (member,)."""
        return self.diverged_at == NEVER

    def keep(self, old: Parameters, new: Parameters, losses: Tensor, step: int) -> Parameters:
        """The new parameters where a member's loss and new parameters are finite, else its old ones.

        A gradient that is not finite shows in the new parameters.
        """
        finite = losses.isfinite() & finite_members(new)
        self.diverged_at[self.alive & ~finite] = step
        alive = self.alive
        if bool(alive.all()):
            return new
        return {name: torch.where(column(alive, value), value, old[name]) for name, value in new.items()}


def finite_members(parameters: Parameters) -> Tensor:
    """Whether all of a member's parameters are finite, (member,)."""
    # Largest and smallest are NaN where there is a NaN; together they are faster than `isfinite` or a norm.
    ends = [
        end.isfinite()
        for value in parameters.values()
        for end in (value.reshape(len(value), -1).amax(dim=1), value.reshape(len(value), -1).amin(dim=1))
    ]
    return torch.stack(ends).all(dim=0)
