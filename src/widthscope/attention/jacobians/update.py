"""The dense Jacobian of one step."""

from torch import Tensor

from widthscope.attention.jacobians.assembly import assembled
from widthscope.attention.jacobians.linearised import Linearised
from widthscope.models.recurrence.attention import Parameters
from widthscope.models.recurrence.rule import Rule


def update_jacobian(rule: Rule, parameters: Parameters, state: Tensor, drive: Tensor) -> Tensor:
    """J_F, the derivative of the `update` of `models.recurrence` in its state (theory notes 3.2).

    Args:
        parameters, state, drive: as `update` takes them; float64 where digits matter.

    Returns:
        (member, batch, token * width, token * width): index i * width + a is coordinate a of token i. One
        state needs 8 (token * width)^2 bytes.

    Raises:
        RecurrenceError: if the width does not split into oscillators.
    """
    return dense(Linearised.at(rule, parameters, state, drive))


def dense(step: Linearised, with_norm: bool = True) -> Tensor:
    """A linearised step as a matrix, without the last norm's derivative where that is left out."""
    return assembled(
        step.attention,
        step.step,
        before=step.inner,
        after=step.projection,
        own=step.own_blocks(),
        last=step.outer if with_norm else None,
    )
