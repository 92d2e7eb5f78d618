"""All eigenvalues of the step that follows the trained iterations, before and after training."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from widthscope.ensembles.members import DIM
from widthscope.studies.jacobian_dynamics.networks.eigenvalues import at_iteration
from widthscope.studies.jacobian_dynamics.sudoku.trained import Trained

WHEN = ("untrained", "trained")
UNTRAINED_SEEDS = 2
"""Seeds whose eigenvalues before training are computed; they are drawn, and no verdict rests on them."""


def eigenvalue_table(trained: Trained, settings: Mapping[str, Any]) -> xr.Dataset:
    """Eigenvalues on the first hard board, of the first seeds.

    Args:
        trained: the arm.
        settings: `measured`: `eigen_seeds`, and `eigen_count` of largest modulus where it is not 0.

    Returns:
        ``eigenvalue_real``, ``eigenvalue_imag`` (member, when, eigenvalue), float64, by decreasing modulus;
        ``eigenvalue_residual`` (member, when), the largest; NaN where not computed; attributes ``method``,
        ``dimension``, of the Jacobian, and ``eigen_seeds``, the first seeds computed after training.
    """
    seeds = {"untrained": UNTRAINED_SEEDS, "trained": settings["eigen_seeds"]}
    members = len(trained.members)
    count = settings["eigen_count"] or None
    dimension = trained.network.embedding.tokens * trained.network.width
    size = count or dimension
    values = np.full((members, len(WHEN), size), np.nan + 0j)
    residual = np.full((members, len(WHEN)), np.nan)
    inputs = trained.inputs("ood", 1)
    for column, when in enumerate(WHEN):
        parameters = trained.parameters(0 if when == "untrained" else -1)
        first = slice(0, min(seeds[when], members))
        found = at_iteration(
            trained.network,
            {name: value[first] for name, value in parameters.items()},
            {name: value[first] for name, value in inputs.items()},
            trained.iterations,
            count,
        )
        values[first, column] = found.values[:, 0].cpu().numpy()
        residual[first, column] = found.residuals[:, 0].amax(dim=-1).cpu().numpy()
    dims = (DIM, "when", "eigenvalue")
    return xr.Dataset(
        {
            "eigenvalue_real": (dims, values.real),
            "eigenvalue_imag": (dims, values.imag),
            "eigenvalue_residual": (dims[:2], residual),
        },
        coords={"when": list(WHEN)},
        attrs={
            "method": found.method,
            "dimension": dimension,
            "eigen_seeds": min(settings["eigen_seeds"], members),
        },
    )
