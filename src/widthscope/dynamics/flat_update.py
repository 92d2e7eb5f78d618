"""A user's function of states of any shape as a map of rows, and the derivatives that Torch gives it."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from widthscope.dynamics.state_function import raised
from widthscope.errors import DynamicsError
from widthscope.spectra.dynamics import Dynamics

ROWS_AT_ONCE = 128
"""Rows of a dense Jacobian that are computed together; each holds the function's intermediate results."""


class FlatUpdate:
    """The user's function on rows: (batch, n) float64 -> (batch, n) float64.

    Args:
        function: state -> state; with `batched`, (batch, *shape) -> (batch, *shape).
        name: what the user calls it, for messages.
        shape: of one state.
        batched: whether the function takes all states at once.
        dtype: floating-point type in which the function gets its states.
    """

    def __init__(
        self,
        function: Callable[[Any], Any],
        name: str,
        shape: tuple[int, ...],
        *,
        batched: bool = False,
        dtype: torch.dtype = torch.float64,
    ) -> None:
        self.function, self.name, self.shape = function, name, shape
        self.batched, self.dtype = batched, dtype

    def __call__(self, rows: Tensor) -> Tensor:
        """The next states of all rows, differentiable; what the function returns is not checked here."""
        states = rows.to(self.dtype).reshape(len(rows), *self.shape)
        if self.batched:
            following = self.function(states)
        else:
            following = torch.stack([self.function(state) for state in states])
        return following.reshape(len(rows), -1).to(torch.float64)

    def checked(self, rows: Tensor) -> Tensor:
        """The next states (batch, n), detached; refuses what is no state of the same shape and type.

        Raises:
            DynamicsError: if the function fails, changes its argument in place, or returns another shape,
                another type, or no tensor at all.
        """
        states = rows.detach().clone().to(self.dtype).reshape(len(rows), *self.shape)
        results = [self._called(given) for given in ([states] if self.batched else list(states))]
        return torch.stack(results).reshape(len(rows), -1).to(torch.float64)

    def _called(self, given: Tensor) -> Tensor:
        given = given.clone()
        before, version = given.clone(), given._version
        try:
            result = self.function(given)
        except Exception as error:
            raise DynamicsError(self._failed(error, tuple(before.shape))) from error
        self._check_kind(result)
        if tuple(result.shape) != tuple(before.shape):
            raise DynamicsError(
                f"{self.name} turns a state of shape {tuple(before.shape)} into one of shape "
                f"{tuple(result.shape)}; it must keep the shape"
            )
        if result.dtype != before.dtype:
            raise DynamicsError(
                f"{self.name} turns a state of {_number(before)} into one of {_number(result)}; it must keep "
                f"the type{'' if self.dtype == torch.float32 else _FLOAT32}"
            )
        if given._version != version or not torch.equal(given, before):
            raise DynamicsError(
                f"{self.name} changes the state that it is given in place; it must leave it and return a new one"
            )
        return result.detach().clone()

    def _failed(self, error: Exception, shown: tuple[int, ...]) -> str:
        said = raised(error)
        shape = "a batch of states" if self.batched else "a state"
        text = f"{self.name} fails on {shape} of shape {shown} in {_number(self.dtype)}: {said}"
        mixed = "dtype" in said or "Float" in said or "Double" in said or "scalar type" in said
        return text + (_FLOAT32 if mixed and self.dtype != torch.float32 else "")

    def _check_kind(self, result: object) -> None:
        kind = type(result)
        if kind.__module__ == "numpy":
            raise DynamicsError(
                f"{self.name} returns a NumPy {kind.__name__}, which Torch cannot differentiate; it must compute "
                "with Torch and return a tensor"
            )
        if result is None:
            raise DynamicsError(f"{self.name} returns nothing; it must return the next state")
        if isinstance(result, tuple | list):
            raise DynamicsError(
                f"{self.name} returns a {kind.__name__} of {len(result)}; it must return the next state alone"
            )
        if not isinstance(result, Tensor):
            raise DynamicsError(
                f"{self.name} returns an object of type {kind.__name__}; it must return a tensor"
            )


class Detached:
    """Dynamics whose results carry no graph: a trajectory of any length takes the memory of one state."""

    def __init__(self, inner: Dynamics) -> None:
        self.inner = inner

    def step(self, state: Tensor) -> Tensor:
        """The next states, (batch, n) -> (batch, n)."""
        return self.inner.step(state).detach().clone()

    def jacobian(self, state: Tensor) -> Tensor:
        """J at each state, (batch, n) -> (batch, n, n), some rows at a time."""
        batch, n = state.shape
        eye = torch.eye(n, dtype=state.dtype, device=state.device)
        parts = [self.vjp(state, rows.expand(batch, *rows.shape)) for rows in eye.split(ROWS_AT_ONCE)]
        return torch.cat(parts, dim=1)

    def jvp(self, state: Tensor, tangents: Tensor) -> Tensor:
        """J v of k tangents at each state, (batch, n), (batch, k, n) -> (batch, k, n)."""
        return self.inner.jvp(state, tangents).detach()

    def vjp(self, state: Tensor, cotangents: Tensor) -> Tensor:
        """J^T u of k cotangents at each state, (batch, n), (batch, k, n) -> (batch, k, n)."""
        return self.inner.vjp(state, cotangents).detach()


class GraphDynamics:
    """Dynamics of a function that `torch.func` cannot follow, by the graph that autograd records.

    Slower, one direction at a time; serves functions that call ``torch.autograd.grad`` or
    ``requires_grad_`` themselves, and autograd functions without ``setup_context``.

    Args:
        function: (batch, n) -> (batch, n), each row of the result a function of the same row alone.
    """

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        self.function = function

    def step(self, state: Tensor) -> Tensor:
        """The next states, (batch, n) -> (batch, n)."""
        return self.function(state)

    def jacobian(self, state: Tensor) -> Tensor:
        """J at each state, (batch, n) -> (batch, n, n)."""
        batch, n = state.shape
        return self.vjp(state, torch.eye(n, dtype=state.dtype).expand(batch, n, n))

    def jvp(self, state: Tensor, tangents: Tensor) -> Tensor:
        """J v of k tangents, as the derivative of u -> J^T u, which is linear."""
        with torch.enable_grad():
            given = state.detach().clone().requires_grad_()
            following = self.function(given)
            u = torch.zeros_like(following, requires_grad=True)
            transposed = _grad(following, given, u, create_graph=True)
            return torch.stack([_grad(transposed, u, v) for v in tangents.unbind(1)], dim=1)

    def vjp(self, state: Tensor, cotangents: Tensor) -> Tensor:
        """J^T u of k cotangents at each state, (batch, n), (batch, k, n) -> (batch, k, n)."""
        with torch.enable_grad():
            given = state.detach().clone().requires_grad_()
            following = self.function(given)
            return torch.stack([_grad(following, given, u) for u in cotangents.unbind(1)], dim=1)


def _grad(output: Tensor, at: Tensor, weights: Tensor, create_graph: bool = False) -> Tensor:
    """Weighted derivative of the output; zero where the output does not depend on `at`."""
    if not output.requires_grad:
        return torch.zeros_like(at)
    (found,) = torch.autograd.grad(
        output, at, weights, retain_graph=True, create_graph=create_graph, materialize_grads=True
    )
    return found


_FLOAT32 = (
    "; a model in float32 is set to float64 by its method double(), or all runs in float32 by --float32"
)


def _number(of: Tensor | torch.dtype) -> str:
    return str(of.dtype if isinstance(of, Tensor) else of).removeprefix("torch.")
