"""Every figure of the study."""

import xarray as xr

from widthscope.plotting import Drawing
from widthscope.studies.families import joined
from widthscope.studies.mup_local.coordinates import figures as coordinates
from widthscope.studies.mup_local.equilibrium import figures as equilibrium
from widthscope.studies.mup_local.gradients import figures as gradients
from widthscope.studies.mup_local.interpolation import figures as interpolation
from widthscope.studies.mup_local.onestep import figures as onestep
from widthscope.studies.mup_local.targets import figures as targets
from widthscope.studies.mup_local.transfer import figures as transfer

FAMILIES = (
    equilibrium,
    gradients,
    interpolation,
    onestep,
    coordinates,
    transfer,
    targets,
)


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name; each family draws from its own curves and evidence."""
    return joined(family.draw(fit) for family in FAMILIES)
