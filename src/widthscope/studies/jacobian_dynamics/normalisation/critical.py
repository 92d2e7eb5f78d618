"""The largest exponent in the long run over the drive: critical where weak, contracting where strong."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from widthscope.spectra.lyapunov import lyapunov_spectrum
from widthscope.studies.jacobian_dynamics.normalisation import theory
from widthscope.studies.jacobian_dynamics.normalisation.draws import Draws, draw
from widthscope.studies.jacobian_dynamics.normalisation.theory import FloatArray
from widthscope.work import Work

MEASURED = ("measured", "realised", "leading")


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Exponents by drive, width and seed.

    Args:
        settings: those of `Critical` and `seed`.
        datasets: none is read.
        work: its progress shows the widths done.

    Returns:
        Over (kappa, width, seed): `measured`, the largest exponent by carrying one tangent along, after
        warming up state and tangent; `realised` and `leading`, predictions from the draw's own B and C, the
        second without the projection of the normaliser.
    """
    kappas, widths, seeds = settings["kappas"], settings["widths"], settings["seeds"]
    table = np.full((len(MEASURED), len(kappas), len(widths), seeds), np.nan)
    points = list(enumerate(widths))
    for place, width in work.progress(points, total=len(points), description="widths"):
        names = ("normalisation.critical", settings["seed"])
        draws = draw(names, seeds, width, 1, settings["tokens"], work.device)
        for row, kappa in enumerate(kappas):
            table[:, row, place] = _measured(draws, settings, kappa)
    return xr.Dataset(
        {name: (("kappa", "width", "seed"), values) for name, values in zip(MEASURED, table, strict=True)},
        coords={"kappa": list(kappas), "width": list(widths)},
        attrs={name: settings[name] for name in ("tokens", "step_size", "warm_up", "frame_warm_up", "steps")},
    )


def _measured(draws: Draws, settings: Mapping[str, Any], kappa: float) -> np.ndarray:
    """Rows as in `MEASURED`, (row, seed)."""
    tokens, step_size = settings["tokens"], settings["step_size"]
    found = lyapunov_spectrum(
        draws.dynamics("unit", tokens, step_size, kappa),
        draws.state(tokens),
        1,
        settings["steps"],
        warm_up=settings["warm_up"],
        frame_warm_up=settings["frame_warm_up"],
        start=draws.start(tokens)[:, None],
    )
    product = step_size * draws.value_product()
    force = step_size * kappa * draws.directions[:, 0].cpu().numpy()
    predicted = [_predicted(B, own) for B, own in zip(product, force, strict=True)]
    return np.stack([found.exponents[:, 0].cpu().numpy(), *np.transpose(predicted)])


def _predicted(product: FloatArray, force: FloatArray) -> tuple[float, float]:
    """Exponents of one draw with and without the projection."""
    growth = theory.realised_growth(product, force)
    return theory.realised_exponent(product, force, growth), theory.leading_exponent(product, growth)
