"""The user's factory, batch and loss: found by name, called, and their failures told in one sentence."""

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from widthscope.coordinate_check.request import CoordinateCheckError
from widthscope.dynamics.state_function import load_named, raised

Inputs = Any
"""A tensor, a tuple for model(*inputs), or a dict for model(**inputs)."""


@dataclass(frozen=True)
class Batch:
    """One batch: what the model is called with, and the targets (None where the model computes its loss)."""

    inputs: Inputs
    targets: Any

    def to(self, device: str) -> "Batch":
        """The batch on the device."""
        return Batch(_moved(self.inputs, device), _moved(self.targets, device))


@dataclass(frozen=True)
class UserCode:
    """The functions of the user's module that a coordinate check calls.

    Attributes:
        name: MODULE:FACTORY as written.
        factory: width -> model, or (model, optimizer).
        batch_name: name of the batch function.
        make_batch: seed -> batch.
    """

    name: str
    factory: Callable[[int], Any]
    batch_name: str
    make_batch: Callable[[int], Any]

    def build(self, width: int, device: str) -> tuple[nn.Module, Optimizer | None]:
        """The model of this width, on the device, and its optimizer where the factory brings one.

        Raises:
            CoordinateCheckError: if the factory fails, or returns something else.
        """
        with explained(f"{self.name}({width})"):
            built = self.factory(width)
        model, optimizer = built if isinstance(built, tuple) and len(built) == 2 else (built, None)
        if isinstance(built, tuple) and len(built) != 2:
            raise CoordinateCheckError(
                f"{self.name}({width}) returns a tuple of {len(built)}; it must return a torch.nn.Module, or "
                "a pair of the module and its torch optimizer"
            )
        if not isinstance(model, nn.Module):
            raise CoordinateCheckError(
                f"{self.name}({width}) returns {_kind(built)}; it must return a torch.nn.Module, or a pair "
                "of the module and its torch optimizer"
            )
        if optimizer is not None and not isinstance(optimizer, Optimizer):
            raise CoordinateCheckError(
                f"{self.name}({width}) returns a module and {_kind(optimizer)}; the second must be a torch "
                "optimizer"
            )
        if isinstance(optimizer, torch.optim.LBFGS):
            raise CoordinateCheckError(
                f"{self.name}({width}) brings LBFGS, which needs a closure and is not supported"
            )
        return model.to(device), optimizer

    def batch(self, seed: int, device: str) -> Batch:
        """The seed's batch, on the device.

        Raises:
            CoordinateCheckError: if the function fails, or returns neither a dict nor a pair.
        """
        with explained(f"{self.batch_name}({seed})"):
            made = self.make_batch(seed)
        if isinstance(made, Mapping):
            return Batch(dict(made), None).to(device)
        if isinstance(made, tuple | list) and len(made) == 2:
            return Batch(made[0], made[1]).to(device)
        raise CoordinateCheckError(
            f"{self.batch_name}({seed}) returns {_kind(made)}; it must return a pair (inputs, targets), or "
            "a dict for model(**batch)"
        )


def load(name: str, batch: str) -> UserCode:
    """Import the user's module, which runs its code, and find the factory and the batch function in it.

    Args:
        name: MODULE:FACTORY.
        batch: name of the batch function in the same module.

    Raises:
        CoordinateCheckError, DynamicsError: if there is no such module or function, or it cannot be called.
    """
    factory = load_named(name, "make")
    _check_callable(factory, name, "width")
    return UserCode(name, factory, *_beside(name, batch, "batch", "seed"))


def load_loss(name: str, loss: str) -> Callable[[Any, Any], Tensor]:
    """The function `loss` of the user's module, (output, targets) -> loss."""
    return _beside(name, loss, "loss", "output, targets")[1]


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Failures of the user's code as one sentence."""
    try:
        yield
    except CoordinateCheckError:
        raise
    except (Exception, SystemExit) as error:
        raise CoordinateCheckError(f"{what} raises {raised(error)}") from error


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Torch's, NumPy's and Python's random streams start at the seed; afterwards all are as they were."""
    # The user's code may draw from NumPy's global stream.
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        random.seed(seed)
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)  # noqa: NPY002


def call(model: nn.Module, inputs: Inputs) -> Any:
    """The model's output."""
    if isinstance(inputs, Mapping):
        return model(**inputs)
    return model(*inputs) if isinstance(inputs, tuple | list) else model(inputs)


def _beside(name: str, function: str, option: str, argument: str) -> tuple[str, Callable[..., Any]]:
    where = f"{name.rpartition(':')[0]}:{function}"
    try:
        found = load_named(where, function)
    except Exception as error:
        raise CoordinateCheckError(
            f"--{option}: {error}; write a function {function}({argument}), or name another by --{option}"
        ) from None
    _check_callable(found, where, argument)
    return where, found


def _check_callable(found: Any, name: str, argument: str) -> None:
    if not callable(found):
        raise CoordinateCheckError(f"{name} is {_kind(found)}; it must be a function of ({argument})")


def _moved(value: Any, device: str) -> Any:
    if isinstance(value, Tensor):
        return value.to(device)
    if isinstance(value, Mapping):
        return {key: _moved(item, device) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return tuple(_moved(item, device) for item in value)
    return value


def _kind(value: Any) -> str:
    return f"{'an' if type(value).__name__[0].lower() in 'aeiou' else 'a'} {type(value).__name__}"
