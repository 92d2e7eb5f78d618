"""Networks compared at one training loss: each is followed to the two updates that bracket it.

After a number of updates different methods stand at different losses, and gradients and curvature change with
the loss far more than between methods; the first iterate below the loss overshoots it by as much as the
methods differ. So a quantity is measured at the last iterate above the loss and at the first that is not, and
interpolated linearly in the loss. Source: theory notes 4.4 and 6, trap 7.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.ensembles.gradient_step import Batch, Step
from widthscope.ensembles.optimisers import State
from widthscope.ensembles.parameters import Parameters, column

BEFORE = "before "
"""Begins the names under which a member's previous iterate travels among the parameters."""


@dataclass(frozen=True)
class UntilLoss:
    """A `gradient_step.Step` after which each member stands still once its loss is at most the target.

    The batch must be the same at every step, and the parameters those of `with_previous`. Once all members
    stand still, a step costs nothing.

    Attributes:
        step: what moves the members.
        target: loss at which a member stops, above 0.

    Raises:
        ValueError: unless the target is above 0.
    """

    step: Step
    target: float

    def __post_init__(self) -> None:
        if not self.target > 0:
            raise ValueError(f"target {self.target} must be a loss above 0")

    def start(self, parameters: Parameters) -> State:
        """The inner step's state, and the last losses (member,), infinite before the first step."""
        inner = current(parameters)
        first = next(iter(inner.values()))
        losses = torch.full((len(first),), torch.inf, dtype=torch.float64, device=first.device)
        return {"inner": self.step.start(inner), "until": {"losses": losses}}

    def __call__(
        self, parameters: Parameters, state: State, batch: Batch, step: int
    ) -> tuple[Parameters, State, Tensor]:
        """See `gradient_step.Step`."""
        known: Tensor = state["until"]["losses"]
        if bool((known <= self.target).all()):
            return parameters, state, known
        now = current(parameters)
        moved, inner, losses = self.step(now, state["inner"], batch, step)
        stands = losses <= self.target
        new = {}
        for name, value in now.items():
            rests = column(stands, value)
            new[name] = torch.where(rests, value, moved[name])
            new[BEFORE + name] = torch.where(rests, parameters[BEFORE + name], value)
        return new, {"inner": inner, "until": {"losses": losses.double()}}, losses


def with_previous(parameters: Parameters) -> Parameters:
    """Initial parameters for `UntilLoss`: beside each one its previous value, at first the same."""
    return {**parameters, **{BEFORE + name: value.clone() for name, value in parameters.items()}}


def current(parameters: Parameters) -> Parameters:
    """Where the members stand: once stopped, the first iterate whose loss is at most the target."""
    return {name: value for name, value in parameters.items() if not name.startswith(BEFORE)}


def previous(parameters: Parameters) -> Parameters:
    """The iterate before that of `current`."""
    return {name.removeprefix(BEFORE): value for name, value in parameters.items() if name.startswith(BEFORE)}


def interpolated(target: float, losses: Tensor, values: Tensor) -> Tensor:
    """Values (member,) at the loss `target`, linear in the loss between the two iterates of each member.

    Args:
        target: the loss.
        losses: (2, member) at the previous and the current iterate, in the precision of the values.
        values: (2, member) there.

    Returns:
        NaN where a member's two losses do not bracket the target: it never came so far, or began below it. A
        current loss that is above the target by rounding, 1e-5 of it, counts as bracketing.
    """
    above, below = losses
    brackets = (above > target) & (below <= target * (1 + 1e-5))
    share = (above - target) / torch.where(brackets, above - below, 1.0)
    return torch.where(brackets, values[0] + share * (values[1] - values[0]), torch.nan)
