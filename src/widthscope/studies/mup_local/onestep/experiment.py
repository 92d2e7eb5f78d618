"""How far one learning step of each layer moves that layer and the output, in every parameterisation.

The update of a layer is never formed: with errors e (weighted by gamma_l) and inputs a of N samples,
h_l moves by (eta / N) phi(h_{l-1}) a^T e.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from widthscope.ensembles.local.feedback import initial_feedback
from widthscope.ensembles.local.heavy_ball import heavy_ball_equilibrium
from widthscope.ensembles.local.inference import Inferred, energy_weights, weighted
from widthscope.ensembles.local.predictive_coding import single_shot
from widthscope.ensembles.local.target_propagation import target_errors
from widthscope.ensembles.parameters import stacked
from widthscope.models import mlp
from widthscope.models.mlp import Forward, Parameters
from widthscope.streams import torch_generator
from widthscope.studies.mup_local.networks import Images, images, members, parameterised
from widthscope.studies.mup_local.onestep.rows import ROWS, Row
from widthscope.work import Work

ACTIVATION = "tanh"
LAYERS = 3
CHANGES = ("first", "hidden", "last", "hidden to output")
TOLERANCE = 1e-5
"""Of the residual of the inference: a tenth of what verdicts are refused above."""


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Root mean squares of changes after one step.

    Args:
        settings: those of `Onestep`, and `seed`.
        datasets: `digits`.
        work: where to compute and how to report.

    Returns:
        Over (row, change, width, member): `moved`, of h_1, h_2 and f when their own layer alone is updated,
        and of f when the hidden layer alone is; over (row, width, member): `residual`, of the iteration to
        the equilibrium, 0 where there is none.
    """
    batch = images(datasets["digits"], settings["images"], work.device)
    widths = settings["widths"]
    shape = (len(ROWS), len(CHANGES), len(widths), settings["seeds"])
    moved, residual = np.full(shape, np.nan), np.full((shape[0], *shape[2:]), np.nan)
    inputs, outputs = batch.x.shape[-1], batch.y.shape[-1]
    names = ("onestep", settings["seed"])
    for w, width in enumerate(work.progress(widths, total=len(widths), description="widths of one step")):
        first = 0
        for drawn in members(names, width, settings["seeds"], LAYERS, inputs, outputs, work.device):
            place = slice(first, first + len(drawn["W1"]))
            maps = _feedback(settings["seed"], width, range(place.start, place.stop), drawn, work.device)
            for r, row in enumerate(ROWS):
                moved[r, :, w, place], residual[r, w, place] = _after(row, drawn, maps, batch, settings)
            first = place.stop
    return xr.Dataset(
        {
            "moved": (("row", "change", "width", "member"), moved),
            "residual": (("row", "width", "member"), residual),
        },
        coords={"row": [row.name for row in ROWS], "change": list(CHANGES), "width": list(widths)},
    )


def _after(
    row: Row, drawn: Parameters, maps: Parameters, batch: Images, settings: Mapping[str, Any]
) -> tuple[np.ndarray, np.ndarray]:
    """Changes (change, member) and the residual of the inference (member,)."""
    coding = row.inference != "targets"
    sigma = settings["coding_scale" if coding else "propagation_scale"]
    parameters = parameterised(drawn, row.exponents, settings["base"], sigma)
    x, y = batch.of(len(drawn["W1"]))
    passed = mlp.forward(parameters, x, ACTIVATION)
    errors, inputs, residual = _errors(row, parameters, maps, passed, y, settings)
    width = drawn["W1"].shape[1]
    lengths = [
        settings["learning_rate"] * row.exponents.rate(layer, LAYERS, width, settings["base"]) / y.shape[1]
        for layer in range(1, LAYERS + 1)
    ]
    changes = [
        torch.bmm(torch.bmm(before, value.mT), error) * length
        for before, value, error, length in zip(passed.inputs, inputs, errors, lengths, strict=True)
    ]
    hidden = mlp.activate(ACTIVATION, passed.preactivations[1] + changes[1]) - passed.inputs[2]
    changes.append(torch.bmm(hidden, parameters["W3"].mT))
    rms = torch.stack([change.square().flatten(1).mean(dim=1).sqrt() for change in changes])
    return rms.cpu().numpy(), residual.cpu().numpy()


def _errors(
    row: Row,
    parameters: Parameters,
    maps: Parameters,
    passed: Forward,
    targets: Tensor,
    settings: Mapping[str, Any],
) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...], Tensor]:
    """What each layer's update is made of: errors, weighted, and inputs; and the inference's residual."""
    residual = torch.zeros(len(targets), dtype=targets.dtype)
    if row.inference == "targets":
        found = target_errors({**parameters, **maps}, passed, targets, ACTIVATION)
        return found, passed.inputs, residual
    width = parameters["W1"].shape[1]
    weights = energy_weights(LAYERS, row.exponents.energy_factor(width, settings["base"]))
    inferred: Inferred
    if row.inference == "single":
        inferred = single_shot(parameters, passed, targets, ACTIVATION, weights)
    else:
        reached = heavy_ball_equilibrium(
            parameters, passed, targets, ACTIVATION, weights, settings["sweeps"], TOLERANCE
        )
        inferred, residual = reached.inferred, reached.residual
    errors = [weighted(error, weight) for error, weight in zip(inferred.errors, weights, strict=True)]
    return tuple(errors), inferred.inputs, residual


def _feedback(seed: int, width: int, drawn: range, parameters: Parameters, device: str) -> Parameters:
    """Random maps of these members."""
    sizes = (parameters["W1"].shape[2], width, width, parameters["W3"].shape[1])
    maps = [
        initial_feedback(torch_generator("mup_local", "onestep.maps", seed, width, member), sizes)
        for member in drawn
    ]
    return stacked(maps, device, torch.float64)
