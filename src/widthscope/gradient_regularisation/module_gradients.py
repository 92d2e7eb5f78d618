"""Gradients of a user's module at its parameters and beside them, and what is made of them."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from widthscope.gradient_regularisation.module_checks import checked_layout, checked_loss, checked_reach
from widthscope.gradient_regularisation.module_state import Surroundings, displaced_in_place

Closure = Callable[[], Tensor]
"""The loss of the model on one batch: a number, with its graph; no `backward`, no `zero_grad`."""

Gradients = Sequence[Tensor | None]
"""One for each trained parameter; None where the loss does not use it."""


def gradients(
    loss: Closure, trained: Sequence[Tensor], dense: bool = True
) -> tuple[Tensor, list[Tensor | None]]:
    """Loss and gradients, which are in `.grad` too; sparse ones are refused if they must be `dense`."""
    leave(trained, [None] * len(trained))
    with torch.enable_grad():
        value = checked_loss(loss, trained)
        value.backward(inputs=list(trained))  # type: ignore[no-untyped-call]  # as wrappers of modules expect
    found = [p.grad for p in trained]
    checked_reach(value, found)
    if dense:
        checked_layout(found)
    return value.detach(), found


def displaced_gradients(
    model: nn.Module,
    loss: Closure,
    trained: Sequence[Tensor],
    first: Gradients,
    length: float | Tensor,
    before: Surroundings,
) -> list[Tensor | None]:
    """Gradients at p + length * g, of the same function of the parameters; all else as it was before."""
    after = Surroundings.of(model)
    try:
        before.restore()
        with displaced_in_place(trained, first, length):
            return gradients(loss, trained)[1]
    finally:
        after.restore()


def penalised_gradients(loss: Closure, trained: Sequence[Tensor], strength: float) -> Tensor:
    """The loss; in `.grad` is left the exact gradient of loss + (strength / 2) |g|^2.

    One backward pass through the loss and its gradient together: the penalty's gradient at g is strength * g,
    of complex parameters too.
    """
    leave(trained, [None] * len(trained))
    with torch.enable_grad():
        value = checked_loss(loss, trained)
        found = torch.autograd.grad(value, list(trained), create_graph=True, allow_unused=True)
        checked_reach(value, found)
        checked_layout(found)
        penalised = [g for g in found if g is not None and g.requires_grad]
        of_penalty = [strength * g.detach() for g in penalised]
        torch.autograd.backward([value, *penalised], [None, *of_penalty], inputs=list(trained))
    return value.detach()


def second_alone(first: Gradients, second: Gradients) -> list[Tensor | None]:
    """`second`, with 0 where only `first` uses a parameter."""
    return [
        torch.zeros_like(g) if ahead is None and g is not None else ahead
        for g, ahead in zip(first, second, strict=True)
    ]


def mixed(first: Gradients, second: Gradients, weight: float) -> list[Tensor | None]:
    """first + weight * (second - first)."""
    return plus_multiple(first, weight, second, first)


def plus_multiple(
    start: Gradients,
    weight: float,
    ahead: Gradients,
    behind: Gradients,
) -> list[Tensor | None]:
    """start + weight * (ahead - behind); where one evaluation does not use a parameter, its gradient is 0."""
    found: list[Tensor | None] = []
    for at_start, plus, minus in zip(start, ahead, behind, strict=True):
        known = next((g for g in (at_start, plus, minus) if g is not None), None)
        if known is None:
            found.append(None)
            continue
        zero = torch.zeros_like(known)
        difference = (zero if plus is None else plus) - (zero if minus is None else minus)
        found.append(difference.mul_(weight).add_(zero if at_start is None else at_start))
    return found


def inverse_norm(gradients: Gradients) -> Tensor:
    """1 / |g|, and 0 for a gradient of 0; on the first gradient's device, in float64 where it has that."""
    present = [g for g in gradients if g is not None]
    if not present:
        return torch.zeros(())
    device = present[0].device
    dtype = torch.float32 if device.type == "mps" else torch.float64
    norms = [
        torch.linalg.vector_norm(torch.view_as_real(g) if g.is_complex() else g, dtype=dtype).to(device)
        if g.device == device
        else torch.linalg.vector_norm(g).to(device, dtype)
        for g in present
    ]
    norm = torch.linalg.vector_norm(torch.stack(norms))
    return torch.where(norm > 0, 1 / norm, 0.0)


def leave(trained: Sequence[Tensor], gradients: Gradients) -> None:
    """Put gradients into `.grad`."""
    for p, gradient in zip(trained, gradients, strict=True):
        p.grad = gradient
