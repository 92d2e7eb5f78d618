"""Many tangents through one step without any matrix, and how many directions a step loses exactly."""

from torch import Tensor

from widthscope.attention.jacobians.linearised import Linearised
from widthscope.models.recurrence.attention import Parameters
from widthscope.models.recurrence.rule import Rule


def update_jvp(rule: Rule, parameters: Parameters, state: Tensor, drive: Tensor, tangents: Tensor) -> Tensor:
    """J_F v of k tangents at each state (theory notes 3.2, "analytic JVP").

    Args:
        parameters, state, drive: as `models.recurrence.update.update` takes them.
        tangents: (member, batch, k, token, width).

    Returns:
        the shape of `tangents`.
    """
    return Linearised.at(rule, parameters, state, drive).forward(tangents)


def update_vjp(
    rule: Rule, parameters: Parameters, state: Tensor, drive: Tensor, cotangents: Tensor
) -> Tensor:
    """J_F^T u of k cotangents at each state; arguments and shapes as in `update_jvp`."""
    return Linearised.at(rule, parameters, state, drive).transposed(cotangents)


def null_directions(rule: Rule, tokens: int, width: int) -> int:
    """Dimension of the exact null space of J_F's transpose: exponents that are -inf at any parameters.

    A norm after the step takes one direction from each token, `ln` two, oscillators one from each of them.
    Without a norm, or with one before attention, none is lost (theory notes 3.3).

    Raises:
        RecurrenceError: if the width does not split into oscillators.
    """
    rule.check_width(width)
    if rule.model == "akorn":
        return tokens * (width // rule.oscillator)
    if rule.place == "pre" or rule.norm == "none":
        return 0
    return tokens * min(width, 2 if rule.norm == "ln" else 1)
