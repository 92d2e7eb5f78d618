"""Directions of the first layer's gradient of linear networks at the equilibrium, measured and predicted.

The gradient is W_{L:2}^T p with p = (I + C_gamma)^-1 R, so that angles need only C x C matrices of the
weights, <W^T p, W^T q> = tr(p^T W W^T q).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from widthscope.ensembles.local.inference import energy_weights
from widthscope.ensembles.local.linear_equilibrium import coupling, products_from_output
from widthscope.models import mlp
from widthscope.models.mlp import Parameters
from widthscope.parameterisations.exponents import Exponents
from widthscope.studies.mup_local.interpolation import theory
from widthscope.studies.mup_local.networks import Images, images, members, parameterised
from widthscope.work import Work

LAYERS = 3
READOUTS = ("anisotropic", "isotropic")
READOUT = Exponents(1.0, (0.0, 0.0, 0.0))


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Cosines to back-propagation and to Gauss-Newton.

    Args:
        settings: those of `Interpolation`, and `seed`.
        datasets: `digits`.
        work: where to compute and how to report.

    Returns:
        Over (readout, kappa, width, member): `cosine_bp` and `cosine_gn` with gamma_L = kappa M/M0; over
        (readout, kappa): `predicted_bp` and `predicted_gn`; over (width, member): `fixed_bp`, with gamma_L =
        `energy` at every width and the anisotropic readout.
    """
    batch = images(datasets["digits"], settings["images"], work.device)
    widths, kappas = settings["widths"], settings["kappas"]
    scales = _scales(settings, batch)
    measured = np.full((2, len(READOUTS), len(kappas), len(widths), settings["seeds"]), np.nan)
    fixed = np.full((len(widths), settings["seeds"]), np.nan)
    inputs, outputs = batch.x.shape[-1], batch.y.shape[-1]
    names = ("interpolation", settings["seed"])
    for w, width in enumerate(work.progress(widths, total=len(widths), description="widths of the curve")):
        first = 0
        for drawn in members(names, width, settings["seeds"], LAYERS, inputs, outputs, work.device):
            place = slice(first, first + len(drawn["W1"]))
            for r, scale in enumerate(scales.values()):
                parameters = _with_rows(parameterised(drawn, READOUT, settings["base"]), scale)
                energies = [kappa * width / settings["base"] for kappa in kappas]
                found = _cosines(parameters, batch, [*energies, settings["energy"]])
                measured[:, r, :, w, place] = found[:, :-1]
                if READOUTS[r] == "anisotropic":
                    fixed[w, place] = found[0, -1]
            first = place.stop
    return _table(measured, fixed, _predicted(batch, scales, kappas), settings)


def _scales(settings: Mapping[str, Any], batch: Images) -> dict[str, np.ndarray]:
    outputs = batch.y.shape[-1]
    rows = theory.row_scales(outputs, settings["smallest_scale"])
    return dict(zip(READOUTS, (rows, np.ones(outputs)), strict=True))


def _with_rows(parameters: Parameters, scales: np.ndarray) -> Parameters:
    last = mlp.layer_names(LAYERS)[-1]
    rows = torch.from_numpy(scales).to(parameters[last])
    return {**parameters, last: parameters[last] * rows[:, None]}


def _cosines(parameters: Parameters, batch: Images, energies: list[float]) -> np.ndarray:
    """cos_BP and cos_GN (2, energy, member)."""
    x, y = batch.of(len(parameters["W1"]))
    residuals = y - mlp.forward(parameters, x, "identity").outputs
    R = torch.bmm(residuals.mT, x)
    # C_gamma is gamma_L times that of gamma_L = 1, as the other layers' weights are 1.
    unit = coupling(parameters, energy_weights(LAYERS, 1.0))
    product = products_from_output(parameters)[1]
    gram = torch.bmm(product, product.mT)
    eye = torch.eye(unit.shape[-1], dtype=unit.dtype, device=unit.device)
    newton = torch.linalg.solve(unit, R)
    rows = []
    for energy in energies:
        found = torch.linalg.solve(eye + energy * unit, R)
        rows.append(torch.stack([_cosine(found, R, gram), _cosine(found, newton, gram)]))
    return torch.stack(rows, dim=1).cpu().numpy()


def _cosine(p: Tensor, q: Tensor, gram: Tensor) -> Tensor:
    """Of W^T p and W^T q with W W^T = gram, (member,)."""

    def product(a: Tensor, b: Tensor) -> Tensor:
        return (a * torch.bmm(gram, b)).flatten(1).sum(dim=1)

    return product(p, q) / (product(p, p) * product(q, q)).sqrt()


def _predicted(batch: Images, scales: Mapping[str, np.ndarray], kappas: list[float]) -> np.ndarray:
    """cos_BP and cos_GN at infinite width (2, readout, kappa), where the output starts at 0."""
    R = (batch.y[0].mT @ batch.x[0]).cpu().numpy()
    rows = [[theory.directions(R, scale, kappa) for kappa in kappas] for scale in scales.values()]
    return np.moveaxis(np.array(rows), -1, 0)


def _table(
    measured: np.ndarray, fixed: np.ndarray, predicted: np.ndarray, settings: Mapping[str, Any]
) -> xr.Dataset:
    dims = ("readout", "kappa", "width", "member")
    targets = ("bp", "gn")
    return xr.Dataset(
        {f"cosine_{name}": (dims, measured[place]) for place, name in enumerate(targets)}
        | {f"predicted_{name}": (dims[:2], predicted[place]) for place, name in enumerate(targets)}
        | {"fixed_bp": (dims[2:], fixed)},
        coords={
            "readout": list(READOUTS),
            "kappa": list(settings["kappas"]),
            "width": list(settings["widths"]),
        },
        attrs={"energy": settings["energy"], "base": settings["base"]},
    )
