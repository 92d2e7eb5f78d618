"""What must hold of a state-update function before its Jacobian means anything, each tried on the state.

It keeps shape and type, leaves its argument alone, gives the same result twice, gives finite numbers, treats
the states of a batch each for itself, and Torch's derivative is the derivative: it agrees with finite
differences, and forward with reverse mode.
"""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from widthscope.dynamics.flat_update import Detached, FlatUpdate, GraphDynamics
from widthscope.dynamics.state_function import raised
from widthscope.errors import DynamicsError
from widthscope.spectra.dynamics import AutogradDynamics, Dynamics

ROUNDING = {torch.float64: 1e-12, torch.float32: 1e-4}
"""Two results may differ by this share of their size and still count as the same."""
STEPS = {torch.float64: (1e-4, 1e-5, 1e-6), torch.float32: (1e-1, 1e-2, 1e-3)}
"""Steps of finite differences, in units of the state's size; the best of them is taken."""
DISAGREEMENT = {torch.float64: 0.01, torch.float32: 0.1}
"""Share by which Torch's derivative and finite differences may differ: rounding and curvature stay far below."""


def probe(
    function: Callable[[Any], Any],
    state: Tensor,
    name: str,
    *,
    batched: bool = False,
    dtype: torch.dtype = torch.float64,
) -> tuple[Dynamics, Tensor]:
    """Try the function on the state, and return it as dynamics of rows, with the state as rows.

    Args:
        function: state -> state.
        state: one state of any shape; with `batched`, several along the first axis.
        name: what the user calls the function.
        batched: whether the function takes all states at once, and treats each for itself.
        dtype: floating-point type in which the function computes, float64 or float32.

    Returns:
        the dynamics, and the state (batch, n) float64.

    Raises:
        DynamicsError: on the first requirement that does not hold.
    """
    if batched and state.ndim == 0:
        raise DynamicsError("the state is a single number and has no axis of states; leave out --batched")
    shape = tuple(state.shape[1:] if batched else state.shape)
    rows = state.to(dtype).to(torch.float64).reshape(len(state) if batched else 1, -1)
    if isinstance(_owner(function), torch.nn.Module):
        _owner(function).to(dtype)
    update = FlatUpdate(function, name, shape, batched=batched, dtype=dtype)
    following = update.checked(rows)
    _check_finite(following, name)
    beside = rows + 1e-3 * _size(rows) * torch.randn(rows.shape, generator=_generator(), dtype=rows.dtype)
    for at in (rows, beside):  # noise that multiplies a state of zeros would not show
        _check_same(update.checked(at), update.checked(at), name, dtype)
    if len(rows) > 1:
        _check_independent(update, rows, following)
    return _differentiated(update, rows), rows


def check_unchanged(dynamics: Dynamics, rows: Tensor, name: str, dtype: torch.dtype, first: Tensor) -> None:
    """Refuse a function that after all calls no longer gives the result of its first one.

    Raises:
        DynamicsError: if it has changed.
    """
    _check_same(first, dynamics.step(rows), name, dtype)


def _owner(function: Any) -> Any:
    """The module whose method or self the function is, if it is one."""
    return getattr(function, "__self__", function)


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
    difference = float((once - again).abs().max())
    size = float(once.abs().max())
    if not difference <= ROUNDING[dtype] * size:
        raise DynamicsError(
            f"{name} is not deterministic: two calls with the same state differ by {difference:.2g} in numbers of "
            f"size {size:.2g}; dropout (a model in training mode), noise or a state of its own must be off"
        )


def _check_independent(update: FlatUpdate, rows: Tensor, following: Tensor) -> None:
    moved = rows.clone()
    moved[0] = rows[0] + _size(rows) * torch.randn(rows.shape[1], generator=_generator(), dtype=rows.dtype)
    others = update.checked(moved)[1:]
    size = float(following.abs().max())
    difference = float((others - following[1:]).abs().max())
    if not difference <= ROUNDING[update.dtype] * size:
        raise DynamicsError(
            f"{update.name} mixes the states of the batch: another first state changes the others by "
            f"{difference:.2g}; each state of a batch must be treated for itself (batch norm does not)"
        )


def _differentiated(update: FlatUpdate, rows: Tensor) -> Dynamics:
    """Derivatives by the fastest of Torch's ways that works and is right."""
    reasons = []
    for dynamics in _ways(update):
        try:
            reason = _wrong(dynamics, rows, update.dtype)
        except DynamicsError:
            raise
        except Exception as error:
            reason = f"it raises {raised(error)}"
        if not reason:
            return dynamics
        reasons.append(reason)
    # What the last way says is closest to plain autograd, which people know.
    raise DynamicsError(f"{update.name} is not differentiable by Torch: {reasons[-1]}")


def _ways(update: FlatUpdate) -> Iterator[Dynamics]:
    for vectorised in (True, False):
        for forward in (True, False):
            yield Detached(AutogradDynamics(update, forward=forward, vectorised=vectorised))
    yield Detached(GraphDynamics(update))


def _wrong(dynamics: Dynamics, rows: Tensor, dtype: torch.dtype) -> str:
    """What is wrong with the derivatives near the state, in half a sentence; nothing if they are right."""
    generator = _generator()
    tangents = torch.randn((len(rows), 2, rows.shape[1]), generator=generator, dtype=rows.dtype)
    cotangents = torch.randn(tangents.shape, generator=generator, dtype=rows.dtype)
    for derivative in (dynamics.jvp(rows, tangents), dynamics.vjp(rows, cotangents)):
        if not torch.isfinite(derivative).all():
            return "its derivative at the state is not finite"
    near = _jittered(dynamics, rows, generator)
    forward, reverse = dynamics.jvp(near, tangents), dynamics.vjp(near, cotangents)
    pairs = (cotangents * forward).sum(-1), (reverse * tangents).sum(-1)
    size = cotangents.norm(dim=-1) * forward.norm(dim=-1) + reverse.norm(dim=-1) * tangents.norm(dim=-1)
    if ((pairs[0] - pairs[1]).abs() > DISAGREEMENT[dtype] * size).any():
        return "its derivatives by forward and by reverse mode disagree (is it run under torch.no_grad?)"
    return _differs(dynamics, near, tangents, forward, dtype)


def _differs(dynamics: Dynamics, near: Tensor, tangents: Tensor, forward: Tensor, dtype: torch.dtype) -> str:
    """The derivative in random directions against central differences."""
    scale = _size(near) / tangents.norm(dim=-1).mean() * near.shape[1] ** 0.5
    best = torch.full((), torch.inf, dtype=near.dtype)
    slope = torch.zeros((), dtype=near.dtype)
    for relative in STEPS[dtype]:
        step = relative * scale
        ahead, behind = (
            torch.stack([dynamics.step(near + sign * step * v) for v in tangents.unbind(1)], dim=1)
            for sign in (1, -1)
        )
        difference = (ahead - behind) / (2 * step)
        gap = (difference - forward).norm() / torch.maximum(difference.norm(), forward.norm())
        gap = torch.where(difference.isfinite().all() & (gap == gap), gap, 0.0)
        if gap < best:
            best, slope = gap, difference.norm()
    if best <= DISAGREEMENT[dtype]:
        return ""
    own = float(forward.norm())
    return (
        f"in a random direction its slope is {float(slope):.2g} by finite differences, but {own:.2g} by Torch (does "
        "it detach, round, or compute under torch.no_grad?)"
    )


def _jittered(dynamics: Dynamics, rows: Tensor, generator: torch.Generator) -> Tensor:
    """A point beside the state: on it, a kink such as that of ReLU at zero has no single slope."""
    noise = torch.randn(rows.shape, generator=generator, dtype=rows.dtype)
    for share in (1e-2, 1e-4, 1e-6):
        near = rows + share * _size(rows) * noise
        if torch.isfinite(dynamics.step(near)).all():
            return near
    return rows


def _size(rows: Tensor) -> float:
    """Typical size of the state's numbers; one, if they are all zero."""
    size = float(rows.square().mean().sqrt())
    return size or 1.0


def _generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)
