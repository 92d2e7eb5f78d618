"""Every figure of the study."""

import xarray as xr

from widthscope.plotting import Drawing
from widthscope.studies.families import joined
from widthscope.studies.ham_mixer.accuracy import figures as accuracy
from widthscope.studies.ham_mixer.breaking import figures as breaking
from widthscope.studies.ham_mixer.denoise import figures as denoise
from widthscope.studies.ham_mixer.energy import figures as energy
from widthscope.studies.ham_mixer.trained_energy import figures as trained_energy

FAMILIES = (
    energy,
    denoise,
    trained_energy,
    accuracy,
    breaking,
)


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name; each family draws from its own curves and evidence."""
    return joined(family.draw(fit) for family in FAMILIES)
