"""Bounds of the Jacobian's spectral norm from quantities of one state (theory notes 3.4)."""

import math

import torch
from torch import Tensor

from widthscope.models.recurrence.attention import Parameters, symmetric_matrix
from widthscope.models.recurrence.normalisation import centred, radius
from widthscope.models.recurrence.rule import RecurrenceError, Rule


def normalised_bound(rule: Rule, parameters: Parameters, moved: Tensor, attention_norm: Tensor) -> Tensor:
    """(max |gain| radius / R) (1 + eta ||J_MSA||) >= ||J_F||, R the least length before the norm.

    arXiv:2505.19458, Proposition 5.1, there for `unit` (radius 1); the radius makes it hold for `rms` and
    `ln` too.

    Args:
        rule: itrsa with a norm after the step.
        moved: what the norm acts on, X + eta (C + MSA), (member, batch, token, width): see `before_norm`.
        attention_norm: ||J_MSA||_2, (member, batch).

    Returns:
        (member, batch).

    Raises:
        RecurrenceError: for another rule.
    """
    _check(rule, "the bound of a normalised step")
    least = _lengths(centred(rule, moved)).amin(dim=-1)
    grown = 1 + parameters["step"].abs()[:, None] * attention_norm
    return _largest_radius(rule, parameters, moved.shape[-1]) / least * grown


def large_step_bound(rule: Rule, parameters: Parameters, force: Tensor, attention_norm: Tensor) -> Tensor:
    """g (1 + eta ||J_MSA||) / (eta eps - g) >= ||J_F||, g = max |gain| radius, eps = min_i |MSA_i + c_i|.

    It holds for eta > g / eps and is inf elsewhere (arXiv:2505.19458, Proposition 5.1). As eta grows it
    falls to `large_step_limit`.

    Args:
        rule: itrsa with norm `unit` or `rms` after the step, and states that came from such a step.
        force: C + MSA(X), (member, batch, token, width).
        attention_norm: ||J_MSA||_2, (member, batch).

    Returns:
        (member, batch).

    Raises:
        RecurrenceError: for another rule.
    """
    _check(rule, "the bound of large steps", centred_too=False)
    g = _largest_radius(rule, parameters, force.shape[-1])
    step = parameters["step"].abs()[:, None]
    room = step * _lengths(force).amin(dim=-1) - g
    return torch.where(room > 0, g * (1 + step * attention_norm) / room, torch.inf)


def large_step_limit(rule: Rule, parameters: Parameters, force: Tensor, attention_norm: Tensor) -> Tensor:
    """g ||J_MSA|| / eps, (member, batch): limit of `large_step_bound` as eta grows, arguments as there."""
    _check(rule, "the bound of large steps", centred_too=False)
    g = _largest_radius(rule, parameters, force.shape[-1])
    return g * attention_norm / _lengths(force).amin(dim=-1)


def attention_bound(rule: Rule, parameters: Parameters, state: Tensor) -> Tensor:
    """sqrt(3) sum_h ||W_O|| ||W_V|| sqrt(beta^2 ||A||^2 r^4 (4 S + 1) + S) >= ||J_MSA||, r = max_i |x_i|.

    Castin et al., arXiv:2312.14820, as arXiv:2505.19458 uses it; A_h = W_Q,h W_K,h^T.

    Args:
        state: (member, batch, token, width), before attention.

    Returns:
        (member, batch).

    Raises:
        RecurrenceError: if queries have biases, which the bound does not know.
    """
    if rule.weights == "symmetric":
        A = symmetric_matrix(parameters)[:, None]
        A_norm, beta = _spectral(A), 1 / math.sqrt(A.shape[-1])
        value_norm, output_norm = A_norm, torch.ones_like(A_norm)
    else:
        bias = parameters.get("query_bias")
        if bias is not None and bool((bias != 0).any()):
            raise RecurrenceError(
                "the bound of attention's Jacobian holds without query biases; set query_bias to 0"
            )
        A_norm = _spectral(parameters["query"].mT @ parameters["key"])
        beta = 1 / math.sqrt(parameters["query"].shape[-2])
        value_norm, output_norm = _spectral(parameters["value"]), _spectral(parameters["output"])
    count = state.shape[2]
    fourth = _lengths(state).amax(dim=-1).square().square()[..., None]
    inner = (beta * A_norm[:, None]).square() * fourth * (4 * count + 1) + count
    return math.sqrt(3) * ((output_norm * value_norm)[:, None] * inner.sqrt()).sum(dim=-1)


def _check(rule: Rule, what: str, centred_too: bool = True) -> None:
    allowed = ("unit", "rms", "ln") if centred_too else ("unit", "rms")
    if rule.model != "itrsa" or rule.place != "post" or rule.norm not in allowed:
        raise RecurrenceError(
            f"{what} holds for itrsa with norm {' or '.join(allowed)} after the step, "
            f"not for {rule.model} with norm {rule.norm!r} and place {rule.place!r}"
        )


def _largest_radius(rule: Rule, parameters: Parameters, width: int) -> Tensor:
    """max |gain| times the radius, (member, 1)."""
    gain = parameters.get("gain")
    if gain is None:
        return torch.full_like(parameters["step"], radius(rule, width))[:, None]
    return gain.abs().amax(dim=-1, keepdim=True) * radius(rule, width)


def _lengths(tokens: Tensor) -> Tensor:
    found: Tensor = torch.linalg.vector_norm(tokens, dim=-1)
    return found


def _spectral(matrices: Tensor) -> Tensor:
    values: Tensor = torch.linalg.svdvals(matrices)
    return values[..., 0]
