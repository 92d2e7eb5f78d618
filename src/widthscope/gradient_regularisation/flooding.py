"""Flooding: descend while the loss is above a level, ascend while it is below (arXiv:2002.08709).

The step of |L - b| + b. Two steps of opposite signs are one step of gradient regularisation by a finite
difference whose length is the learning rate, exactly and for any loss (theory notes 3.5, after
arXiv:2210.02720):

    descent, then ascent:   theta_{t+2} = theta_t - eta^2 Delta_B(eta)
    ascent, then descent:   theta_{t+2} = theta_t - eta^2 Delta_F(eta)
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from widthscope.ensembles.gradient_step import Batch, Loss, in_groups
from widthscope.ensembles.optimisers import Optimiser, State
from widthscope.ensembles.parameters import Parameters, column
from widthscope.ensembles.schedules import Schedule, constant
from widthscope.errors import WidthscopeError


class FloodingError(WidthscopeError):
    """A level that no loss can reach from both sides."""


@dataclass(frozen=True)
class FloodingStep:
    """Gradient of |L - b| of each member, then the optimiser; a `gradient_step.Step`.

    The losses that it returns are those of L, not of |L - b|.

    Attributes:
        loss: (parameters, batch) -> (member,), each member's loss from its own slices alone.
        level: b, a finite number or one for each member (member,); at the level itself nothing moves.
        optimiser: what to do with the gradients.
        schedule: factor of the learning rate by step.
        at_once: as in `gradient_step.GradientStep`.
    """

    loss: Loss
    level: float | Tensor
    optimiser: Optimiser
    schedule: Schedule = field(default_factory=constant)
    at_once: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be a level.

        Raises:
            FloodingError: if a level is not finite.
        """
        if not bool(torch.isfinite(torch.as_tensor(self.level)).all()):
            raise FloodingError(f"flooding level {self.level} must be finite")

    def start(self, parameters: Parameters) -> State:
        """The optimiser's state before the first update."""
        return self.optimiser.start(parameters)

    def __call__(
        self, parameters: Parameters, state: State, batch: Batch, step: int
    ) -> tuple[Parameters, State, Tensor]:
        """One update; see `gradient_step.Step`."""
        losses, gradients = in_groups(self.loss, parameters, batch, self.at_once)
        turn(gradients, signs(losses, self.level))
        new = self.optimiser.update(parameters, gradients, state, self.schedule(step), step)
        return new, state, losses


def signs(losses: Tensor, level: float | Tensor) -> Tensor:
    """sign(L - b) of each member: 1 descends, -1 ascends; NaN of a loss that is not a number."""
    difference = losses - torch.as_tensor(level, dtype=losses.dtype, device=losses.device)
    return torch.where(difference.isnan(), difference, difference.sign())


def turn(gradients: Parameters, directions: Tensor) -> None:
    """Multiply each member's gradient, in place, by its number (member,)."""
    for value in gradients.values():
        value.mul_(column(directions.to(value), value))
