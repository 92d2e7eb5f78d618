"""Every figure of the study."""

import xarray as xr

from widthscope.plotting import Drawing
from widthscope.studies.families import joined
from widthscope.studies.pk_mixer.identities import figures as identities
from widthscope.studies.pk_mixer.similarity import figures as similarity
from widthscope.studies.pk_mixer.sparsity import figures as sparsity
from widthscope.studies.pk_mixer.spectra import figures as spectra
from widthscope.studies.pk_mixer.width import figures as width

FAMILIES = (
    identities,
    spectra,
    sparsity,
    width,
    similarity,
)


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name; each family draws from its own curves and evidence."""
    return joined(family.draw(fit) for family in FAMILIES)
