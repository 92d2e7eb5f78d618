r"""Diagonal linear networks as members of an ensemble, with the discrete laws of w₊ ⊙ w₋ kept beside them.

A step of length η of regularised descent multiplies w₊ ⊙ w₋ by (1 - ηs)² - (ηa)², with s and a as in
`gradients`; one of flooding by 1 - (ηg̃)², whichever way it goes (theory notes, 3.4 and 3.5). The steps
themselves are those of any network: the laws are kept from closed forms, the weights by differentiation.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.ensembles.gradient_step import Batch, Step
from widthscope.ensembles.optimisers import State
from widthscope.ensembles.parameters import Parameters

WEIGHTS = ("plus", "minus")

Terms = Callable[[Parameters, Batch], Mapping[str, Tensor]]
"""What a step adds to each kept sum, (member, feature) by name, from the weights before it."""


def initial(scale: float, members: int, features: int, device: str = "cpu") -> Parameters:
    """w₊ = w₋ = α₀, in float64."""
    start = torch.full((members, features), scale, dtype=torch.float64, device=device)
    return {name: start.clone() for name in WEIGHTS}


def loss(parameters: Parameters, batch: Batch) -> Tensor:
    """L = |Xβ - y|²/(4n), (member,); `inputs` (member, n, d) and `outputs` (member, n) in the batch."""
    return residual(parameters, batch).square().mean(dim=1) / 4


def residual(parameters: Parameters, batch: Batch) -> Tensor:
    """Xβ - y (member, n)."""
    solution = parameters["plus"].square() - parameters["minus"].square()
    return torch.bmm(batch["inputs"], solution[:, :, None])[:, :, 0] - batch["outputs"]


def pulled_back_residual(parameters: Parameters, batch: Batch) -> Tensor:
    """g̃ = Xᵀ(Xβ - y)/n (member, d)."""
    found = residual(parameters, batch)
    return torch.bmm(found[:, None, :], batch["inputs"])[:, 0] / found.shape[1]


@dataclass(frozen=True)
class FloodingTerms:
    """What a step of flooding, or of plain descent, adds to log(w₊w₋).

    Attributes:
        rates: η (member,).
    """

    rates: Tensor

    def __call__(self, parameters: Parameters, batch: Batch) -> Mapping[str, Tensor]:
        """log(1 - (ηg̃)²) as `log_product`."""
        along = self.rates[:, None] * pulled_back_residual(parameters, batch)
        return {"log_product": torch.log1p(-along.square())}


@dataclass(frozen=True)
class DescentTerms:
    """What a step of descent by one-sided differences adds to log(w₊w₋), and what the flow's law would.

    Attributes:
        rates, strengths, ascents: η, γ and the signed ε, not 0, (member,).
    """

    rates: Tensor
    strengths: Tensor
    ascents: Tensor

    def __call__(self, parameters: Parameters, batch: Batch) -> Mapping[str, Tensor]:
        """log[(1 - ηs)² - (ηa)²] as `log_product`, -2ηs as `log_flow`."""
        rate, strength, ascent = (each[:, None] for each in (self.rates, self.strengths, self.ascents))
        gradient = pulled_back_residual(parameters, batch)
        moved = {
            "plus": parameters["plus"] * (1 + ascent * gradient),
            "minus": parameters["minus"] * (1 - ascent * gradient),
        }
        ascended = pulled_back_residual(moved, batch)
        shrink = rate * strength * gradient * ascended
        turn = rate * (gradient + strength * (ascended - gradient) / ascent)
        factor = (1 - shrink).square() - turn.square()
        return {"log_product": factor.log(), "log_flow": -2 * shrink}


@dataclass(frozen=True)
class AccountedStep:
    """Any step on the weights, with sums of `terms` kept among the parameters; a `gradient_step.Step`.

    Attributes:
        step: moves `plus` and `minus`.
        terms: what to add; its names must be among the parameters, 0 at the start.
    """

    step: Step
    terms: Terms

    def start(self, parameters: Parameters) -> State:
        """The state of the step on the weights."""
        return self.step.start(_weights(parameters))

    def __call__(
        self, parameters: Parameters, state: State, batch: Batch, step: int
    ) -> tuple[Parameters, State, Tensor]:
        """One update; see `gradient_step.Step`."""
        weights = _weights(parameters)
        sums = {name: parameters[name] + term for name, term in self.terms(weights, batch).items()}
        new, state, losses = self.step(weights, state, batch, step)
        return {**new, **sums}, state, losses


def _weights(parameters: Parameters) -> Parameters:
    return {name: parameters[name] for name in WEIGHTS}
