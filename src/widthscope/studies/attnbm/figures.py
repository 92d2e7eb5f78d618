"""Every figure of the study."""

import xarray as xr

from widthscope.plotting import Drawing
from widthscope.studies.attnbm.digits import figures as digits
from widthscope.studies.attnbm.identities import figures as identities
from widthscope.studies.attnbm.memorisation import figures as memorisation
from widthscope.studies.attnbm.mixtures import figures as mixtures
from widthscope.studies.families import joined

FAMILIES = (
    identities,
    mixtures,
    memorisation,
    digits,
)


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name; each family draws from its own curves and evidence."""
    return joined(family.draw(fit) for family in FAMILIES)
