"""Trained parameters in the store of a sweep, and back."""

from collections.abc import Callable, Sequence

import torch
import xarray as xr

from widthscope.ensembles.members import DIM
from widthscope.ensembles.parameters import Parameters
from widthscope.ensembles.recording import Recording

PREFIX = "parameter_"
"""Before a parameter's name in a store, where `step`, the step size, is the number of updates already."""


def recording(
    parameters: Parameters,
    steps: Sequence[int],
    weights: Callable[[Parameters], Parameters] = lambda parameters: parameters,
) -> Recording:
    """Recording of a network's parameters in float32, as ``parameter_<name>`` (member, step, ...).

    Args:
        parameters: what is trained, (member, ...), for its names and shapes.
        steps: numbers of updates.
        weights: the network's parameters from what is trained.
    """

    def measure(trained: Parameters) -> Parameters:
        return {f"{PREFIX}{name}": value.float() for name, value in weights(trained).items()}

    dims = {
        f"{PREFIX}{name}": tuple(f"{name}_{place}" for place in range(value.ndim - 1))
        for name, value in weights(parameters).items()
    }
    return Recording(measure, dims, steps)


def parameters_of(
    history: xr.Dataset, step: int = -1, dtype: torch.dtype = torch.float64, device: str = "cpu"
) -> Parameters:
    """Parameters (member, ...) at one recorded step.

    Args:
        history: with variables as from `recording`.
        step: place of the recorded step, not its number.
        dtype: float64 for Jacobians.
        device: where they go.
    """
    names = [str(name) for name in history.data_vars if str(name).startswith(PREFIX)]
    chosen = history[names].isel(step=step).load()
    return {
        name.removeprefix(PREFIX): torch.from_numpy(chosen[name].transpose(DIM, ...).values).to(device, dtype)
        for name in names
    }
