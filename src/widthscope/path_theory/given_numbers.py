"""Numbers as users have them, tensors, NumPy arrays or lists, taken as tensors."""

from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from widthscope.errors import PosteriorError

Numbers = Tensor | ArrayLike


def is_lazy(given: object) -> bool:
    """Whether this is a dask array, without importing dask."""
    return hasattr(given, "__dask_graph__")


def as_tensor(given: Any, what: str, if_lazy: str = "compute it first") -> Tensor:
    """The given numbers as a tensor; a tensor as it is, what is not float32 or float64 otherwise in float64.

    Args:
        given: tensor, NumPy array or nested lists of numbers.
        what: what they are, in the plural, for messages.
        if_lazy: what to do instead where it is a dask array.

    Raises:
        PosteriorError: if it is none of those, lists are ragged, or numbers are complex.
    """
    if is_lazy(given):
        raise PosteriorError(f"{what} are in memory here, and this is a dask array: {if_lazy}")
    if isinstance(given, Tensor):
        if given.is_complex():
            raise PosteriorError(f"{what} are real numbers, not {given.dtype}")
        return given
    try:
        array = given if isinstance(given, np.ndarray) else np.asarray(given)
        if array.dtype.kind == "c":
            raise PosteriorError(f"{what} are real numbers, not {array.dtype}")
        if array.dtype not in (np.float32, np.float64):
            array = array.astype(np.float64)
        # Torch takes neither arrays that may not be written nor reversed ones: those are copied.
        return torch.from_numpy(np.require(array, requirements=["C", "W"]))
    except (TypeError, ValueError, RuntimeError):
        raise PosteriorError(
            f"{what} are a tensor, a NumPy array or lists of numbers of equal lengths, "
            f"not this {type(given).__name__}"
        ) from None


def as_float64(given: Any, what: str, if_lazy: str = "compute it first") -> Tensor:
    """As `as_tensor`, in float64 and without a graph of gradients."""
    return as_tensor(given, what, if_lazy).detach().double()
