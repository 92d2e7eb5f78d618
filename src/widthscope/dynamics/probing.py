"""What must hold of a state-update function before its Jacobian means anything, each tried on the state.

It keeps shape and type, leaves its argument alone, gives the same result twice, gives finite numbers, treats
the states of a batch each for itself, and Torch's derivative is the derivative: it agrees with finite
differences, and forward with reverse mode.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from widthscope.dynamics.derivatives import ways
from widthscope.dynamics.flat_update import FlatUpdate
from widthscope.errors import DynamicsError
from widthscope.spectra.dynamics import Dynamics

ROUNDING = {torch.float64: 1e-12, torch.float32: 1e-4}
"""Two results may differ by this share of their size and still count as the same."""
STEPS = {torch.float64: (1e-4, 1e-5, 1e-6), torch.float32: (1e-1, 1e-2, 1e-3)}
"""Steps of finite differences, in units of the state's size; the best of them is taken."""
DISAGREEMENT = {torch.float64: 0.01, torch.float32: 0.1}
"""Share by which Torch and finite differences may differ: rounding and curvature stay far below it."""
_NO_DERIVATIVE = "does it detach, round, or compute under torch.no_grad?"


@dataclass(frozen=True)
class OwnModel:
    """A user's function that passed, and the state.

    Attributes:
        name: what the user calls the function.
        update: the function on rows.
        dynamics: the same with derivatives.
        derivatives: how Torch takes them, in words.
        rows: the state, (batch, n) float64.
        following: what the function made of it at first, (batch, n).
    """

    name: str
    update: FlatUpdate
    dynamics: Dynamics
    derivatives: str
    rows: Tensor
    following: Tensor

    def check_unchanged(self) -> None:
        """Refuse the function if after all calls it does not do any more what it did at first.

        Raises:
            DynamicsError: if it has changed.
        """
        _check_same(self.following, self.update.checked(self.rows), self.name, self.update.dtype)


def probe(
    function: Callable[[Any], Any],
    state: Tensor,
    name: str,
    *,
    batched: bool = False,
    dtype: torch.dtype = torch.float64,
) -> OwnModel:
    """Try the function on the state.

    A ``torch.nn.Module``, or one whose method the function is, is set to `dtype`.

    Args:
        function: state -> state.
        state: one state of any shape; with `batched`, several along the first axis.
        name: what the user calls the function.
        batched: whether the function takes all states at once, and treats each for itself.
        dtype: floating-point type in which the function computes, float64 or float32.

    Raises:
        DynamicsError: on the first requirement that does not hold.
    """
    if batched and state.ndim == 0:
        raise DynamicsError("the state is a single number and has no axis of states; leave out --batched")
    shape = tuple(state.shape[1:] if batched else state.shape)
    rows = state.to(dtype).to(torch.float64).reshape(len(state) if batched else 1, -1)
    module = getattr(function, "__self__", function)
    if isinstance(module, torch.nn.Module):
        module.to(dtype)
    update = FlatUpdate(function, name, shape, batched=batched, dtype=dtype)
    following = update.checked(rows)
    _check_finite(following, name)
    for at in (rows, rows + 1e-3 * _noise(rows)):  # noise that multiplies a state of zeros would not show
        _check_same(update.checked(at), update.checked(at), name, dtype)
    if len(rows) > 1:
        _check_independent(update, rows, following)
    how, dynamics = _differentiated(update, rows)
    return OwnModel(name, update, dynamics, how, rows, following)


def _check_finite(following: Tensor, name: str) -> None:
    wrong = ~torch.isfinite(following)
    if wrong.any():
        kind = "NaN" if bool(torch.isnan(following[wrong][0])) else "infinite"
        raise DynamicsError(
            f"{name} returns {int(wrong.sum())} of {following.numel()} numbers that are not finite "
            f"(the first is {kind}) at its first step from the state"
        )


def _check_same(once: Tensor, again: Tensor, name: str, dtype: torch.dtype) -> None:
    if torch.equal(once.isfinite(), again.isfinite()):
        once, again = once.nan_to_num(), again.nan_to_num()  # beside the state it may have no value, twice
    difference, size = float((once - again).abs().max()), float(once.abs().max())
    if not difference <= ROUNDING[dtype] * size:
        raise DynamicsError(
            f"{name} is not deterministic: two calls with the same state differ by {difference:.2g} in "
            f"numbers of size {size:.2g}; switch off dropout (a model in training mode), noise, or a memory "
            "of earlier calls"
        )


def _check_independent(update: FlatUpdate, rows: Tensor, following: Tensor) -> None:
    moved = rows.clone()
    moved[0] += _noise(rows)[0]
    others = update.checked(moved)[1:]
    difference = float((others - following[1:]).abs().max())
    if not difference <= ROUNDING[update.dtype] * float(following.abs().max()):
        raise DynamicsError(
            f"{update.name} mixes the states of the batch: another first state changes the others by "
            f"{difference:.2g}, and each must be treated for itself (batch norm does not)"
        )


def _differentiated(update: FlatUpdate, rows: Tensor) -> tuple[str, Dynamics]:
    """Derivatives by the fastest of Torch's ways that works and is right."""
    reason = ""
    for how, dynamics in ways(update, "it"):
        try:
            reason = _wrong(dynamics, rows, update.dtype)
        except DynamicsError as error:
            reason = str(error)
        if not reason:
            return next((said, named) for said, named in ways(update, update.name) if said == how)
    # The last way is plain autograd: what is wrong with it, people know.
    raise DynamicsError(f"{update.name} is not differentiable by Torch: {reason}")


def _wrong(dynamics: Dynamics, rows: Tensor, dtype: torch.dtype) -> str:
    """What is wrong with the derivatives near the state, in half a sentence; nothing if they are right."""
    generator = torch.Generator().manual_seed(1)
    tangents, cotangents = torch.randn(2, len(rows), 2, rows.shape[1], generator=generator).double().unbind()
    for derivative in (dynamics.jvp(rows, tangents), dynamics.vjp(rows, cotangents)):
        if not torch.isfinite(derivative).all():
            return "its derivative at the state is not finite"
    near = _beside(dynamics, rows)
    forward, reverse = dynamics.jvp(near, tangents), dynamics.vjp(near, cotangents)
    apart = ((cotangents * forward).sum(-1) - (reverse * tangents).sum(-1)).abs()
    size = cotangents.norm(dim=-1) * forward.norm(dim=-1) + reverse.norm(dim=-1) * tangents.norm(dim=-1)
    if (apart > DISAGREEMENT[dtype] * size).any():
        return f"its derivatives by forward and by reverse mode disagree ({_NO_DERIVATIVE})"
    gap, slope = _gap(dynamics, near, tangents, forward, dtype)
    if gap <= DISAGREEMENT[dtype]:
        return ""
    own = float(forward.norm())
    return (
        f"in a random direction its slope is {slope:.2g} by finite differences, but {own:.2g} by Torch "
        f"({_NO_DERIVATIVE})"
    )


def _gap(
    dynamics: Dynamics, near: Tensor, tangents: Tensor, forward: Tensor, dtype: torch.dtype
) -> tuple[float, float]:
    """How far the derivative is from central differences, relative, and their size, at the best step."""
    scale = _size(near) / float(tangents.square().mean().sqrt())
    found = []
    for relative in STEPS[dtype]:
        step = relative * scale
        ahead, behind = (
            torch.stack([dynamics.step(near + sign * step * v) for v in tangents.unbind(1)], dim=1)
            for sign in (1, -1)
        )
        slopes = (ahead - behind) / (2 * step)
        if torch.isfinite(slopes).all():  # else the step leads out of where the function has values
            larger = float(torch.maximum(slopes.norm(), forward.norm()))
            rounding = 64 * torch.finfo(dtype).eps * float(ahead.norm()) / step
            gap = max(0.0, float((slopes - forward).norm()) - rounding) / (larger or 1.0)
            found.append((gap, float(slopes.norm())))
    return min(found, default=(0.0, 0.0))


def _beside(dynamics: Dynamics, rows: Tensor) -> Tensor:
    """A point beside the state: on it, a kink such as that of ReLU at zero has no single slope."""
    for share in (1e-2, 1e-4, 1e-6):
        near = rows + share * _noise(rows)
        if torch.isfinite(dynamics.step(near)).all():
            return near
    return rows


def _noise(rows: Tensor) -> Tensor:
    """Gaussian numbers of the state's size, always the same ones."""
    drawn = torch.randn(rows.shape, generator=torch.Generator().manual_seed(0), dtype=rows.dtype)
    return _size(rows) * drawn


def _size(rows: Tensor) -> float:
    """Typical size of the state's numbers; one, if they are all zero."""
    return float(rows.square().mean().sqrt()) or 1.0
