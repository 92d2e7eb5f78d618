"""Maps of a state to the next one, and what spectra of their Jacobians need of them.

A map is autonomous and acts on flattened states: rows of `state` (batch, n) are independent trajectories,
float64. Tangents have a third dimension, (batch, k, n): k directions for each state. The Jacobian's entry
(i, j) is d step(x)_i / d x_j. Nothing here knows what a state is made of.
"""

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

from widthscope.errors import DynamicsError


def checked_state(state: Tensor) -> Tensor:
    """The state, if it is (batch, n) of float64.

    Raises:
        DynamicsError: if it is not; exponents and null directions are lost in float32.
    """
    if state.ndim != 2 or state.dtype != torch.float64:
        raise DynamicsError(
            f"a state of shape {tuple(state.shape)} and type {state.dtype} is none of a Jacobian; states are "
            "(batch, n) and float64"
        )
    return state


class Dynamics(Protocol):
    """A map on states of n numbers and the derivatives of one step of it."""

    def step(self, state: Tensor) -> Tensor:
        """The next states, (batch, n) -> (batch, n)."""
        ...

    def jacobian(self, state: Tensor) -> Tensor:
        """J at each state, (batch, n) -> (batch, n, n)."""
        ...

    def jvp(self, state: Tensor, tangents: Tensor) -> Tensor:
        """J v of k tangents at each state, (batch, n), (batch, k, n) -> (batch, k, n)."""
        ...

    def vjp(self, state: Tensor, cotangents: Tensor) -> Tensor:
        """J^T u of k cotangents at each state, (batch, n), (batch, k, n) -> (batch, k, n)."""
        ...


class AutogradDynamics:
    """Dynamics of a Torch function, its derivatives by `torch.func`.

    Args:
        function: (batch, n) -> (batch, n), each row of the result a function of the same row of the state
            alone; what `torch.func` can differentiate.
        forward: tangents by forward mode; where an operation of the function has none, False takes them by
            reverse mode twice.
        vectorised: all tangents at once by `torch.func.vmap`; False takes them one by one, for functions
            that vmap cannot follow.
    """

    def __init__(
        self, function: Callable[[Tensor], Tensor], *, forward: bool = True, vectorised: bool = True
    ) -> None:
        self.function = function
        self.forward = forward
        self.vectorised = vectorised

    def step(self, state: Tensor) -> Tensor:
        """The next states, (batch, n) -> (batch, n)."""
        following = self.function(state)
        if following.shape != state.shape:
            raise DynamicsError(
                f"the state-update function turns a state of shape {tuple(state.shape)} into one of shape "
                f"{tuple(following.shape)}; it must keep the shape"
            )
        return following

    def jacobian(self, state: Tensor) -> Tensor:
        """J at each state, (batch, n) -> (batch, n, n), row by row in reverse mode."""
        batch, n = state.shape
        rows = torch.eye(n, dtype=state.dtype, device=state.device).expand(batch, n, n)
        return self.vjp(state, rows)

    def jvp(self, state: Tensor, tangents: Tensor) -> Tensor:
        """J v of k tangents at each state, (batch, n), (batch, k, n) -> (batch, k, n)."""
        if self.forward:
            return self._for_each(
                lambda tangent: torch.func.jvp(self.step, (state,), (tangent,))[1], tangents
            )
        # u -> J^T u is linear, so that its own transpose, taken anywhere, is v -> J v.
        transposed = torch.func.vjp(self.step, state)[1]
        twice = torch.func.vjp(lambda u: transposed(u)[0], torch.zeros_like(state))[1]
        return self._for_each(lambda tangent: twice(tangent)[0], tangents)

    def vjp(self, state: Tensor, cotangents: Tensor) -> Tensor:
        """J^T u of k cotangents at each state, (batch, n), (batch, k, n) -> (batch, k, n)."""
        transposed = torch.func.vjp(self.step, state)[1]
        return self._for_each(lambda cotangent: transposed(cotangent)[0], cotangents)

    def _for_each(self, derivative: Callable[[Tensor], Tensor], directions: Tensor) -> Tensor:
        if directions.shape[1] == 0:
            return torch.zeros_like(directions)
        if self.vectorised:
            return torch.func.vmap(derivative, in_dims=1, out_dims=1)(directions)
        return torch.stack([derivative(directions[:, k]) for k in range(directions.shape[1])], dim=1)


class LinearDynamics:
    """x -> M x: the map whose exponents are the logarithms of the moduli of M's eigenvalues.

    Args:
        matrix: M (n, n) for all states, or (batch, n, n), one for each.
    """

    def __init__(self, matrix: Tensor) -> None:
        self.matrix = matrix

    def step(self, state: Tensor) -> Tensor:
        """M x, (batch, n) -> (batch, n)."""
        return (self.matrix @ state[..., None])[..., 0]

    def jacobian(self, state: Tensor) -> Tensor:
        """M at each state, (batch, n) -> (batch, n, n)."""
        return self.matrix.expand(len(state), *self.matrix.shape[-2:])

    def jvp(self, state: Tensor, tangents: Tensor) -> Tensor:
        """M v, (batch, n), (batch, k, n) -> (batch, k, n)."""
        return tangents @ self.matrix.mT

    def vjp(self, state: Tensor, cotangents: Tensor) -> Tensor:
        """M^T u, (batch, n), (batch, k, n) -> (batch, k, n)."""
        return cotangents @ self.matrix
