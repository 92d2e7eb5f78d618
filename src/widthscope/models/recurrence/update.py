"""The update of the state: the one function that training, inference and analysis share."""

import torch
from torch import Tensor

from widthscope.models.recurrence.attention import Heads, Parameters, heads, self_attention
from widthscope.models.recurrence.normalisation import normalised
from widthscope.models.recurrence.oscillators import on_spheres, rotated, tangent
from widthscope.models.recurrence.rule import Rule


def update(rule: Rule, parameters: Parameters, state: Tensor, drive: Tensor) -> Tensor:
    """One step of the recurrence, as `Rule` states it.

    Args:
        parameters: (member, ...), as from `initial`: `query`, `key`, `value`, `output` (member, head,
            head_dim, width), `step` (member,), and by the rule `gain` (member, width), `frequency`
            (member,) and biases. Absent gain is 1, absent biases are 0.
        state: X, (member, batch, token, width), of the parameters' dtype. For akorn it should lie on the
            unit spheres of its oscillators: see `prepared_state`.
        drive: C, of the state's shape or broadcast to it.

    Returns:
        the next state, (member, batch, token, width).

    Raises:
        RecurrenceError: if the width does not split into oscillators.
    """
    rule.check_width(state.shape[-1])
    return _advanced(rule, heads(rule, parameters), parameters, state, drive)


def iterate(
    rule: Rule, parameters: Parameters, state: Tensor, drive: Tensor, steps: int, keep: bool = False
) -> Tensor:
    """The state after some steps, arguments as in `update`.

    Returns:
        (member, batch, token, width); with `keep` all states from the first given one to the last,
        (steps + 1, member, batch, token, width).
    """
    rule.check_width(state.shape[-1])
    weights = heads(rule, parameters)
    states = [state]
    for _ in range(steps):
        state = _advanced(rule, weights, parameters, state, drive)
        if keep:
            states.append(state)
    return torch.stack(states) if keep else state


def prepared_state(rule: Rule, tokens: Tensor) -> Tensor:
    """Tokens taken to where the states of a rule live, without gain: the usual first state.

    Oscillators on their spheres for akorn; the rule's norm for itrsa; unit length where that has none.
    """
    if rule.model == "akorn":
        rule.check_width(tokens.shape[-1])
        return on_spheres(tokens, rule.oscillator)
    return normalised(Rule() if rule.norm == "none" else rule, tokens)


def before_norm(rule: Rule, parameters: Parameters, state: Tensor, drive: Tensor, attended: Tensor) -> Tensor:
    """What the last normalisation of a step acts on: y of itrsa, z of akorn (theory notes 3.2).

    Args:
        attended: MSA of the state, or of the normalised state where the norm stands before; (member,
            batch, token, width).
    """
    step = _scalars(parameters["step"])
    force = drive + attended
    if rule.model == "akorn":
        rotation = rotated(state) * _scalars(parameters["frequency"])
        force = rotation + tangent(state, force, rule.oscillator)
    return torch.addcmul(state, step, force)


def _advanced(rule: Rule, weights: Heads, parameters: Parameters, state: Tensor, drive: Tensor) -> Tensor:
    gain = parameters.get("gain")
    pre = rule.place == "pre"
    attended = self_attention(weights, normalised(rule, state, gain) if pre else state)
    moved = before_norm(rule, parameters, state, drive, attended)
    if rule.model == "akorn":
        return on_spheres(moved, rule.oscillator)
    return moved if pre else normalised(rule, moved, gain)


def _scalars(values: Tensor) -> Tensor:
    return values[:, None, None, None]
