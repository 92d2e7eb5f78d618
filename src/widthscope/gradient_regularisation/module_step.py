"""Gradient regularisation of any Torch module, loss and optimiser, in a user's own training loop.

    for x, y in batches:
        gradient_regularised_step(
            model, lambda: cross_entropy(model(x), y), optimiser, strength=0.3, ascent=0.5
        )

Source: theory notes 3.1, after arXiv:2210.02720; sharpness-aware minimisation: arXiv:2010.01412. Uses and
limits: docs/gradient_regularisation.md. For many models at once: `ensemble_steps`.
"""

import math
from collections.abc import Iterable
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from widthscope.gradient_regularisation.errors import GradientRegularisationError
from widthscope.gradient_regularisation.module_checks import (
    checked_optimiser,
    checked_parameters,
    trained_by,
)
from widthscope.gradient_regularisation.module_gradients import (
    Closure,
    displaced_gradients,
    gradients,
    inverse_norm,
    leave,
    mixed,
    penalised_gradients,
    plus_multiple,
    second_alone,
)
from widthscope.gradient_regularisation.module_state import Surroundings

Difference = Literal["forward", "backward", "centred", "exact"]


def gradient_regularised_step(
    model: nn.Module,
    loss: Closure,
    optimiser: torch.optim.Optimizer,
    *,
    strength: float,
    ascent: float | None = None,
    difference: Difference = "forward",
) -> Tensor:
    """One step of the optimiser on loss + (strength / 2) |gradient|^2.

    To clip the gradient before the step, call `regularised_gradients` instead. The norm is that of the
    parameters that the optimiser trains. Its momentum, weight decay and schedule act on the regularised
    gradient, which is left in `.grad`.

    Args:
        model: any module; all trained parameters must be in it.
        loss: the closure; called once ("exact"), twice, or three times ("centred") on the same batch.
        optimiser: any of `torch.optim` whose `step` needs no closure.
        strength: at least 0; 0 is a plain step.
        ascent: length of the step along the gradient before the second evaluation, not divided by its norm,
            above 0; for "exact" there is none.
        difference: "forward" ascends, "backward" descends, "centred" does both, "exact" differentiates twice.

    Returns:
        the loss before the step.

    Raises:
        GradientRegularisationError: if an argument cannot work.
    """
    checked_optimiser(optimiser, model)
    value = regularised_gradients(
        model, loss, strength=strength, ascent=ascent, difference=difference, parameters=trained_by(optimiser)
    )
    optimiser.step()
    return value


def sharpness_aware_step(
    model: nn.Module,
    loss: Closure,
    optimiser: torch.optim.Optimizer,
    *,
    radius: float,
    normalised: bool = True,
) -> Tensor:
    """One step of sharpness-aware minimisation: the forward difference with strength = ascent.

    Args:
        model: see `gradient_regularised_step`.
        loss: see there.
        optimiser: see there.
        radius: above 0.
        normalised: whether strength and ascent are radius / |gradient| ; else the radius.

    Returns:
        the loss before the step.

    Raises:
        GradientRegularisationError: if an argument cannot work.
    """
    checked_optimiser(optimiser, model)
    if not 0 < radius < math.inf:
        raise GradientRegularisationError(f"radius {radius} must be finite and above 0")
    trained = checked_parameters(trained_by(optimiser))
    kept, before = [p.grad for p in trained], Surroundings.of(model)
    try:
        value, first = gradients(loss, trained)
        length = inverse_norm(first) * radius if normalised else radius
        second = displaced_gradients(model, loss, trained, first, length, before)
        leave(trained, second_alone(first, second))  # of strength = ascent nothing else is left
    except BaseException:
        leave(trained, kept)
        raise
    optimiser.step()
    return value


def regularised_gradients(
    model: nn.Module,
    loss: Closure,
    *,
    strength: float,
    ascent: float | None = None,
    difference: Difference = "forward",
    parameters: Iterable[Tensor] | None = None,
) -> Tensor:
    """Leave in `.grad` the gradient of loss + (strength / 2) |gradient|^2, in place of what was there.

    Every evaluation starts with the same buffers and the same states of Torch's generators (dropout draws the
    same masks); afterwards both are as the first evaluation left them, and the parameters are what they were
    to the last bit, also where the loss raises an error. A parameter that the loss does not use keeps None.

    Args:
        model: see `gradient_regularised_step`, as are the others.
        loss: see there.
        strength: see there.
        ascent: see there.
        difference: see there.
        parameters: whose gradient is meant; those of the model that require a gradient if None.

    Returns:
        the loss, without its graph.

    Raises:
        GradientRegularisationError: if an argument cannot work.
    """
    length = _checked_numbers(strength, ascent, difference)
    trained = checked_parameters(model.parameters() if parameters is None else parameters)
    kept = [p.grad for p in trained]
    try:
        if difference == "exact" and strength:
            return penalised_gradients(loss, trained, strength)
        before = Surroundings.of(model) if strength else None
        value, first = gradients(loss, trained, dense=before is not None)
        if before is not None:
            second = displaced_gradients(model, loss, trained, first, length, before)
            if difference == "centred":
                behind = displaced_gradients(model, loss, trained, first, -length, before)
                # g + (strength / 2e) (ahead - behind)
                halves = (strength / (2 * length), second, behind)
                leave(trained, plus_multiple(first, *halves))
            else:
                leave(trained, mixed(first, second, strength / length))
    except BaseException:
        leave(trained, kept)
        raise
    return value


def _checked_numbers(strength: float, ascent: float | None, difference: str) -> float:
    """The signed ascent; 0 where there is none."""
    if difference not in get_args(Difference):
        allowed = ", ".join(get_args(Difference))
        raise GradientRegularisationError(f"difference {difference!r} is none of {allowed}")
    if not 0 <= strength < math.inf:
        raise GradientRegularisationError(f"strength {strength} must be finite and at least 0")
    if difference == "exact":
        if ascent is not None:
            raise GradientRegularisationError(f'ascent {ascent} has no meaning for the difference "exact"')
        return 0.0
    if ascent is None or not 0 < ascent < math.inf:
        raise GradientRegularisationError(
            f"ascent {ascent} must be finite and above 0; the difference {difference!r} gives its direction"
        )
    return -ascent if difference == "backward" else ascent
