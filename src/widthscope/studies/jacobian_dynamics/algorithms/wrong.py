"""What must not agree: Jacobians with a part left out, and power iteration where a complex pair leads."""

import torch
from torch import Tensor

from widthscope.attention.jacobians.self_attention import attention_jacobian
from widthscope.models.recurrence.attention import attended, heads, seen_by
from widthscope.models.recurrence.normalisation import centred, radius
from widthscope.models.recurrence.update import before_norm
from widthscope.studies.jacobian_dynamics.algorithms.cases import Case

POWER_STEPS = 100


def without_projector(case: Case) -> Tensor:
    """J of a step with a norm after it whose derivative is taken as a division by the length alone.

    Returns:
        (member, n, n); for itrsa with unit, rms or no norm after the step.
    """
    return _divided(case, attention_jacobian(case.rule, case.parameters, case.state)[:, 0])


def without_softmax(case: Case) -> Tensor:
    """J with attention's weights held fixed, P (x) B^T in place of J_MSA, all else as it should be.

    Returns:
        (member, n, n); for itrsa with free weights and unit, rms or no norm after the step.
    """
    weights = heads(case.rule, case.parameters)
    if weights.output is None:
        raise ValueError("attention is held fixed for free weights only")
    member, _, tokens, width = case.state.shape
    attention = seen_by(weights, case.state).attention.reshape(member, -1, tokens, tokens)
    moved = torch.einsum("mhda,mhdb->mhab", weights.output, weights.value)
    fixed = torch.einsum("mhik,mhab->miakb", attention, moved).reshape(member, tokens * width, tokens * width)
    J = _divided(case, fixed)
    if case.rule.norm == "none":
        return J
    direction = _moved(case)[:, 0]
    direction = direction / direction.norm(dim=-1, keepdim=True)
    gain = case.parameters["gain"][:, None, :]
    rows = J.reshape(member, tokens, width, -1)
    overlap = torch.einsum("mia,mian->min", direction, rows / gain[..., None])
    found: Tensor = rows - (gain * direction)[..., None] * overlap[:, :, None]
    return found.reshape(J.shape)


def power_iteration(matrices: Tensor, start: Tensor) -> Tensor:
    """Rayleigh quotients (member,) of the vector after many multiplications by each matrix (member, n, n)."""
    vector = start
    for _ in range(POWER_STEPS):
        vector = (matrices @ vector[..., None])[..., 0]
        vector = vector / vector.norm(dim=-1, keepdim=True)
    return (vector * (matrices @ vector[..., None])[..., 0]).sum(-1)


def _divided(case: Case, attention: Tensor) -> Tensor:
    """g / |y| (I + eta J_MSA) by the given J_MSA (member, n, n)."""
    _, _, tokens, width = case.state.shape
    if case.rule.model != "itrsa" or case.rule.place != "post" or case.rule.norm == "ln":
        raise ValueError("parts are left out of itrsa with unit, rms or no norm after the step only")
    K = torch.eye(tokens * width, dtype=attention.dtype) + case.parameters["step"][:, None, None] * attention
    if case.rule.norm == "none":
        return K
    lengths = centred(case.rule, _moved(case)).norm(dim=-1)[:, 0]
    scale = radius(case.rule, width) * case.parameters["gain"][:, None, :] / lengths[..., None]
    found: Tensor = scale.flatten(1)[..., None] * K
    return found


def _moved(case: Case) -> Tensor:
    """The state before the norm, (member, 1, token, width)."""
    message = attended(case.rule, case.parameters, case.state)
    return before_norm(case.rule, case.parameters, case.state, case.drive, message)
