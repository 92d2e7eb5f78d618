r"""Gradients of a diagonal linear network and of its regularised loss, in closed form.

The network is β = w₊² - w₋² (elementwise), its loss L = |Xβ - y|²/(4n). With g̃ = Xᵀ(Xβ - y)/n,

    ∇_{w±} L = ± g̃ ⊙ w± ,    ΔR_{w±} = w± ⊙ ( g̃ ⊙ g̃' ± q ) ,

where ΔR estimates the gradient of half the squared gradient norm: g̃' is g̃ after an ascent step of length ε
and q = (g̃' - g̃)/ε; double backpropagation is the limit ε → 0, g̃' = g̃ and q = XᵀX(2 g̃ ⊙ (w₊² + w₋²))/n.
So descent on L + γ R has the rates -w± ⊙ (s ± a), s = γ g̃ ⊙ g̃' and a = g̃ + γ q.

Source: the model of arXiv:2210.02720; the closed forms are derived in the theory notes, 3.4.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from widthscope.diagonal_networks.regression import Regression

Array = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Gradients:
    """At one state of the weights; arrays (seed, feature, value).

    Attributes:
        gradient: g̃.
        ascended: g̃' after the ascent step.
        change: q.
        loss: L, (seed, value).
    """

    gradient: Array
    ascended: Array
    change: Array
    loss: Array


class Network:
    """The network on given data, for all seeds and several ascent steps at once.

    Args:
        data: S seeds.
        ascents: signed ε of each of V values: forward differences above 0, backward ones below, 0 for double
            backpropagation.
    """

    def __init__(self, data: Regression, ascents: Array) -> None:
        self.ascents = np.asarray(ascents, dtype=float)
        self._inputs = data.inputs
        self._transposed = np.ascontiguousarray(data.inputs.transpose(0, 2, 1))
        self._outputs = data.outputs[:, :, None]
        exact = np.flatnonzero(self.ascents == 0)
        # a slice takes no copies
        self._exact = slice(exact[0], exact[0] + 1) if exact.size == 1 else exact
        self._has_exact = bool(exact.size)
        self._divisor = np.where(self.ascents == 0, 1.0, self.ascents)

    def of_seeds(self, kept: np.ndarray[Any, Any]) -> "Network":
        """The same network for some of the seeds, given by a mask."""
        data = Regression(self._inputs[kept], self._outputs[kept, :, 0], np.empty(0))
        return Network(data, self.ascents)

    def residual(self, plus: Array, minus: Array) -> Array:
        """Xβ - y (seed, example, value)."""
        return np.asarray(self._inputs @ (plus * plus - minus * minus) - self._outputs)

    def pulled_back(self, residual: Array) -> Array:
        """Xᵀ r / n (seed, feature, value)."""
        return np.asarray(self._transposed @ residual / self._outputs.shape[1])

    def gradients(self, plus: Array, minus: Array) -> Gradients:
        """See `Gradients`; weights (seed, feature, value)."""
        residual = self.residual(plus, minus)
        gradient = self.pulled_back(residual)
        along = self.ascents * gradient
        ascended = self.pulled_back(self.residual(plus * (1 + along), minus * (1 - along)))
        change = (ascended - gradient) / self._divisor
        if self._has_exact:
            exact = gradient[..., self._exact]
            squares = plus[..., self._exact] ** 2 + minus[..., self._exact] ** 2
            change[..., self._exact] = self.pulled_back(self._inputs @ (2 * exact * squares))
            ascended[..., self._exact] = exact
        loss = (residual * residual).sum(axis=1) / (4 * residual.shape[1])
        return Gradients(gradient, ascended, change, loss)

    def kernel_times(self, plus: Array, minus: Array, vector: Array) -> Array:
        """2 X diag(w₊² + w₋²) Xᵀ / n times a vector (seed, example, value); its eigenvalues are rates."""
        squares = plus * plus + minus * minus
        return np.asarray(2 * (self._inputs @ (squares * self.pulled_back(vector))))
