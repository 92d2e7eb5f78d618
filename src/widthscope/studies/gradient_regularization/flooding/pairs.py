"""Two consecutive steps of flooding against one step of finite-difference gradient regularisation.

    descent, then ascent:   theta_{t+2} - theta_t = -eta^2 Delta_B(eta),
    ascent, then descent:   theta_{t+2} - theta_t = -eta^2 Delta_F(eta),

with Delta_B(eta) = Delta_F(-eta) = (g(theta) - g(theta - eta g)) / eta (theory notes 3.5).
"""

import torch
from torch import Tensor

from widthscope.ensembles.gradient_step import Batch, in_groups
from widthscope.ensembles.parameters import Parameters
from widthscope.gradient_regularisation.differences import Gradient, one_sided, shaped
from widthscope.gradient_regularisation.ensemble_steps import member_norms
from widthscope.gradient_regularisation.flooding import FloodingStep, signs

ORDERS = {"descent-ascent": 1.0, "ascent-descent": -1.0}
"""Sign of the first step of a pair."""

NAMES = ("right", "swapped", "same_sign", "relative")

UNIT = 2.0**-53
"""Half the distance of 1 to the next number, of float64."""


def compared(step: FloodingStep, rates: Tensor, parameters: Parameters, batch: Batch) -> dict[str, Tensor]:
    """How far a pair of steps from these parameters is from the formula, by name (member, order), in float64.

    `right`, `swapped` and `same_sign` are Euclidean distances over `rounding`: of the pair from its formula,
    of the pair from the formula of the other order, and of two steps that both have the first one's sign from
    the formula. `relative` is the first distance over the length of what the pair moves. NaN for a member
    whose two steps are not in that order, as where both have one sign.

    Args:
        step: one update, without momentum, on the whole batch.
        rates: learning rates (member,).
        parameters: theta_t, float64.
        batch: of both steps.
    """

    def gradient(values: Parameters) -> Parameters:
        return in_groups(step.loss, values, batch, step.at_once)[1]

    between, _, losses = step(parameters, {}, batch, 0)
    after, _, losses_between = step(between, {}, batch, 1)
    first, second = signs(losses, step.level), signs(losses_between, step.level)
    direction = torch.where(first == 0, 1.0, first)
    g = gradient(parameters)
    moved = difference(after, parameters)
    formula = predicted(gradient, parameters, g, -direction * rates, rates)
    other = predicted(gradient, parameters, g, direction * rates, rates)
    g_between = gradient(between)
    # Twice the first step's sign: the second gradient is that at theta_{t+1} all the same.
    twice = {
        name: value - shaped(direction * rates, value) * g_between[name] for name, value in between.items()
    }
    bound = rounding(between, after, g, g_between, rates)
    found = {
        "right": member_norms(difference(moved, formula)) / bound,
        "swapped": member_norms(difference(moved, other)) / bound,
        "same_sign": member_norms(difference(difference(twice, parameters), formula)) / bound,
        "relative": member_norms(difference(moved, formula)) / member_norms(moved),
    }
    alternate = first * second < 0
    orders = torch.stack([alternate & (first == sign) for sign in ORDERS.values()], dim=1)
    return {name: torch.where(orders, value[:, None], torch.nan) for name, value in found.items()}


def predicted(
    gradient: Gradient, parameters: Parameters, g: Parameters, ascent: Tensor, rates: Tensor
) -> Parameters:
    """-eta^2 times the one-sided difference at this signed ascent."""
    values = one_sided(gradient, parameters, g, ascent)
    return {name: value * shaped(-rates * rates, value) for name, value in values.items()}


def difference(values: Parameters, others: Parameters) -> Parameters:
    """values - others."""
    return {name: value - others[name] for name, value in values.items()}


def rounding(
    between: Parameters, after: Parameters, g: Parameters, g_between: Parameters, rates: Tensor
) -> Tensor:
    """Largest distance of a pair from its formula that rounding allows, (member,).

    Each update rounds its product and its sum: to u |theta_{t+1}|, u |theta_{t+2}| and u eta |g|, in each
    entry. Both ways then subtract, divide and multiply a few numbers of the size of eta g; the difference's
    point is theta_{t+1} to the last bit, so that the gradients are the same numbers. Euclidean norms, by the
    triangle inequality; eight roundings of eta g stand for the six that there are.
    """
    steps = rates * (member_norms(g) + member_norms(g_between))
    return UNIT * (member_norms(between) + member_norms(after) + 8 * steps)
