"""Feedback that reconstructs best: how far it points along the readout's transpose, over widths."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from widthscope.ensembles.local.feedback import alignment, readout_through, ridge_feedback
from widthscope.ensembles.parameters import stacked
from widthscope.models import mlp
from widthscope.streams import torch_generator
from widthscope.width_sweeps.problems import Problem

TOGETHER = 2**21
"""Weights of one kind that are held at once, 16 MB."""


def fitted_alignment(
    settings: Mapping[str, Any], problem: Problem, readout: float, device: str = "cpu"
) -> xr.Dataset:
    """Closed-form feedback Q_L* = E[h f^T] (E[f f^T] + ridge I)^-1 of random networks, b_L = 1/2, float64.

    Args:
        settings: `ridge_widths`, `ridge`, `base`, `seeds`, `seed`.
        problem: whose training inputs the averages go over.
        readout: scale of the readout.
        device: where to compute.

    Returns:
        over (width, seed): `aligned`, cos(Q_L*, W_L^T); `mixed`, the same of W_L^T plus an independent matrix
        of its length, a control; `through`, the mean of the diagonal of W_L Q_L*; `rms` of Q_L*'s entries.
    """
    widths = settings["ridge_widths"]
    rows = [_at_width(width, settings, problem, readout, device) for width in widths]
    return xr.Dataset(
        {name: (("width", "seed"), np.stack([row[name] for row in rows])) for name in rows[0]},
        coords={"width": list(widths), "seed": list(range(settings["seeds"]))},
    )


def _at_width(
    width: int, settings: Mapping[str, Any], problem: Problem, readout: float, device: str
) -> dict[str, np.ndarray]:
    shape = mlp.sizes(problem.inputs, width, problem.outputs, 3)
    seeds = range(settings["seeds"])
    together = max(1, TOGETHER // width**2)
    parts = []
    for begin in range(0, len(seeds), together):
        generators = [
            torch_generator("mup_local", "ridge", settings["seed"], width, seed)
            for seed in seeds[begin : begin + together]
        ]
        weights = stacked(
            [mlp.initial(each, shape, readout_scale=readout) for each in generators], device, torch.float64
        )
        other = torch.stack(
            [torch.randn(shape[-1], width, generator=g, dtype=torch.float64) for g in generators]
        )
        parts.append(_measured(weights, other.to(device), problem.train_x.to(device), settings["ridge"]))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _measured(weights: mlp.Parameters, other: Tensor, x: Tensor, ridge: float) -> dict[str, np.ndarray]:
    last = weights["W3"]
    passed = mlp.forward(weights, x.expand(len(last), -1, -1), "tanh")
    fitted = ridge_feedback(passed.preactivations[-2], passed.outputs, ridge)
    lengths = [each.square().sum((1, 2), keepdim=True).sqrt() for each in (last, other)]
    mixed = (last + other * lengths[0] / lengths[1]).mT
    found = {
        "aligned": alignment(fitted, last),
        "mixed": alignment(mixed, last),
        "through": readout_through(fitted, last),
        "rms": fitted.square().mean((1, 2)).sqrt(),
    }
    return {name: values.cpu().numpy() for name, values in found.items()}
