"""Spectral radii of one step and of attention at initialisation, over widths."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from widthscope.attention.gram import FloatArray
from widthscope.models.recurrence.attention import attended
from widthscope.spectra.arnoldi import leading_eigenvalues
from widthscope.studies.jacobian_dynamics.width import theory
from widthscope.studies.jacobian_dynamics.width.draws import (
    ALONE,
    Apply,
    Draw,
    attention_maps,
    draw,
    stepped,
)
from widthscope.work import Work

SIGMA = 1.0
TOLERANCE = 1e-5
"""Of residuals, relative: radii are compared to a hundredth, and eigenvalues move by some ten residuals."""

LEADING = 2
"""Eigenvalues that are iterated for: a complex pair leads as often as not."""


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Spectral radii by width and seed.

    Args:
        settings: `widths`, `tokens`, `heads`, `step_sizes`, `seeds`, `cloud_width`, `seed`.
        datasets: none is read.
        work: its progress shows the widths done.

    Returns:
        Over (width, member): `attention`, of J_MSA at unit tokens; `product`, of B; `rms_attention`, of
        J_MSA at tokens of length sqrt(D). Over (width, step_size, member): `update`, of one step with unit
        norm and no drive, and `realised`, what B and the tokens' lengths predict for it.
        `converged` (width,): the share of all these iterations that converged; where one did not, its value
        is NaN. And of one draw: `cloud` (value, part), all eigenvalues of one step with the first step size
        from 1 on, and `predicted` (value, part) by B alone.
    """
    widths, steps = settings["widths"], settings["step_sizes"]
    rows = []
    for width in work.progress(widths, total=len(widths), description="widths of spectral radii"):
        rows.append(_at_width(width, settings, work.device))
    by_member = ("width", "member")
    stacked = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
    by_step = ("width", "step_size", "member")
    dims = {"update": by_step, "realised": by_step, "converged": ("width",)}
    shown = next((step for step in steps if step >= 1), steps[-1])
    cloud, predicted = _cloud(shown, settings)
    return xr.Dataset(
        {
            **{name: (dims.get(name, by_member), values) for name, values in stacked.items()},
            "cloud": (("value", "part"), cloud),
            "predicted": (("value", "part"), predicted),
        },
        coords={"width": widths, "step_size": list(steps), "part": ["real", "imaginary"]},
        attrs={
            "tokens": settings["tokens"],
            "heads": settings["heads"],
            "cloud_width": settings["cloud_width"],
            "cloud_step": shown,
        },
    )


def _at_width(width: int, settings: Mapping[str, Any], device: str) -> dict[str, FloatArray]:
    names = [("width.radius", settings["seed"], width, member) for member in range(settings["seeds"])]
    drawn = draw(names, width, settings["heads"], settings["tokens"], device)
    eigenvalues = torch.linalg.eigvals(drawn.products().cpu()).numpy()
    done: list[Tensor] = []
    found = {
        "product": np.abs(eigenvalues).max(-1),
        "attention": _radius(attention_maps(drawn, "unit")[0], drawn, done),
        "rms_attention": _radius(attention_maps(drawn, "rms")[0], drawn, done),
    }
    messages = attended(ALONE, drawn.parameters, drawn.directions)
    updates, realised = [], []
    for step in settings["step_sizes"]:
        dynamics, state = stepped(drawn, "unit", step)
        updates.append(_radius(partial(dynamics.jvp, state), drawn, done))
        moved = drawn.directions + step * messages
        length = moved.square().sum(-1).mean((1, 2)).sqrt().cpu().numpy()
        realised.append(theory.realised_radius(step, eigenvalues, length))
    found |= {"update": np.stack(updates), "realised": np.stack(realised)}
    found["converged"] = np.asarray(float(torch.cat([one.flatten() for one in done]).double().mean()))
    return found


def _radius(matvec: Apply, drawn: Draw, done: list[Tensor]) -> FloatArray:
    """Largest modulus of the eigenvalues (member,), NaN where the iteration did not converge."""
    found = leading_eigenvalues(matvec, drawn.start, LEADING, tolerance=TOLERANCE)
    done.append(found.converged[:, :1])
    values = torch.where(found.converged[:, 0], found.values[:, 0].abs(), torch.nan)
    return np.asarray(values.cpu().numpy(), dtype=np.float64)


def _cloud(step: float, settings: Mapping[str, Any]) -> tuple[FloatArray, FloatArray]:
    """All eigenvalues of one step of one draw, and those that B predicts, as (value, part)."""
    width, tokens = settings["cloud_width"], settings["tokens"]
    drawn = draw([("width.cloud", settings["seed"], width)], width, settings["heads"], tokens)
    dynamics, state = stepped(drawn, "unit", step)
    found = torch.linalg.eigvals(dynamics.jacobian(state)[0]).numpy()
    of_product = torch.linalg.eigvals(drawn.products()[0]).numpy()
    predicted = theory.update_eigenvalues(step, SIGMA, tokens, of_product)
    return _parts(found), _parts(predicted)


def _parts(values: np.ndarray) -> FloatArray:
    return np.stack([values.real, values.imag], axis=-1)
