"""Every figure of the study."""

import xarray as xr

from widthscope.plotting import Drawing
from widthscope.studies.families import joined
from widthscope.studies.qk_spectrum.collapse import figures as collapse
from widthscope.studies.qk_spectrum.loader import figures as loader
from widthscope.studies.qk_spectrum.locater import figures as locater
from widthscope.studies.qk_spectrum.spectrum import figures as spectrum
from widthscope.studies.qk_spectrum.training import figures as training
from widthscope.studies.qk_spectrum.walks import figures as walks

FAMILIES = (
    spectrum,
    walks,
    collapse,
    loader,
    training,
    locater,
)


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name; each family draws from its own curves and evidence."""
    return joined(family.draw(fit) for family in FAMILIES)
