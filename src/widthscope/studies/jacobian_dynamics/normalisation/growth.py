"""Lengths before normalisation under drive, and the largest exponent over T steps that they leave."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from widthscope.studies.jacobian_dynamics.normalisation import theory
from widthscope.studies.jacobian_dynamics.normalisation.draws import Draws, draw
from widthscope.studies.jacobian_dynamics.normalisation.horizon import largest_exponent, measured_lengths
from widthscope.work import Work

MEASURED = ("unit", "lengths", "realised", "transient")


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Exponents and lengths by drive, width and seed.

    Args:
        settings: those of `Growth` and `seed`.
        datasets: none is read.
        work: its progress shows the widths done.

    Returns:
        Over (kappa, width, seed): `unit`, MLE_T with normalisation; `lengths`, ln R_T / T measured along the
        trajectory; `realised`, the same from the draw's own B, tokens and drive; `transient`, ell_T of its B.
    """
    kappas, widths, seeds = settings["kappas"], settings["widths"], settings["seeds"]
    table = np.full((len(MEASURED), len(kappas), len(widths), seeds), np.nan)
    points = list(enumerate(widths))
    for place, width in work.progress(points, total=len(points), description="widths"):
        names = ("normalisation.growth", settings["seed"])
        draws = draw(names, seeds, width, settings["heads"], settings["tokens"], work.device)
        for row, kappa in enumerate(kappas):
            table[:, row, place] = _measured(draws, settings, kappa)
    return xr.Dataset(
        {name: (("kappa", "width", "seed"), values) for name, values in zip(MEASURED, table, strict=True)},
        coords={"kappa": list(kappas), "width": list(widths)},
        attrs={name: settings[name] for name in ("heads", "tokens", "steps", "step_size")},
    )


def _measured(draws: Draws, settings: Mapping[str, Any], kappa: float) -> np.ndarray:
    """Rows as in `MEASURED`, (row, seed)."""
    steps, tokens, step_size = settings["steps"], settings["tokens"], settings["step_size"]
    dynamics = draws.dynamics("unit", tokens, step_size, kappa)
    unit = largest_exponent(dynamics, draws, tokens, steps)
    lengths = measured_lengths(draws, tokens, steps, step_size, kappa)
    matrix = np.eye(draws.tokens.shape[-1]) + step_size * draws.value_product()
    force = step_size * kappa * draws.directions[:, 0].cpu().numpy()
    realised = [
        theory.realised_lengths(M, state, own, steps)[-1]
        for M, state, own in zip(matrix, draws.tokens[:, 0].cpu().numpy(), force, strict=True)
    ]
    transient = theory.transient_exponent(matrix, steps)
    return np.stack([unit, np.log(lengths) / steps, np.log(realised) / steps, transient])
