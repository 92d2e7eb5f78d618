"""Networks with tanh and three layers: the equilibrium by iteration, and the single pass without it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from widthscope.ensembles.local.heavy_ball import heavy_ball_equilibrium
from widthscope.ensembles.local.inference import Inferred, energy_weights
from widthscope.ensembles.local.predictive_coding import single_shot
from widthscope.models import mlp
from widthscope.models.mlp import Parameters
from widthscope.studies.mup_local.gradients.arms import ARMS, SINGLE
from widthscope.studies.mup_local.gradients.comparison import (
    back_propagated,
    inferred_factors,
    relative_difference,
)
from widthscope.studies.mup_local.networks import Images, members, parameterised
from widthscope.work import Work

ACTIVATION = "tanh"
LAYERS = 3
TOLERANCE = 1e-6
"""Of the residual of the inference: a hundredth of what verdicts are refused above."""


def compared(settings: Mapping[str, Any], images: Images, work: Work) -> xr.Dataset:
    """Relative differences from gamma_L times the gradient of back-propagation.

    Returns:
        Over (inference, arm, width, member): `whole`, of all weights together, and `residual`, of the
        iteration, 0 for the single pass; `relative` (.., layer). NaN for arms that the single pass is not
        made in.
    """
    widths, inferences = settings["widths"], ("equilibrium", "single")
    shape = (len(inferences), len(ARMS), len(widths), settings["seeds"])
    whole, residual = np.full(shape, np.nan), np.full(shape, np.nan)
    relative = np.full((*shape, LAYERS), np.nan)
    inputs, outputs = images.x.shape[-1], images.y.shape[-1]
    names = ("gradients.tanh", settings["seed"])
    for w, width in enumerate(work.progress(widths, total=len(widths), description="widths, tanh")):
        first = 0
        for drawn in members(names, width, settings["seeds"], LAYERS, inputs, outputs, work.device):
            place = slice(first, first + len(drawn["W1"]))
            for a, arm in enumerate(ARMS.values()):
                parameters = parameterised(drawn, arm.exponents, settings["base"])
                energy = arm.exponents.energy_factor(width, settings["base"])
                for i, inference in enumerate(inferences):
                    if inference == "single" and arm.name not in SINGLE:
                        continue
                    sweeps = settings["sweeps"] if inference == "equilibrium" else 0
                    found = _compared(parameters, images, energy, sweeps)
                    relative[i, a, w, place], whole[i, a, w, place], residual[i, a, w, place] = found
            first = place.stop
    dims = ("inference", "arm", "width", "member")
    return xr.Dataset(
        {"whole": (dims, whole), "residual": (dims, residual), "relative": ((*dims, "layer"), relative)},
        coords={
            "inference": list(inferences),
            "arm": list(ARMS),
            "width": list(widths),
            "layer": np.arange(1, LAYERS + 1),
        },
    )


def _compared(
    parameters: Parameters, images: Images, energy: float, sweeps: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Relative differences by layer and of all weights, and the residual; a single pass if no sweeps."""
    x, y = images.of(len(parameters["W1"]))
    weights = energy_weights(LAYERS, energy)
    passed = mlp.forward(parameters, x, ACTIVATION)
    inferred: Inferred
    residual: Tensor
    if sweeps:
        reached = heavy_ball_equilibrium(parameters, passed, y, ACTIVATION, weights, sweeps, TOLERANCE)
        inferred, residual = reached.inferred, reached.residual
    else:
        inferred = single_shot(parameters, passed, y, ACTIVATION, weights)
        residual = torch.zeros(len(y), dtype=y.dtype)
    reference = back_propagated(parameters, passed, y, ACTIVATION, energy)
    relative, whole = relative_difference(inferred_factors(inferred, weights), reference)
    return relative.cpu().numpy(), whole.cpu().numpy(), residual.cpu().numpy()
