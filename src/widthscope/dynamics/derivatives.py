"""Ways in which Torch differentiates a user's function, from the fastest to the most forgiving."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from widthscope.dynamics.state_function import raised
from widthscope.errors import DynamicsError
from widthscope.spectra.dynamics import AutogradDynamics, Dynamics

ROWS_AT_ONCE = 128
"""Rows of a dense Jacobian that are computed together; each holds the function's intermediate results."""


def ways(function: Callable[[Tensor], Tensor], name: str) -> Iterator[tuple[str, Dynamics]]:
    """Dynamics of a function of rows, each with its derivatives taken in another way, named.

    Args:
        function: (batch, n) -> (batch, n), each row of the result a function of the same row alone.
        name: what the user calls it, for messages.
    """
    for vectorised in (True, False):
        for forward in (True, False):
            said = "forward and reverse mode" if forward else "reverse mode"
            said += ", many directions at once" if vectorised else ", one direction at a time"
            inner = AutogradDynamics(function, forward=forward, vectorised=vectorised)
            yield said, OwnDynamics(inner, name)
    yield "recorded graph, one direction at a time", OwnDynamics(GraphDynamics(function), name)


class OwnDynamics:
    """Dynamics whose results carry no graph: a trajectory of any length takes the memory of one state.

    Whatever the user's function raises becomes a `DynamicsError`.
    """

    def __init__(self, inner: Dynamics, name: str) -> None:
        self.inner, self.name = inner, name

    def step(self, state: Tensor) -> Tensor:
        """The next states, (batch, n) -> (batch, n)."""
        return self._own(lambda: self.inner.step(state)).clone()

    def jacobian(self, state: Tensor) -> Tensor:
        """J at each state, (batch, n) -> (batch, n, n), some rows at a time."""
        batch, n = state.shape
        found = state.new_empty(batch, n, n)
        for first in range(0, n, ROWS_AT_ONCE):
            rows = torch.zeros(min(ROWS_AT_ONCE, n - first), n, dtype=state.dtype, device=state.device)
            rows.diagonal(first).fill_(1)
            found[:, first : first + len(rows)] = self.vjp(state, rows.expand(batch, *rows.shape))
        return found

    def jvp(self, state: Tensor, tangents: Tensor) -> Tensor:
        """J v of k tangents at each state, (batch, n), (batch, k, n) -> (batch, k, n)."""
        return self._own(lambda: self.inner.jvp(state, tangents))

    def vjp(self, state: Tensor, cotangents: Tensor) -> Tensor:
        """J^T u of k cotangents at each state, (batch, n), (batch, k, n) -> (batch, k, n)."""
        return self._own(lambda: self.inner.vjp(state, cotangents))

    def _own(self, compute: Callable[[], Tensor]) -> Tensor:
        try:
            return compute().detach()
        except DynamicsError:
            raise
        except (Exception, SystemExit) as error:
            raise DynamicsError(f"{self.name} raises {raised(error)}") from error


class GraphDynamics:
    """Dynamics of a function that `torch.func` cannot follow, by the graph that autograd records.

    Serves functions that call ``torch.autograd.grad`` or ``requires_grad_`` themselves, and autograd
    functions without ``setup_context``.

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
