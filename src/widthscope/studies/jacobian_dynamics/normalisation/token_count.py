"""The spectral norm of one update's Jacobian over the number of tokens, with and without normalisation.

The paper's first figure has tokens of norm 100 from long documents; here they are random directions.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from widthscope.models.recurrence.rule import Norm
from widthscope.studies.jacobian_dynamics.normalisation.draws import draw
from widthscope.studies.jacobian_dynamics.normalisation.horizon import largest_exponent
from widthscope.work import Work

NORMS: dict[str, Norm] = {"none": "none", "unit": "unit", "own length": "unit"}
"""Arms: without norm, to unit length, and to the length that the tokens have already."""


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """ln ||J|| by length of the tokens, arm, number of tokens and seed.

    Args:
        settings: those of `TokenCount` and `seed`.
        datasets: none is read.
        work: its progress shows the points done.

    Returns:
        Over (length, arm, tokens, seed): `log_norm`, ln of the spectral norm of the update's Jacobian, step 1
        and no drive. Lengths are that of the settings and the square root of the width.
    """
    width, counts, seeds = settings["width"], settings["tokens"], settings["seeds"]
    lengths = [settings["length"], float(np.sqrt(width))]
    names = ("normalisation.token_count", settings["seed"])
    draws = draw(names, seeds, width, settings["heads"], counts[-1])
    found = np.full((len(lengths), len(NORMS), len(counts), seeds), np.nan)
    points = list(np.ndindex(found.shape[:3]))
    arms = list(NORMS)
    for place in work.progress(points, total=len(points), description="norms"):
        length, arm, count = lengths[place[0]], arms[place[1]], counts[place[2]]
        gain = length if arm == "own length" else 1.0
        dynamics = draws.dynamics(NORMS[arm], count, 1.0, gain=gain)
        found[place] = largest_exponent(dynamics, draws, count, 1, length)
    return xr.Dataset(
        {"log_norm": (("length", "arm", "tokens", "seed"), found)},
        coords={"length": lengths, "arm": arms, "tokens": list(counts)},
        attrs={"width": width, "heads": settings["heads"]},
    )
