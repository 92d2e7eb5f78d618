"""The trajectory by itself, without derivatives: where it leaves the finite numbers, where it settles."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.dynamics.probing import OwnModel
from widthscope.errors import DynamicsError

LONGEST_PERIOD = 8
REST = {torch.float64: 1e-9, torch.float32: 1e-4}
"""A trajectory repeats itself if it comes back to within this share of the state's size."""


@dataclass(frozen=True)
class Trajectory:
    """What became of each state.

    Attributes:
        steps: how many were asked for.
        left: (batch,) the step whose result is the first that is not finite; 0 where all are finite.
        kind: of each state, "NaN" or "infinite" where it left the finite numbers, else "".
        period: (batch,) 1 at a fixed point, p if the last states repeat after p steps, 0 if they do not.
    """

    steps: int
    left: Tensor
    kind: tuple[str, ...]
    period: Tensor


def follow(model: OwnModel, steps: int) -> Trajectory:
    """Take the steps, with every requirement on shape, type and argument checked at each.

    Raises:
        DynamicsError: if the function breaks one of them, with the step.
    """
    state = model.rows
    left = torch.zeros(len(state), dtype=torch.int64)
    kind = [""] * len(state)
    last = [state]
    for step in range(1, steps + 1):
        try:
            state = model.update.checked(state)
        except DynamicsError as error:
            raise DynamicsError(f"at step {step} of the trajectory, {error}") from error
        gone = ~torch.isfinite(state).all(1) & (left == 0)
        for place in torch.nonzero(gone).ravel().tolist():
            kind[place] = "NaN" if bool(torch.isnan(state[place]).any()) else "infinite"
        left[gone] = step
        if bool((left > 0).all()):
            break
        last = [*last[-(LONGEST_PERIOD + 1) :], state]
    # Against the size at the start too: what vanishes comes to rest at zero.
    size = torch.maximum(last[-1].norm(dim=1), model.rows.norm(dim=1))
    period = _periods(last, REST[model.update.dtype] * size).masked_fill(left > 0, 0)
    return Trajectory(steps, left, tuple(kind), period)


def require_finite(model: OwnModel, trajectory: Trajectory, steps: int) -> None:
    """Refuse a trajectory that leaves the finite numbers within the first `steps`.

    Raises:
        DynamicsError: with the step, and how many steps come before it.
    """
    early = (trajectory.left > 0) & (trajectory.left <= steps)
    if not early.any():
        return
    place = int(torch.nonzero(early)[trajectory.left[early].argmin()])
    step = int(trajectory.left[place])
    which = f" of state {place}" if len(model.rows) > 1 else ""
    raise DynamicsError(
        f"{model.name} returns numbers that are {trajectory.kind[place]} at step {step} of the "
        f"trajectory{which}; --steps {step - 1} looks at what comes before"
    )


def _periods(last: Sequence[Tensor], close: Tensor) -> Tensor:
    """Shortest period of the last states, seen twice; `close` (batch,) is how near counts as the same."""
    found = torch.zeros(len(last[0]), dtype=torch.int64)
    for period in range(min(LONGEST_PERIOD, len(last) - 2), 0, -1):
        same = [(last[-k] - last[-k - period]).norm(dim=1) <= close for k in (1, 2)]
        found[same[0] & same[1]] = period
    return found
