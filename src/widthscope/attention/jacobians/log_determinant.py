"""The sum of all exponents that are not exactly -inf, from determinants instead of singular values.

A norm after the step sends each token's radial direction to zero, so that det J = 0; restricted to the
tangent spaces before and after, J has a determinant. With K the step before its norm, N_x and N_y the
directions that are no tangents, and |y_i| the lengths before the norm (theory notes 3.3),

    ln |det(E_y^T J E_x)| = ln |det [[K, N_y], [N_x^T, 0]]| + sum_i (tangents of i) ln(radius / |y_i|) .
"""

import torch
from torch import Tensor

from widthscope.attention.jacobians.linearised import Linearised
from widthscope.attention.jacobians.tangents import null_directions
from widthscope.attention.jacobians.token_maps import norm_derivative, spheres_derivative
from widthscope.attention.jacobians.update import dense
from widthscope.models.recurrence.attention import Parameters
from widthscope.models.recurrence.normalisation import centred, inverse_length, radius
from widthscope.models.recurrence.oscillators import oscillators
from widthscope.models.recurrence.rule import Rule
from widthscope.models.recurrence.update import iterate


def tangent_log_determinant(rule: Rule, parameters: Parameters, state: Tensor, drive: Tensor) -> Tensor:
    """ln |det J_F| on the tangent space of the states: the sum of its exponents over one step, in nats.

    Without a norm after the step it is ln |det J_F| itself. With a gain it is taken in the coordinates before
    the gain, x = gain * radius * u: over a trajectory the sums differ by a bounded amount only.

    Args:
        parameters, state, drive: as `models.recurrence.update.update` takes them, in float64; the state lies
            where steps of the rule end (`prepared_state`, times the gain, or any state after a step).

    Returns:
        (member, batch).
    """
    with torch.no_grad():
        step = Linearised.at(rule, parameters, state, drive)
        K = dense(step, with_norm=False)
        if step.outer is None:
            return _log_abs_det(K)
        gain = parameters.get("gain")
        if rule.model == "itrsa" and gain is not None:
            spread = gain.expand(len(gain), state.shape[-1]).repeat(1, state.shape[2])
            K = K * spread[:, None, None]
            state = state / gain[:, None, None]
        after, before = _normals(step.outer.normals), _normals(_tangency(rule, state))
        border = after.shape[-1]
        below = torch.cat([before.mT, K.new_zeros(*K.shape[:2], border, border)], dim=-1)
        bordered = torch.cat([torch.cat([K, after], dim=-1), below], dim=-2)
        return _log_abs_det(bordered) + _log_scales(rule, step.moved)


def mean_exponent(rule: Rule, parameters: Parameters, state: Tensor, drive: Tensor, steps: int) -> Tensor:
    """Mean of all exponents over some steps, without those that are exactly -inf, in nats per step.

    Determinants multiply, so that no singular value is too small to be counted. The exponents are those of
    tangents of the states: singular values of the product of full Jacobians also see the first state's
    radial directions, which changes their mean by O(1 / steps). Arguments as in `tangent_log_determinant`;
    the state is the first one.

    Returns:
        (member, batch).
    """
    states = iterate(rule, parameters, state, drive, steps - 1, keep=True)
    total = torch.stack([tangent_log_determinant(rule, parameters, own, drive) for own in states]).sum(dim=0)
    count, width = state.shape[2:]
    return total / (steps * (count * width - null_directions(rule, count, width)))


def _log_abs_det(matrices: Tensor) -> Tensor:
    found: Tensor = torch.linalg.slogdet(matrices).logabsdet
    return found


def _tangency(rule: Rule, state: Tensor) -> Tensor:
    """Directions that are no tangents of the set of states, (member, batch, token, group, size, normal)."""
    if rule.model == "akorn":
        return spheres_derivative(state, rule.oscillator).normals
    found = norm_derivative(rule, state, None)
    assert found is not None
    return found.normals


def _normals(normals: Tensor) -> Tensor:
    """The normals of all groups as columns, (member, batch, token * width, token * group * normal)."""
    each = normals.flatten(2, 3)
    member, batch, group, size, count = each.shape
    apart = torch.diag_embed(each.permute(0, 1, 3, 4, 2)).permute(0, 1, 4, 2, 5, 3)
    return apart.reshape(member, batch, group * size, group * count)


def _log_scales(rule: Rule, moved: Tensor) -> Tensor:
    """sum over groups of (its tangents) ln(radius / length before the norm), (member, batch)."""
    if rule.model == "akorn":
        groups, tangents, length = oscillators(moved, rule.oscillator), rule.oscillator - 1, 1.0
    else:
        width = moved.shape[-1]
        groups, length = centred(rule, moved), radius(rule, width)
        tangents = width - (2 if rule.norm == "ln" else 1)
    return tangents * inverse_length(groups, length).log().flatten(2).sum(dim=-1)
