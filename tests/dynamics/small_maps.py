"""Maps with exponents and eigenvalues that are known, and a way to have all numbers of one at once."""

import math
from collections.abc import Callable
from typing import Any

import torch
import xarray as xr
from torch import Tensor

from widthscope.dynamics.analysis import Request, analyse
from widthscope.dynamics.probing import probe

LYAPUNOV_OF_LOGISTIC = math.log(2)


def logistic(state: Tensor) -> Tensor:
    """x -> 4 x (1 - x), of which the exponent is ln 2."""
    return 4 * state * (1 - state)


def network(size: int, gain: float, seed: int = 0) -> Callable[[Tensor], Tensor]:
    """x -> tanh(gain W x + b), rows of a batch or a single state."""
    generator = torch.Generator().manual_seed(seed)
    W = torch.randn(size, size, generator=generator, dtype=torch.float64) / size**0.5
    bias = 0.1 * torch.randn(size, generator=generator, dtype=torch.float64)
    return lambda state: torch.tanh(gain * state @ W.T + bias)


def linear(matrix: list[list[float]] | Tensor) -> Callable[[Tensor], Tensor]:
    """x -> M x."""
    M = torch.as_tensor(matrix, dtype=torch.float64)
    return lambda state: state @ M.T


def random_state(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def analysed(
    function: Callable[[Any], Any], state: Tensor, *, probed: Any = None, **asked: Any
) -> xr.Dataset:
    """All numbers over short horizons, unless longer ones are asked for."""
    horizons = {"long_steps": 100, "warm_up": 20, **asked}
    return analyse(probe(function, state, "model.py:step", **(probed or {})), Request(**horizons))
