r"""Gradient flow of a diagonal linear network under gradient regularisation, in the weights themselves.

    dw±/dt = -w± ⊙ (s ± a),    s = γ g̃ ⊙ g̃',    a = g̃ + γ q        (`gradients`)

with ∫ g̃ ⊙ g̃' dt and ∫ g̃ ⊙ g̃ dt integrated alongside. Neither the product law nor the row-space law is
built in, as they would be in logarithms of the weights: they hold as well as the integration is good.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from widthscope.diagonal_networks import chebyshev
from widthscope.diagonal_networks.gradients import Network
from widthscope.diagonal_networks.regression import Regression

Array = np.ndarray[Any, np.dtype[np.float64]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]

STAGES = 16
FIRST_LENGTH = 1e-3
TINY = 1e-3
"""Weights below this, in units of the initial scale, are resolved absolutely."""

SPECTRUM_EVERY = 10
"""Steps between two looks at the largest rate of decay, which sets the longest stable step."""

ALLOWANCE = 1.3
"""The largest rate is found by power iteration, from below, and grows until it is looked at again."""

MOST_STEPS = 200_000


@dataclass(frozen=True)
class Flowed:
    """Where the flow ended; arrays (seed, feature, value).

    Attributes:
        plus, minus: w₊ and w₋.
        product: ∫ g̃ ⊙ g̃' dt.
        square: ∫ g̃ ⊙ g̃ dt.
        loss: (seed, value), above the loss asked for where the flow did not get there.
        time: (seed, value).
        steps: of all trajectories together.
    """

    plus: Array
    minus: Array
    product: Array
    square: Array
    loss: Array
    time: Array
    steps: int

    @property
    def solution(self) -> Array:
        """β = w₊² - w₋²."""
        return self.plus**2 - self.minus**2


class _Rates:
    """Time derivative of (w₊, w₋, ∫g̃g̃', ∫g̃²), stacked."""

    def __init__(self, network: Network, strengths: Array) -> None:
        self.network, self.strengths = network, strengths
        self.loss: Array = np.empty(0)

    def __call__(self, state: Array) -> Array:
        plus, minus = state[0], state[1]
        found = self.network.gradients(plus, minus)
        self.loss = found.loss
        rates = np.empty_like(state)
        np.multiply(found.gradient, found.ascended, out=rates[2])
        np.multiply(found.gradient, found.gradient, out=rates[3])
        shrink = self.strengths * rates[2]
        turn = found.gradient + self.strengths * found.change
        rates[0], rates[1] = -plus * (shrink + turn), -minus * (shrink - turn)
        return rates


def flow(
    data: Regression,
    scale: float,
    strengths: Array,
    ascents: Array,
    loss: float = 1e-6,
    tolerance: float = 1e-6,
    most_steps: int = MOST_STEPS,
) -> Flowed:
    """Follow the flow from w± = α₀ until the loss is small.

    Each trajectory has steps of its own length; a seed's numbers do not depend on the other seeds.

    Args:
        data: S seeds.
        scale: α₀ > 0.
        strengths: γ of each of V values; 0 for the plain flow.
        ascents: ε of each value, signed; 0 for double backpropagation.
        loss: where to stop.
        tolerance: relative error of a weight that one step may make, root mean square over the weights.
        most_steps: after these, trajectories that have not arrived are left with the loss they have.
    """
    strengths, ascents = (np.asarray(values, dtype=float) for values in (strengths, ascents))
    network = Network(data, ascents)
    seeds, features, values = len(data.inputs), data.inputs.shape[2], len(ascents)
    final = np.zeros((4, seeds, features, values))
    final[:2] = scale
    losses, times, steps = np.full((seeds, values), np.inf), np.zeros((seeds, values)), 0
    running = np.arange(seeds)
    lane = _Lanes(network, strengths, final, tolerance, scale)
    while running.size and steps < most_steps:
        lane.advance(loss)
        steps += 1
        arrived = np.asarray(lane.done.all(axis=(1, 2)))
        if arrived.any() or steps == most_steps:
            final[:, running], losses[running] = lane.state, lane.loss
            times[running] = lane.time[:, 0]
            if arrived.any():
                running = running[~arrived]
                lane.keep(~arrived)
    return Flowed(final[0], final[1], final[2], final[3], losses, times, steps)


class _Lanes:
    """Trajectories (seed, value) that are still followed, each with its own time and step."""

    def __init__(
        self, network: Network, strengths: Array, state: Array, tolerance: float, scale: float
    ) -> None:
        self.network, self.strengths, self.state = network, strengths, state.copy()
        self.tolerance, self.floor = tolerance, TINY * scale
        shape = (state.shape[1], 1, state.shape[3])
        self.time, self.length = np.zeros(shape), np.full(shape, FIRST_LENGTH)
        self.done = np.zeros(shape, dtype=bool)
        self.rates = _Rates(network, strengths)
        self.rate = self.rates(self.state)
        self.loss = self.rates.loss
        self.vector = np.ones_like(network.residual(state[0], state[1]))
        self.count = 0
        self._look(iterations=20)

    def keep(self, seeds: Mask) -> None:
        """Leave the other seeds out from now on."""
        self.network = self.network.of_seeds(seeds)
        self.state, self.rate = self.state[:, seeds], self.rate[:, seeds]
        for name in ("time", "length", "done", "loss", "vector", "longest"):
            setattr(self, name, getattr(self, name)[seeds])
        self.rates = _Rates(self.network, self.strengths)

    def _look(self, iterations: int = 2) -> None:
        """Longest stable step: the rates of decay are λ(1 + γλ), λ an eigenvalue of the kernel."""
        for _ in range(iterations):
            image = self.network.kernel_times(self.state[0], self.state[1], self.vector)
            size = np.sqrt((image**2).sum(axis=1, keepdims=True))
            before = np.sqrt((self.vector**2).sum(axis=1, keepdims=True))
            largest = size / before
            self.vector = image / size
        rate = ALLOWANCE * largest * (1 + self.strengths * largest)
        self.longest = chebyshev.coefficients(STAGES).reach / rate

    def advance(self, loss: float) -> None:
        """One step of all trajectories that have not arrived; one that was too long is not taken."""
        if self.count and self.count % SPECTRUM_EVERY == 0:
            self._look()
        self.count += 1
        length = np.where(self.done, 0.0, np.minimum(self.length, self.longest))
        with np.errstate(over="ignore", invalid="ignore"):  # of steps that are then refused
            new = chebyshev.step(self.rates, self.state, self.rate, length, STAGES)
            rate = self.rates(new)
            found = self.rates.loss
            error = chebyshev.error(self.state[:2], new[:2], self.rate[:2], rate[:2], length)
            allowed = np.maximum(np.abs(self.state[:2]), np.abs(new[:2])) + self.floor
            size = np.sqrt(((error / (self.tolerance * allowed)) ** 2).mean(axis=(0, 2)))[:, None, :]
        size = np.where(np.isfinite(size), size, 1e6)
        taken = (size <= 1) & ~self.done
        self.state, self.rate = np.where(taken, new, self.state), np.where(taken, rate, self.rate)
        self.loss = np.where(taken[:, 0], found, self.loss)
        self.time = self.time + np.where(taken, length, 0.0)
        self.length = np.where(self.done, self.length, chebyshev.next_length(length, size))
        self.done |= self.loss[:, None, :] < loss
