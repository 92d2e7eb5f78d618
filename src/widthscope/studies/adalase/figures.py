"""Every figure of the study."""

import xarray as xr

from widthscope.plotting import Drawing
from widthscope.studies.adalase.comparison import figures as comparison
from widthscope.studies.adalase.dense import figures as dense
from widthscope.studies.adalase.flips import figures as flips
from widthscope.studies.adalase.harmful import figures as harmful
from widthscope.studies.adalase.maps import figures as maps
from widthscope.studies.adalase.rule import figures as rule
from widthscope.studies.families import joined

FAMILIES = (
    rule,
    harmful,
    dense,
    flips,
    maps,
    comparison,
)


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name; each family draws from its own curves and evidence."""
    return joined(family.draw(fit) for family in FAMILIES)
