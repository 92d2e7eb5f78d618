r"""Dense associative memories with binary visible units as exponential family harmoniums.

    p(s, h) ~ exp( b.s + sum_m [F(h_m) - h_m f(h_m)] + sum_m f(h_m) x_m ),   x_m = w_m.s,   f = F'

is bipartite and linear in s and f(h), so that either layer is independent given the other (theory notes 3.7).
The marginal of s has the log weight b.s + sum_m psi(x_m), exp psi(x) the integral of exp(F - h f + f x) over
h. Eliminating h by its saddle point h = x instead leaves the dense associative memory's b.s + sum_m F(x_m);
the two agree for a quadratic F alone.

Hidden densities are tabulated on a grid of h. The trapezoid rule is exact to rounding for those that fall off
on both sides, and to 1e-10 for the cubic F, which ends at h = 0.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.boltzmann.special_cases import all_spins


@dataclass(frozen=True)
class HiddenLagrangian:
    """F of one hidden unit and where it is defined.

    Attributes:
        value: F(h).
        slope: f(h) = F'(h).
        low, high: range of h outside of which exp(F - h f + f x) is below rounding, for |x| up to about 4.
    """

    value: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor], Tensor]
    low: float
    high: float


LAGRANGIANS = {
    "quadratic": HiddenLagrangian(lambda h: h.square() / 2, lambda h: h, -14.0, 14.0),
    "quartic": HiddenLagrangian(lambda h: h**4 / 4, lambda h: h**3, -7.0, 7.0),
    "cubic": HiddenLagrangian(lambda h: h**3 / 3, lambda h: h.square(), 0.0, 9.0),
}
"""h^2/2, h^4/4, and h^3/3 for h >= 0: below zero the last integrand would be constant."""


@dataclass(frozen=True)
class Harmonium:
    """A harmonium in float64 with its hidden densities on a grid.

    Attributes:
        weights: w_m, (M, N).
        bias: b, (N,).
        lagrangian: of every hidden unit.
        points: of the grid of h.
    """

    weights: Tensor
    bias: Tensor
    lagrangian: HiddenLagrangian
    points: int = 2001

    @property
    def grid(self) -> Tensor:
        """Values of h, (G,)."""
        return torch.linspace(self.lagrangian.low, self.lagrangian.high, self.points, dtype=torch.float64)

    def log_measure(self) -> Tensor:
        """Log weights (G,) of the trapezoid rule on the grid."""
        step = (self.lagrangian.high - self.lagrangian.low) / (self.points - 1)
        weight = torch.full((self.points,), step, dtype=torch.float64)
        weight[[0, -1]] /= 2
        return weight.log()

    def hidden_log_weights(self, inputs: Tensor) -> Tensor:
        """F(h) - h f(h) + f(h) x and the grid's measure, for inputs x (...): (..., G)."""
        h = self.grid
        f = self.lagrangian.slope(h)
        return self.lagrangian.value(h) - h * f + f * inputs.unsqueeze(-1) + self.log_measure()

    def hidden_given(self, spins: Tensor) -> Tensor:
        """Probabilities on the grid of each hidden unit, given states (P, N): (P, M, G)."""
        return torch.softmax(self.hidden_log_weights(spins @ self.weights.mT), dim=-1)

    def spins_given(self, slopes: Tensor) -> Tensor:
        """Probability that each spin is up given f(h) of the hidden units, (P, M): (P, N)."""
        return torch.sigmoid(2 * (self.bias + slopes @ self.weights))

    def marginal(self) -> Tensor:
        """Exact probabilities of the 2^N states of `all_spins`: (2^N,)."""
        spins = all_spins(len(self.bias))
        integral = torch.logsumexp(self.hidden_log_weights(spins @ self.weights.mT), dim=-1)
        return torch.softmax(spins @ self.bias + integral.sum(-1), dim=-1)

    def eliminated(self) -> Tensor:
        """Probabilities of the same states under the dense associative memory, b.s + sum F(w_m.s): (2^N,).

        Inputs outside of the range of h count as its end: below zero a cubic F is zero.
        """
        spins = all_spins(len(self.bias))
        inputs = (spins @ self.weights.mT).clamp(self.lagrangian.low, self.lagrangian.high)
        return torch.softmax(spins @ self.bias + self.lagrangian.value(inputs).sum(-1), dim=-1)


def gibbs_samples(harmonium: Harmonium, chains: int, sweeps: int, generator: torch.Generator) -> Tensor:
    """States of independent chains of block Gibbs sampling, as counts of the 2^N states: (2^N,).

    A sweep draws all h given the spins, by the inverse of their distribution functions on the grid, then all
    spins given h.

    Args:
        chains: chains, each from a state drawn uniformly.
        sweeps: sweeps of each.
    """
    units = len(harmonium.bias)
    spins = all_spins(units)
    cumulative = harmonium.hidden_given(spins).cumsum(-1)  # (2^N, M, G)
    slopes = harmonium.lagrangian.slope(harmonium.grid)
    powers = 2 ** torch.arange(units)
    state = torch.randint(2**units, (chains,), generator=generator)
    for _ in range(sweeps):
        uniform = torch.rand(chains, len(harmonium.weights), generator=generator, dtype=torch.float64)
        drawn = slopes[_inverse(cumulative, state, uniform)]
        up = harmonium.spins_given(drawn)
        coins = torch.rand(chains, units, generator=generator, dtype=torch.float64)
        state = ((coins < up) * powers).sum(-1)
    return torch.bincount(state, minlength=2**units)


def transition_matrix(harmonium: Harmonium) -> Tensor:
    """Probability of each state after one sweep from each other, for two hidden units: (2^N, 2^N).

    By the integral over both hidden units on the product of their grids.

    Raises:
        ValueError: if there are not two hidden units.
    """
    if len(harmonium.weights) != 2:
        raise ValueError(f"sweeps are integrated over 2 hidden units, not {len(harmonium.weights)}")
    spins = all_spins(len(harmonium.bias))
    first, second = harmonium.hidden_given(spins).unbind(1)
    slopes = harmonium.lagrangian.slope(harmonium.grid)
    joint = (first.unsqueeze(-1) * second.unsqueeze(-2)).flatten(1)
    up = harmonium.spins_given(torch.cartesian_prod(slopes, slopes))
    after = torch.ones(len(up), len(spins), dtype=torch.float64)
    for place, probability in enumerate(up.unbind(-1)):
        on = probability.unsqueeze(-1)
        after *= torch.where(spins[:, place] > 0, on, 1 - on)
    return joint @ after


def _inverse(cumulative: Tensor, state: Tensor, uniform: Tensor) -> Tensor:
    """Index on the grid of each unit's draw, (P, M), for tables (2^N, M, G), states (P,), uniforms (P, M).

    The tables of a unit are searched as one, each raised by its number.
    """
    states, units, points = cumulative.shape
    raised = cumulative + torch.arange(states, dtype=cumulative.dtype)[:, None, None]
    joined = raised.transpose(0, 1).reshape(units, states * points).contiguous()
    found = torch.searchsorted(joined, (uniform + state.unsqueeze(-1)).mT.contiguous()).mT
    own = found - points * state.unsqueeze(-1)
    return own.clamp(min=0, max=points - 1)
