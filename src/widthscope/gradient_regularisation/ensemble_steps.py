"""Steps that penalise the squared gradient norm, for the training loop of `widthscope.ensembles`.

Each descends L + (strength / 2) |g|^2, g the gradient of the batch's loss: by differences of gradients, by
double backpropagation, or, with strength and ascent both radius / |g|, as sharpness-aware minimisation. The
optimiser sees g + strength * H g (or its estimate) as the gradient: momentum and weight decay stay outside.
Source: theory notes 3.1, after arXiv:2210.02720; sharpness-aware minimisation: arXiv:2010.01412.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor

from widthscope.ensembles.gradient_step import Batch, Loss, in_groups, owned
from widthscope.ensembles.optimisers import Optimiser, State
from widthscope.ensembles.parameters import Parameters
from widthscope.ensembles.schedules import Schedule, constant
from widthscope.gradient_regularisation.differences import (
    Numbers,
    differentiable_gradients,
    displaced,
    mixed,
    shaped,
)


@dataclass(frozen=True)
class _RegularisedStep(ABC):
    """What the steps have in common: a `gradient_step.Step` whose direction is not the plain gradient."""

    loss: Loss
    optimiser: Optimiser

    @abstractmethod
    def direction(self, parameters: Parameters, batch: Batch) -> tuple[Tensor, Parameters]:
        """Each member's plain loss (member,), and what the optimiser takes for its gradient."""

    @abstractmethod
    def factor(self, step: int) -> float:
        """Factor of the learning rate."""

    def start(self, parameters: Parameters) -> State:
        """The optimiser's state before the first update."""
        return self.optimiser.start(parameters)

    def __call__(
        self, parameters: Parameters, state: State, batch: Batch, step: int
    ) -> tuple[Parameters, State, Tensor]:
        """See `gradient_step.Step`."""
        losses, direction = self.direction(parameters, batch)
        new = self.optimiser.update(parameters, direction, state, self.factor(step), step)
        return new, state, losses


@dataclass(frozen=True)
class DifferenceStep(_RegularisedStep):
    """Gradient regularisation by a finite difference of gradients on the same batch.

    Attributes:
        loss: (parameters, batch) -> (member,), as for `gradient_step.GradientStep`.
        optimiser: what to do with the regularised gradients.
        strength: of (strength / 2) |g|^2, at least 0, a number or (member,). A member of strength 0 is
            trained as by `GradientStep`, to the last bit.
        signed_ascent: length of the step along g before the second gradient, a number or (member,): above 0
            for the forward difference, below for the backward one. Not divided by |g|.
        schedule: factor of the learning rate by step.
        centred: whether the difference is that of a step ahead and one behind: three gradients, not two.
        at_once: as for `GradientStep`.

    Raises:
        ValueError: for a strength below 0, an ascent of 0, or either not finite.
    """

    strength: Numbers
    signed_ascent: Numbers
    schedule: Schedule = field(default_factory=constant)
    centred: bool = False
    at_once: int = 0

    def __post_init__(self) -> None:
        _check_strength(self.strength)
        if not all(math.isfinite(value) and value for value in _listed(self.signed_ascent)):
            raise ValueError(
                f"signed_ascent {_listed(self.signed_ascent)} must be finite and not 0: a difference divides "
                "by it"
            )

    @cached_property
    def _some_plain(self) -> bool:
        """Whether a strength is 0: found once, not in every update."""
        return any(value == 0 for value in _listed(self.strength))

    def factor(self, step: int) -> float:
        """See the schedule."""
        return self.schedule(step)

    def direction(self, parameters: Parameters, batch: Batch) -> tuple[Tensor, Parameters]:
        """g + strength * (difference of gradients), as first + weight * (second - first)."""
        losses, first = in_groups(self.loss, parameters, batch, self.at_once)
        weight = self.strength / self.signed_ascent
        second = self._displaced_gradient(parameters, batch, first, self.signed_ascent)
        if not self.centred:
            return losses, mixed(first, second, weight, self._some_plain)
        behind = self._displaced_gradient(parameters, batch, first, -self.signed_ascent)
        # g + (strength / 2e) (ahead - behind): `mixed` of g and g + (ahead - behind) / 2.
        halves = {name: second[name].sub_(behind[name]).div_(2).add_(g) for name, g in first.items()}
        return losses, mixed(first, halves, weight, self._some_plain)

    def _displaced_gradient(
        self, parameters: Parameters, batch: Batch, first: Parameters, ascent: Numbers
    ) -> Parameters:
        return in_groups(self.loss, displaced(parameters, first, ascent), batch, self.at_once)[1]


@dataclass(frozen=True)
class SharpnessAwareStep(_RegularisedStep):
    """Sharpness-aware minimisation: the forward difference with strength = ascent, e.

    Then g + strength * (g(p + e g) - g) / e is g(p + e g), the gradient after the ascent.

    Attributes:
        loss: as for `DifferenceStep`.
        optimiser: what to do with the gradients after the ascent.
        radius: a number or (member,), above 0.
        normalised: whether e is radius / |g|, |g| over all parameters of a member together; else e is the
            radius. A member whose gradient is 0 does not ascend.
        schedule: factor of the learning rate by step.
        at_once: as for `GradientStep`.

    Raises:
        ValueError: unless the radius is finite and above 0.
    """

    radius: Numbers
    normalised: bool = True
    schedule: Schedule = field(default_factory=constant)
    at_once: int = 0

    def __post_init__(self) -> None:
        if not all(0 < value < math.inf for value in _listed(self.radius)):
            raise ValueError(f"radius {_listed(self.radius)} must be finite and above 0")

    def factor(self, step: int) -> float:
        """See the schedule."""
        return self.schedule(step)

    def direction(self, parameters: Parameters, batch: Batch) -> tuple[Tensor, Parameters]:
        """`DifferenceStep`'s direction with strength = ascent: of weight 1, the second gradient alone."""
        losses, first = in_groups(self.loss, parameters, batch, self.at_once)
        ascent = self.radius
        if self.normalised:
            norm = member_norms(first)
            ascent = torch.where(norm > 0, shaped(self.radius, norm) / norm, 0.0)
        return losses, in_groups(self.loss, displaced(parameters, first, ascent), batch, self.at_once)[1]


@dataclass(frozen=True)
class DoubleBackpropagationStep(_RegularisedStep):
    """Gradient regularisation by the exact gradient of L + (strength / 2) |g|^2, for each member.

    The loss must be twice differentiable by autograd. One backward pass through the loss and its gradient
    together; its graph is kept for it: about twice the memory of a plain gradient.

    Attributes:
        loss: as for `DifferenceStep`.
        optimiser: what to do with the gradients.
        strength: at least 0, a number or (member,); 0 is plain training, to the last bit.
        schedule: factor of the learning rate by step.

    Raises:
        ValueError: for a strength below 0 or not finite.
    """

    strength: Numbers
    schedule: Schedule = field(default_factory=constant)

    def __post_init__(self) -> None:
        _check_strength(self.strength)

    @cached_property
    def _some_plain(self) -> bool:
        """Whether a strength is 0: found once, not in every update."""
        return any(value == 0 for value in _listed(self.strength))

    def factor(self, step: int) -> float:
        """See the schedule."""
        return self.schedule(step)

    def direction(self, parameters: Parameters, batch: Batch) -> tuple[Tensor, Parameters]:
        """The gradient of the penalised loss."""
        leaves = {name: value.detach().requires_grad_() for name, value in parameters.items()}
        with torch.enable_grad():
            losses, plain = differentiable_gradients(self.loss, leaves, batch)
            total = losses.sum()
            for value in plain.values():
                total = total + (value.square() * shaped(self.strength, value)).sum() / 2
            found = torch.autograd.grad(total, list(leaves.values()), materialize_grads=True)
        if not self._some_plain:
            return losses.detach(), dict(zip(plain, owned(found), strict=True))
        directions = {}
        for (name, value), penalised in zip(plain.items(), found, strict=True):
            # Of strength 0: 0 * H g is no number where H g is infinite.
            zero = torch.as_tensor(shaped(self.strength, value) == 0, device=value.device)
            directions[name] = torch.where(zero, value.detach(), penalised)
        return losses.detach(), directions


def member_norms(gradients: Parameters) -> Tensor:
    """Norm of each member's gradient, all its parameters together, (member,), in float64."""
    squares = [
        torch.linalg.vector_norm(value.reshape(len(value), -1), dim=1, dtype=torch.float64).square()
        for value in gradients.values()
    ]
    return torch.stack(squares, dim=1).sum(dim=1).sqrt()


def _listed(numbers: Numbers) -> list[float]:
    return numbers.detach().cpu().double().flatten().tolist() if isinstance(numbers, Tensor) else [numbers]


def _check_strength(strength: Numbers) -> None:
    if not all(0 <= value < math.inf for value in _listed(strength)):
        raise ValueError(f"strength {_listed(strength)} must be finite and at least 0")
