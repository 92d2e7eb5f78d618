"""Moduli of the eigenvalues of B at initialisation, against their law and a wrong one."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr

from widthscope.attention.gram import FloatArray
from widthscope.models.recurrence.initial import initial
from widthscope.models.recurrence.rule import Rule
from widthscope.spectra.departure import ks_distance
from widthscope.streams import torch_generator
from widthscope.studies.jacobian_dynamics.width import theory
from widthscope.work import Work

LAWS = {"law": theory.radial_cdf, "area": theory.area_cdf}
SIGMA = 1.0
GRID = np.linspace(0.0, 1.25, 126)
"""Radii at which the distribution function is kept for the figures."""


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Distances from the radial law by width and seed.

    Args:
        settings: `widths`, `seeds`, `seed`.
        datasets: none is read.
        work: its progress shows the widths done.

    Returns:
        Over (width, member): `distance` (.., law) of the moduli from the law and from the area law; `edge`,
        the largest modulus; `beyond`, the share of moduli beyond the law's edge. Over (width, radius):
        `share` of the moduli within each radius, over all seeds.
    """
    rows, shares = [], []
    widths = settings["widths"]
    for width in work.progress(widths, total=len(widths), description="widths of the radial law"):
        found = np.stack([_moduli(width, settings["seed"], member) for member in range(settings["seeds"])])
        rows.append([_row(moduli) for moduli in found])
        shares.append(np.searchsorted(np.sort(found.ravel()), GRID, side="right") / found.size)
    by_member = ("width", "member")
    return xr.Dataset(
        {
            "distance": (
                (*by_member, "law"),
                np.array([[[row[law] for law in LAWS] for row in one] for one in rows]),
            ),
            **{
                name: (by_member, np.array([[row[name] for row in one] for one in rows]))
                for name in ("edge", "beyond")
            },
            "share": (("width", "radius"), np.stack(shares)),
        },
        coords={"width": widths, "law": list(LAWS), "radius": GRID},
    )


def _moduli(width: int, seed: int, member: int) -> FloatArray:
    """|lambda(B)| (width,) of one seed, ascending. B is the same for any number of heads."""
    generator = torch_generator("jacobian_dynamics", "width.radial", seed, width, member)
    weights = initial(Rule(), generator, width, heads=1, sigma=SIGMA)
    B = weights["value"].flatten(0, 1).mT @ weights["output"].flatten(0, 1)
    return np.sort(torch.linalg.eigvals(B).abs().numpy())


def _row(moduli: FloatArray) -> dict[str, float]:
    distances = {name: float(ks_distance(cdf(moduli, SIGMA))) for name, cdf in LAWS.items()}
    return {**distances, "edge": float(moduli[-1]), "beyond": float(np.mean(moduli > SIGMA))}
