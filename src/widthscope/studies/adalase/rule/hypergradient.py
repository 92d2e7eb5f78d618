"""One weight step as a function of the ratios: its derivative, and the inner product that stands for it."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from widthscope.feature_augmentation.operations.base import Draws, Operation

POSITIONS = 3
"""Before each of the three linear layers."""

INPUTS, CLASSES = 12, 4

TOLERANCE = 1e-10
"""What counts as exact, relative to lr |g_val| |g_l|: some ten thousand roundings of float64."""

Batch = Mapping[str, Tensor]


def deviations(
    generator: torch.Generator, operation: Operation, *, width: int, batch: int, rate: float
) -> dict[str, Tensor]:
    """Deviation of -lr <g_val, g_l> from the derivative of the validation loss after one step by q_l.

    A tanh network with random weights takes one plain step of the loss sum_l q_l L_l; autograd differentiates
    the validation loss at the new weights by q.

    Returns:
        `after`, with g_val at the new weights, and `before`, at the old ones: (position,), over `TOLERANCE`
        times lr |g_val| |g_l|; and `derivative`, (position,).
    """
    weights = _weights(generator, width)
    data = {name: _examples(generator, batch) for name in ("train", "validation")}
    shapes = [(INPUTS,), (width,), (width,)]
    draws = [operation.draw(generator, (1, batch), shape) for shape in shapes]
    ratios = torch.rand(POSITIONS, generator=generator, dtype=torch.float64) + 0.5
    ratios = (ratios / ratios.sum()).requires_grad_()

    def at(position: int, weights: Sequence[Tensor]) -> Tensor:
        return _loss(weights, *data["train"], operation, draws[position], position)

    gradients = [torch.autograd.grad(at(position, weights), weights) for position in range(POSITIONS)]
    new = [
        weight - rate * sum(ratios[position] * gradients[position][k] for position in range(POSITIONS))
        for k, weight in enumerate(weights)
    ]
    (derivative,) = torch.autograd.grad(_loss(new, *data["validation"]), ratios)
    new = [weight.detach().requires_grad_() for weight in new]
    found = {"derivative": derivative}
    for name, place in (("after", new), ("before", weights)):
        validation = torch.autograd.grad(_loss(place, *data["validation"]), place)
        product = torch.stack([_inner(validation, gradient) for gradient in gradients])
        sizes = torch.stack([_inner(gradient, gradient).sqrt() for gradient in gradients])
        scale = rate * _inner(validation, validation).sqrt() * sizes
        found[name] = (-rate * product - derivative).abs() / (TOLERANCE * scale)
    return found


def _weights(generator: torch.Generator, width: int) -> list[Tensor]:
    sizes = [(INPUTS, width), (width, width), (width, CLASSES)]
    return [
        (torch.randn(size, generator=generator, dtype=torch.float64) / size[0] ** 0.5).requires_grad_()
        for size in sizes
    ]


def _examples(generator: torch.Generator, batch: int) -> tuple[Tensor, Tensor]:
    labels = torch.randint(CLASSES, (batch,), generator=generator)
    images = torch.randn(batch, INPUTS, generator=generator, dtype=torch.float64)
    return images, functional.one_hot(labels, CLASSES).double()


def _loss(
    weights: Sequence[Tensor],
    x: Tensor,
    targets: Tensor,
    operation: Operation | None = None,
    draws: Draws | None = None,
    position: int = -1,
) -> Tensor:
    """Soft-label cross-entropy, with the operation on what enters a position."""
    for k, weight in enumerate(weights):
        if k == position and operation is not None and draws is not None:
            targets = operation.mixed_targets(targets[None], draws, x.shape[1:])[0]
            x = operation.apply(x[None], draws)[0]
        x = x @ weight
        if k < len(weights) - 1:
            x = torch.tanh(x)
    return -(targets * x.log_softmax(-1)).sum(-1).mean()


def _inner(left: Sequence[Tensor], right: Sequence[Tensor]) -> Tensor:
    return torch.stack([(a * b).sum() for a, b in zip(left, right, strict=True)]).sum()
