"""Every figure of the study."""

import xarray as xr

from widthscope.plotting import Drawing
from widthscope.studies.families import joined
from widthscope.studies.mup_second_order.coordinates import figures as coordinates
from widthscope.studies.mup_second_order.damping import figures as damping
from widthscope.studies.mup_second_order.features import figures as features
from widthscope.studies.mup_second_order.onestep import figures as onestep
from widthscope.studies.mup_second_order.transfer import figures as transfer
from widthscope.studies.mup_second_order.zero_init import figures as zero_init

FAMILIES = (
    onestep,
    zero_init,
    damping,
    coordinates,
    transfer,
    features,
)


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name; each family draws from its own curves and evidence."""
    return joined(family.draw(fit) for family in FAMILIES)
