r"""Shampoo on a multilayer perceptron: W <- W - eta (G G^T + rho_L)^{-e} G (G^T G + rho_R)^{-e}.

The ridges are relative, rho = eps lambda_max, as in distributed implementations, and so free of the width's
powers. Without accumulation both sides hold the same gradient, and with G = delta^T a / N, the thin
delta^T = Q R and Z = R a / N,

    (G G^T + rho)^{-e} G (G^T G + rho)^{-e} = G (G^T G + rho)^{-2e} = Q (Z Z^T + rho)^{-2e} Z ,

whose inner matrix is N x N: O(N^3 + N^2 n) for a layer and member.

Source: Gupta, Koren and Singer, arXiv:1802.09568 (e = 1/4); arXiv:2312.12226.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from widthscope.ensembles.gradient_step import Batch
from widthscope.ensembles.optimisers import State
from widthscope.ensembles.parameters import Parameters
from widthscope.ensembles.schedules import Schedule, constant
from widthscope.ensembles.second_order.damping import positive
from widthscope.ensembles.second_order.errors import SecondOrderError, known
from widthscope.ensembles.second_order.low_rank import (
    LowRankUpdate,
    gradient_update,
    passed_through,
    trained_layers,
    updated,
)
from widthscope.ensembles.second_order.solves import finite_eigh, power

ACCUMULATIONS = ("none", "sum", "average")


def shampoo_update(inputs: Tensor, signals: Tensor, ridge: Tensor, exponent: float = 0.25) -> LowRankUpdate:
    """The update of one layer without accumulation; a zero gradient has a zero update.

    Args:
        inputs: a_{l-1}, (member, N, n_{l-1}).
        signals: delta_l, (member, N, n_l), without a factor 1/N.
        ridge: eps, relative to the largest eigenvalue, (member,); well above the dtype's rounding.
        exponent: e of each side.
    """
    frame, triangle = torch.linalg.qr(signals.mT)
    core = torch.bmm(triangle, inputs) / signals.shape[1]
    values, vectors = finite_eigh(torch.bmm(core, core.mT))
    powers = _ridged_powers(values, ridge, 2 * exponent)
    rotated = torch.bmm(vectors.mT, core) * powers[:, :, None]
    return LowRankUpdate(frame.mT, torch.bmm(vectors, rotated))


@dataclass(frozen=True)
class Shampoo:
    """Shampoo of the loss (1/2N) sum_n |f_n - y_n|^2, a `gradient_step.Step`; without momentum or grafting.

    Attributes:
        activation: of `models.mlp`.
        rates: each layer's (member,), by name; a name left out is frozen.
        ridge: eps > 0, relative to each side's largest eigenvalue, (member,) or (1,) for all.
        exponent: e of each side.
        accumulate: ``none`` for the current gradient alone, ``sum`` of all G G^T, or their ``average`` that
            moves by 1 - decay a step (the first step's is its own). Both start from nothing: a relative ridge
            needs no absolute one. These two hold and decompose matrices of n x n entries.
        decay: of the average.
        every: steps between two decompositions of accumulated sides.
        schedule: factor of the rates by step.

    Raises:
        SecondOrderError: if a name is unknown or a number out of range.
    """

    activation: str
    rates: Mapping[str, Tensor]
    ridge: Tensor
    exponent: float = 0.25
    accumulate: str = "none"
    decay: float = 0.95
    every: int = 1
    schedule: Schedule = field(default_factory=constant)

    def __post_init__(self) -> None:
        known(self.accumulate, ACCUMULATIONS, "accumulation")
        positive(self.ridge, "Shampoo's relative ridge")
        if self.exponent < 0 or not 0 <= self.decay < 1 or self.every < 1:
            raise SecondOrderError(
                f"Shampoo's exponent {self.exponent} must be at least 0, its decay {self.decay} in [0, 1)"
                f" and its steps between decompositions {self.every} at least 1"
            )

    def start(self, parameters: Parameters) -> State:
        """Nothing, or empty sides and no roots yet."""
        if self.accumulate == "none":
            return {}
        state: State = {"left": {}, "right": {}, "left root": {}, "right root": {}}
        for name, weights in parameters.items():
            for side, dimension in (("left", weights.shape[1]), ("right", weights.shape[2])):
                state[side][name] = weights.new_zeros(len(weights), dimension, dimension)
                state[f"{side} root"][name] = torch.empty_like(state[side][name])
        return state

    def __call__(
        self, parameters: Parameters, state: State, batch: Batch, step: int
    ) -> tuple[Parameters, State, Tensor]:
        """One update of ``x`` (member, N, D) and ``y`` (member, N, C); see `gradient_step.Step`."""
        passed = passed_through(parameters, batch, self.activation)
        layers = passed.layers()
        updates = {}
        for name in trained_layers(parameters, self.rates):
            inputs, signals = layers[name]
            if self.accumulate == "none":
                updates[name] = shampoo_update(inputs, signals, self.ridge.to(inputs), self.exponent)
            else:
                updates[name] = self._accumulated(state, name, inputs, signals, step)
        return updated(parameters, updates, self.rates, self.schedule(step)), state, passed.losses

    def _accumulated(
        self, state: State, name: str, inputs: Tensor, signals: Tensor, step: int
    ) -> LowRankUpdate:
        """Add this gradient to both sides, renew their roots where it is time, and apply them."""
        scaled = signals / signals.shape[1]
        sides = {"left": (scaled, inputs), "right": (inputs, scaled)}
        for side, (own, other) in sides.items():
            gram = torch.bmm(other, other.mT)
            square = torch.bmm(torch.bmm(own.mT, gram), own)
            kept = state[side][name]
            if self.accumulate == "average" and step > 0:
                kept.mul_(self.decay).add_(square, alpha=1 - self.decay)
            else:
                kept.add_(square)
            if step % self.every == 0:
                values, vectors = finite_eigh(kept)
                powers = _ridged_powers(values, self.ridge.to(inputs), self.exponent)
                state[f"{side} root"][name] = torch.bmm(vectors * powers[:, None], vectors.mT)
        left = torch.bmm(signals, state["left root"][name])
        return gradient_update(torch.bmm(inputs, state["right root"][name]), left)


def _ridged_powers(values: Tensor, ridge: Tensor, exponent: float) -> Tensor:
    """(lambda + eps lambda_max)^-exponent of eigenvalues (member, k); 1 where all of a member's are 0."""
    largest = values[:, -1:]
    absolute = torch.where(largest == 0, 1.0, ridge[:, None] * largest)
    return power(values + absolute, -exponent)
