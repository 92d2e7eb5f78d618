"""Trained parameters in the store of a sweep, and back."""

from collections.abc import Mapping

import torch
import xarray as xr
from torch import Tensor

from widthscope.ensembles.parameters import Parameters


def dims_of(parameters: Mapping[str, Tensor]) -> dict[str, tuple[str, ...]]:
    """Names of each parameter's dimensions behind the member: its own name and the dimension's place."""
    return {
        name: tuple(f"{name}_{place}" for place in range(values.ndim - 1))
        for name, values in parameters.items()
    }


def parameters_of(
    history: xr.Dataset,
    names: list[str] | tuple[str, ...],
    step: int = -1,
    dtype: torch.dtype = torch.float64,
    device: str = "cpu",
) -> Parameters:
    """Parameters (member, ...) at one recorded step.

    Args:
        history: with variables (member, step, ...) as `recording.parameters_at` records them.
        names: which variables are parameters.
        step: place of the recorded step, not its number.
        dtype: float64 for Jacobians.
    """
    chosen = history[list(names)].isel(step=step).load()
    return {
        name: torch.from_numpy(chosen[name].transpose("member", ...).values).to(device, dtype)
        for name in names
    }
