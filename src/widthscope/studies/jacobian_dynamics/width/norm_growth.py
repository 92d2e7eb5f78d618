"""Largest singular value of attention's Jacobian at initialisation, over widths, at short and long tokens."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr

from widthscope.attention.gram import FloatArray
from widthscope.models.recurrence.attention import heads, seen_by
from widthscope.models.recurrence.rule import Norm
from widthscope.spectra.largest_singular import largest_singular_values
from widthscope.studies.jacobian_dynamics.width import theory
from widthscope.studies.jacobian_dynamics.width.draws import ALONE, Draw, attention_maps, draw
from widthscope.work import Work

NORMS: tuple[Norm, ...] = ("rms", "unit")
TOLERANCE = 1e-3
"""Of residuals, relative. A value's own error is of the order of its residual's square over the gap."""

ELEMENTS = 2**22
"""Weights of one kind that are held at once, 32 MB; more members of large width come one after the other."""


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Largest singular values of J_MSA by width, number of heads, length of the tokens and seed.

    Args:
        settings: `widths`, `heads`, `tokens`, `seeds`, `seed`.
        datasets: none is read.
        work: its progress shows the points done.

    Returns:
        Over (heads, width, norm, member): `norm_of_jacobian`, NaN where the iteration did not converge;
        `sharpness` of softmax, its largest derivative; `predicted`, L5's leading order for long tokens.
    """
    points = [(count, width) for count in settings["heads"] for width in settings["widths"]]
    rows = [
        _at_point(count, width, settings, work.device)
        for count, width in work.progress(points, total=len(points), description="heads and widths of norms")
    ]
    shape = (len(settings["heads"]), len(settings["widths"]), len(NORMS), settings["seeds"])
    return xr.Dataset(
        {
            name: (("heads", "width", "norm", "member"), np.stack([row[name] for row in rows]).reshape(shape))
            for name in rows[0]
        },
        coords={"heads": list(settings["heads"]), "width": list(settings["widths"]), "norm": list(NORMS)},
        attrs={"tokens": settings["tokens"]},
    )


def _at_point(count: int, width: int, settings: Mapping[str, Any], device: str) -> dict[str, FloatArray]:
    """Arrays (norm, member)."""
    names = [("width.norm", settings["seed"], count, width, member) for member in range(settings["seeds"])]
    together = max(1, ELEMENTS // width**2)
    parts = []
    for first in range(0, len(names), together):
        drawn = draw(names[first : first + together], width, count, settings["tokens"], device)
        parts.append([_of_tokens(drawn, norm, width // count) for norm in NORMS])
    return {
        name: np.stack([np.concatenate([part[place][name] for part in parts]) for place in range(len(NORMS))])
        for name in parts[0][0]
    }


def _of_tokens(drawn: Draw, norm: Norm, head_dim: int) -> dict[str, FloatArray]:
    found = largest_singular_values(*attention_maps(drawn, norm), drawn.start, tolerance=TOLERANCE)
    values = torch.where(found.converged[:, 0], found.values[:, 0], torch.nan)
    tokens = drawn.tokens(norm)
    weights = heads(ALONE, drawn.parameters)
    count = tokens.shape[-2]
    attention = seen_by(weights, tokens).attention.reshape(len(tokens), -1, count, count).cpu().numpy()
    return {
        "norm_of_jacobian": np.asarray(values.cpu().numpy(), dtype=np.float64),
        "sharpness": theory.sharpness(attention),
        "predicted": theory.softmax_norm(attention, head_dim),
    }
