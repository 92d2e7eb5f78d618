"""Rescale a model's weights and learning rates to maximal update, and leave the smallest width as it is."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
import xarray as xr
from torch import nn
from torch.optim import Optimizer

from widthscope.coordinate_check.shapes import Architecture, readouts
from widthscope.coordinate_check.suggestions import pooled_rms, rate_factors, target_rms
from widthscope.coordinate_check.training import Mend
from widthscope.parameterisations.methods import Method


def mend_of(table: xr.Dataset, found: Architecture, method: Method, zero_readout: bool = False) -> Mend:
    """What brings every member of the factory to maximal update, relative to the smallest width.

    Weights are multiplied by a number of their width and parameter, from root mean squares over all seeds, so
    that members stay independent; each parameter gets a learning rate of its own; where a readout shares its
    weight with an embedding, its inputs are multiplied by M_0 / M.

    Args:
        table: what `training.record` returned of the factory as it is.
        found: the parameters and what of them grows.
        method: the optimizer's row.
        zero_readout: whether readouts start at zero, at the smallest width too.
    """
    sizes, rates = pooled_rms(table), table["rate"]
    zero = readouts(found) if zero_readout else ()
    scales: dict[int, dict[str, float]] = {}
    learning: dict[int, dict[str, float]] = {}
    multipliers: dict[int, dict[str, float]] = {}
    for at, width in enumerate(int(width) for width in table["width"].values):
        scales[width], learning[width], multipliers[width] = {}, {}, {}
        for parameter in found.parameters:
            name = parameter.name
            wanted, factors = target_rms(parameter), rate_factors(parameter, method)
            if wanted is None or factors is None:
                continue
            base, now = (float(sizes.sel(parameter=name)[place]) for place in (0, at))
            if base > 0 and now > 0:
                scales[width][name] = 0.0 if name in zero else base * wanted[at] / now
            learning[width][name] = float(rates.sel(parameter=name)[0]) * factors[at]
            if parameter.readout:
                multipliers[width][parameter.readout] = 1 / parameter.outputs[at]

    def mend(model: nn.Module, optimizer: Optimizer, width: int) -> None:
        _rescale(model, scales[width])
        _set_rates(model, optimizer, learning[width])
        for name, factor in multipliers[width].items():
            model.get_submodule(name).register_forward_pre_hook(_multiplied(factor))

    return mend


@torch.no_grad()
def _rescale(model: nn.Module, factors: Mapping[str, float]) -> None:
    for name, parameter in model.named_parameters():
        if name in factors:
            parameter.mul_(factors[name])


def _set_rates(model: nn.Module, optimizer: Optimizer, rates: Mapping[str, float]) -> None:
    """One group for each parameter; what else a group says stays."""
    names = {parameter: name for name, parameter in model.named_parameters()}
    groups = []
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            rate = rates.get(names.get(parameter, ""), group["lr"])
            groups.append({**group, "params": [parameter], "lr": rate})
    optimizer.param_groups[:] = groups


def _multiplied(factor: float) -> Callable[[nn.Module, Any], Any]:
    def scale(_: nn.Module, inputs: Any) -> Any:
        return tuple(item * factor if isinstance(item, torch.Tensor) else item for item in inputs)

    return scale
