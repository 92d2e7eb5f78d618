"""The gradient of half the squared gradient norm, H g, exactly and by differences of gradients.

    forward    (g(p + e g) - g(p)) / e
    backward   (g(p) - g(p - e g)) / e, which is the forward one with -e for e
    centred    (g(p + e g) - g(p - e g)) / 2e

All with a leading member dimension; g is the gradient on one batch, and the step e is not divided by the norm
of g. Source: theory notes 2 and 3.1, after arXiv:2210.02720.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from widthscope.ensembles.gradient_step import Batch, Loss
from widthscope.ensembles.parameters import Parameters, column

Gradient = Callable[[Parameters], Parameters]
"""Each member's gradient at given parameters, always on the same batch; memory of its own."""

Numbers = float | Tensor
"""One number for all members, or (member,)."""


def shaped(numbers: Numbers, like: Tensor) -> Numbers:
    """Numbers that broadcast against `like` (member, ...), in its dtype and on its device."""
    return column(numbers.to(like), like) if isinstance(numbers, Tensor) else numbers


def displaced(parameters: Parameters, direction: Parameters, length: Numbers) -> Parameters:
    """p + length * direction, each member with its own length; new tensors."""
    return {name: (direction[name] * shaped(length, value)).add_(value) for name, value in parameters.items()}


def mixed(first: Parameters, second: Parameters, weight: Numbers, zeros: bool = True) -> Parameters:
    """first + weight * (second - first), in the memory of `second`.

    With the weight strength / e this is g + strength * (forward difference), without a division of its small
    entries. A member of weight 0 gets `first` to the last bit, even where `second` is not finite; without
    `zeros` no weight is 0, and nothing needs to be selected.
    """
    for name, start in first.items():
        value = second[name]
        share = shaped(weight, start)
        value.sub_(start).mul_(share).add_(start)
        if not zeros:
            continue
        if isinstance(share, Tensor):
            second[name] = torch.where(share == 0, start, value)
        elif share == 0:
            second[name] = start
    return second


def one_sided(gradient: Gradient, parameters: Parameters, first: Parameters, ascent: Numbers) -> Parameters:
    """(g(p + e g) - g(p)) / e, with e = `ascent`: forward where it is positive, backward where negative.

    Args:
        gradient: g.
        parameters: p, (member, ...) by name.
        first: g(p); stays as it is.
        ascent: e, not 0.
    """
    second = gradient(displaced(parameters, first, ascent))
    return {name: second[name].sub_(start).div_(shaped(ascent, start)) for name, start in first.items()}


def centred(gradient: Gradient, parameters: Parameters, first: Parameters, ascent: Numbers) -> Parameters:
    """(g(p + e g) - g(p - e g)) / 2e; arguments as in `one_sided`, and the sign of e is of no account."""
    ahead = gradient(displaced(parameters, first, ascent))
    behind = gradient(displaced(parameters, first, -ascent))
    return {name: value.sub_(behind[name]).div_(shaped(2 * ascent, value)) for name, value in ahead.items()}


def exact(loss: Loss, parameters: Parameters, batch: Batch) -> tuple[Tensor, Parameters, Parameters]:
    """Each member's loss (member,), its gradient g, and H g by double backpropagation.

    Where the loss has kinks (ReLU), reverse mode leaves out what H has at a kink, and no difference does.
    """
    leaves = {name: value.detach().requires_grad_() for name, value in parameters.items()}
    with torch.enable_grad():
        losses, found = differentiable_gradients(loss, leaves, batch)
        half = sum((value.square().sum() for value in found.values()), start=losses.new_zeros(())) / 2
        products = torch.autograd.grad(half, list(leaves.values()), materialize_grads=True)
    gradients = {name: value.detach().clone() for name, value in found.items()}
    return losses.detach(), gradients, dict(zip(leaves, (each.clone() for each in products), strict=True))


def differentiable_gradients(loss: Loss, leaves: Parameters, batch: Batch) -> tuple[Tensor, Parameters]:
    """Losses (member,) and gradients that can be differentiated once more; `leaves` require gradients."""
    losses = loss(leaves, batch)
    found = torch.autograd.grad(
        losses.sum(), list(leaves.values()), create_graph=True, materialize_grads=True
    )
    return losses, dict(zip(leaves, found, strict=True))
