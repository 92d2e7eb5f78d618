"""One update by the gradient of each member's own loss: the step that most studies use."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

import torch
from torch import Tensor

from widthscope.ensembles.optimisers import Optimiser, State
from widthscope.ensembles.parameters import Parameters, column
from widthscope.ensembles.schedules import Schedule, constant

Batch = Mapping[str, Tensor]
Loss = Callable[[Parameters, Batch], Tensor]


class Step(Protocol):
    """What the training loop runs; a study may bring its own."""

    def start(self, parameters: Parameters) -> State:
        """What the step carries along, before the first one: dicts of tensors."""

    def __call__(
        self, parameters: Parameters, state: State, batch: Batch, step: int
    ) -> tuple[Parameters, State, Tensor]:
        """New parameters, state, and each member's loss (member,) at the old parameters.

        `parameters` must stay as they are; `state` may change in place. Members must not mix.
        """


@dataclass(frozen=True)
class GradientStep:
    """Gradient of each member's loss, then the optimiser.

    Attributes:
        loss: (parameters, batch) -> (member,), each member's loss from its own slices alone.
        optimiser: what to do with the gradients.
        schedule: factor of the learning rate by step.
        compile: whether `torch.compile` compiles the loss; it then agrees with the plain one up to rounding.
        at_once: how many members' gradients are taken at once, at least 2; 0 for all. Results are the same;
            memory, and time where it goes to memory, are not: see `members_at_once`. The loss is then called
            with slices of parameters and batch: values that differ by member must come by the batch.
        clip: largest norm of a member's gradient, all its parameters together; a longer one is shortened to
            it. 0 leaves every gradient as it is.
    """

    loss: Loss
    optimiser: Optimiser
    schedule: Schedule = field(default_factory=constant)
    compile: bool = False
    at_once: int = 0
    clip: float = 0.0

    def __post_init__(self) -> None:
        if self.at_once == 1 or self.at_once < 0:
            raise ValueError(f"at_once {self.at_once} must be 0 or at least 2: see ensembles.independence")
        if not 0 <= self.clip < math.inf:
            raise ValueError(f"clip {self.clip} must be 0, for none, or a finite norm above it")
        if self.compile:
            object.__setattr__(self, "loss", torch.compile(self.loss))

    def start(self, parameters: Parameters) -> State:
        """The optimiser's state before the first update."""
        return self.optimiser.start(parameters)

    def __call__(
        self, parameters: Parameters, state: State, batch: Batch, step: int
    ) -> tuple[Parameters, State, Tensor]:
        """One update; see `Step`."""
        losses, gradients = in_groups(self.loss, parameters, batch, self.at_once)
        if self.clip:
            clip_members(gradients, self.clip)
        new = self.optimiser.update(parameters, gradients, state, self.schedule(step), step)
        return new, state, losses


def members_at_once(floats: int) -> int:
    """How many members to take at once where a member's largest array has so many numbers.

    4 MB for such an array of all: what one operation leaves is still in the cache for the next.
    """
    return max(2, 2**20 // floats)


def in_groups(loss: Loss, parameters: Parameters, batch: Batch, at_once: int) -> tuple[Tensor, Parameters]:
    """As `value_and_gradients`, for at most about `at_once` members at a time; 0 for all."""
    members = len(next(iter(parameters.values())))
    count = max(1, members // at_once) if at_once else 1
    if count == 1:
        return value_and_gradients(loss, parameters, batch)
    ends = [members * place // count for place in range(count + 1)]
    losses, gradients = [], {name: torch.empty_like(value) for name, value in parameters.items()}
    for begin, end in pairwise(ends):
        of_group = {name: value[begin:end] for name, value in batch.items()}
        values, found = value_and_gradients(loss, {k: v[begin:end] for k, v in parameters.items()}, of_group)
        losses.append(values)
        for name, gradient in found.items():
            gradients[name][begin:end] = gradient
    return torch.cat(losses), gradients


def value_and_gradients(loss: Loss, parameters: Parameters, batch: Batch) -> tuple[Tensor, Parameters]:
    """Each member's loss (member,) and its gradient, in memory of the gradient's own.

    The losses' sum is differentiated: a member's parameters enter its own loss only, so that the gradient of
    the sum is each member's own gradient.
    """
    leaves = {name: value.detach().requires_grad_() for name, value in parameters.items()}
    with torch.enable_grad():
        losses = loss(leaves, batch)
        gradients = torch.autograd.grad(losses.sum(), list(leaves.values()), materialize_grads=True)
    return losses.detach(), dict(zip(leaves, owned(gradients), strict=True))


def clip_members(gradients: Parameters, largest: float) -> None:
    """Shorten, in place, each member's gradient to the norm `largest` where it is longer.

    The norm is that of all the member's parameters together, in float64: squares of a large float32 gradient
    overflow. One that is not finite becomes NaN, which the training loop sees.
    """
    norms = [
        torch.linalg.vector_norm(value.reshape(len(value), -1), dim=1, dtype=torch.float64)
        for value in gradients.values()
    ]
    factor = (largest / torch.stack(norms, dim=1).square().sum(dim=1).sqrt()).clamp(max=1.0)
    for value in gradients.values():
        value.mul_(column(factor.to(value.dtype), value))


def owned(gradients: Sequence[Tensor]) -> list[Tensor]:
    """Gradients that may be written to: autograd may give two parameters one tensor, or slices of one."""
    seen: set[int] = set()
    owned = []
    for gradient in gradients:
        storage = gradient.untyped_storage().data_ptr()
        if storage in seen or not gradient.is_contiguous():
            gradient = gradient.clone(memory_format=torch.contiguous_format)
        seen.add(storage)
        owned.append(gradient)
    return owned
