"""A user's function of states of any shape as a map of rows of numbers, and what it may not do."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from widthscope.dynamics.state_function import raised
from widthscope.errors import DynamicsError

_FLOAT32 = "; a model in float32 becomes float64 by its method double(), or all runs in float32 by --float32"


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
            following: Tensor = self.function(states)
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
        following = (
            self._called(states) if self.batched else torch.stack([self._called(state) for state in states])
        )
        return following.reshape(len(rows), -1).to(torch.float64)

    def _called(self, given: Tensor) -> Tensor:
        given = given.clone()
        before, version = given.clone(), given._version
        try:
            result = self.function(given)
        except (Exception, SystemExit) as error:
            raise DynamicsError(self._failed(error, tuple(before.shape))) from error
        result = self._tensor(result)
        if result.shape != before.shape:
            raise DynamicsError(
                f"{self.name} turns a state of shape {tuple(before.shape)} into one of shape "
                f"{tuple(result.shape)}; it must keep the shape"
            )
        if result.dtype != before.dtype:
            raise DynamicsError(
                f"{self.name} turns a state of {number(before.dtype)} into one of {number(result.dtype)}; it "
                f"must keep the type{'' if self.dtype == torch.float32 else _FLOAT32}"
            )
        if given._version != version or not torch.equal(given, before):
            raise DynamicsError(
                f"{self.name} changes the state that it is given in place; it must leave it as it is and "
                "return a new one"
            )
        return result.detach().clone()

    def _failed(self, error: BaseException, shape: tuple[int, ...]) -> str:
        said = raised(error)
        what = "a batch of states" if self.batched else "a state"
        text = f"{self.name} fails on {what} of shape {shape} in {number(self.dtype)}: {said}"
        mixed = any(word in said for word in ("dtype", "Float", "Double", "scalar type"))
        return text + (_FLOAT32 if mixed and self.dtype != torch.float32 else "")

    def _tensor(self, result: object) -> Tensor:
        """What the function returned, if it is a tensor."""
        if isinstance(result, Tensor):
            return result
        kind = type(result)
        if result is None:
            said = "returns nothing; it must return the next state"
        elif kind.__module__ == "numpy":
            said = (
                f"returns a NumPy {kind.__name__}, which Torch cannot differentiate; it must compute with "
                "Torch and return a tensor"
            )
        elif isinstance(result, tuple | list):
            said = f"returns a {kind.__name__} of {len(result)}; it must return the next state alone"
        else:
            said = f"returns an object of type {kind.__name__}; it must return a tensor"
        raise DynamicsError(f"{self.name} {said}")


def number(dtype: torch.dtype) -> str:
    """The name of a type of numbers, such as float64."""
    return str(dtype).removeprefix("torch.")
