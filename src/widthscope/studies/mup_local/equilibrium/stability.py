"""The largest eigenvalue of the energy's Hessian in the states, over widths: what bounds the step size.

Of linear networks, whose Hessian is the same everywhere and for every sample.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr

from widthscope.ensembles.local.inference import at_states, energy_weights
from widthscope.ensembles.local.stability import largest_eigenvalue
from widthscope.models import mlp
from widthscope.parameterisations.exponents import Exponents
from widthscope.studies.mup_local.networks import members, parameterised
from widthscope.work import Work

LAYERS = 3
INPUTS, OUTPUTS = 2, 10
"""Inputs do not enter the Hessian; outputs are those of digits."""

ARMS = {
    "standard": Exponents(1.0, (0.0, 0.0, 0.0), energy=0.0),
    "gauss-newton": Exponents(1.0, (0.0, 0.0, 0.0), energy=-1.0),
    "unstable": Exponents(0.5, (0.0, 0.0, 0.0), energy=-1.0),
}


def run(settings: Mapping[str, Any], work: Work) -> xr.Dataset:
    """`largest` eigenvalue and its relative `residual` over (arm, width, member)."""
    widths = settings["widths"]
    found = np.full((2, len(ARMS), len(widths), settings["seeds"]), np.nan)
    names = ("equilibrium.stability", settings["seed"])
    for w, width in enumerate(work.progress(widths, total=len(widths), description="widths of the Hessian")):
        first = 0
        for drawn in members(names, width, settings["seeds"], LAYERS, INPUTS, OUTPUTS, work.device):
            place = slice(first, first + len(drawn["W1"]))
            zero = torch.zeros(len(drawn["W1"]), 1, INPUTS, dtype=torch.float64, device=work.device)
            targets = torch.zeros(len(drawn["W1"]), 1, OUTPUTS, dtype=torch.float64, device=work.device)
            for a, exponents in enumerate(ARMS.values()):
                parameters = parameterised(drawn, exponents, settings["base"])
                weights = energy_weights(LAYERS, exponents.energy_factor(width, settings["base"]))
                passed = mlp.forward(parameters, zero, "identity")
                at = at_states(parameters, passed, passed.preactivations[:-1], targets, "identity")
                value, residual = largest_eigenvalue(
                    parameters, at, "identity", weights, settings["products"]
                )
                found[0, a, w, place] = value[:, 0].cpu().numpy()
                found[1, a, w, place] = (residual / value)[:, 0].cpu().numpy()
            first = place.stop
    dims = ("arm", "width", "member")
    return xr.Dataset(
        {"largest": (dims, found[0]), "residual": (dims, found[1])},
        coords={"arm": list(ARMS), "width": list(widths)},
    )
