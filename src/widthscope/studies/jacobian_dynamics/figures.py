"""Every figure of the study."""

import xarray as xr

from widthscope.plotting import Drawing
from widthscope.studies.families import joined
from widthscope.studies.jacobian_dynamics.algorithms import figures as algorithms
from widthscope.studies.jacobian_dynamics.chaos import figures as chaos
from widthscope.studies.jacobian_dynamics.digits import figures as digits
from widthscope.studies.jacobian_dynamics.energy import figures as energy
from widthscope.studies.jacobian_dynamics.normalisation import figures as normalisation
from widthscope.studies.jacobian_dynamics.sudoku import figures as sudoku
from widthscope.studies.jacobian_dynamics.width import figures as width

FAMILIES = (
    energy,
    normalisation,
    width,
    chaos,
    algorithms,
    digits,
    sudoku,
)


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name; each family draws from its own curves and evidence."""
    return joined(family.draw(fit) for family in FAMILIES)
