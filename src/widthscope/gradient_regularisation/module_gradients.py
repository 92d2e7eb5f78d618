"""Gradients of a user's module at its parameters and beside them, and what is made of them."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from widthscope.gradient_regularisation.errors import GradientRegularisationError
from widthscope.gradient_regularisation.module_checks import checked_loss
from widthscope.gradient_regularisation.module_state import Surroundings, displaced_in_place

Closure = Callable[[], Tensor]
"""The loss of the model on one batch: a number, with its graph; no `backward`, no `zero_grad`."""

Gradients = Sequence[Tensor | None]
"""One for each trained parameter; None where the loss does not use it."""


def gradients(loss: Closure, trained: Sequence[Tensor]) -> tuple[Tensor, list[Tensor | None]]:
    """Loss and gradients, which are in `.grad` too."""
    leave(trained, [None] * len(trained))
    with torch.enable_grad():
        value = checked_loss(loss(), trained)
        value.backward(inputs=list(trained))  # type: ignore[no-untyped-call]  # as wrappers of modules expect
    for p in trained:
        if p.grad is not None and p.grad.layout != torch.strided:
            raise GradientRegularisationError(
                f"a parameter of shape {tuple(p.shape)} has a gradient of layout {p.grad.layout}: gradient "
                "regularisation needs dense ones, as of an embedding with sparse=False"
            )
    return value.detach(), [p.grad for p in trained]


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
    """The loss; in `.grad` is left the exact gradient of loss + (strength / 2) |g|^2."""
    leave(trained, [None] * len(trained))
    with torch.enable_grad():
        value = checked_loss(loss(), trained)
        found = torch.autograd.grad(value, list(trained), create_graph=True, allow_unused=True)
        total = value
        for gradient in found:
            if gradient is not None:
                total = total + (strength / 2 * gradient.square().sum()).to(value)
        total.backward(inputs=list(trained))  # type: ignore[no-untyped-call]
    return value.detach()


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
    norms = [torch.linalg.vector_norm(g, dtype=dtype if g.device == device else None) for g in present]
    norm = torch.linalg.vector_norm(torch.stack([each.to(device, dtype) for each in norms]))
    return torch.where(norm > 0, 1 / norm, 0.0)


def leave(trained: Sequence[Tensor], gradients: Gradients) -> None:
    """Put gradients into `.grad`."""
    for p, gradient in zip(trained, gradients, strict=True):
        p.grad = gradient
