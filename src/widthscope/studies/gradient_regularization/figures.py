"""Every figure of the study."""

import xarray as xr

from widthscope.plotting import Drawing
from widthscope.studies.families import joined
from widthscope.studies.gradient_regularization.costs import figures as costs
from widthscope.studies.gradient_regularization.diagonal import figures as diagonal
from widthscope.studies.gradient_regularization.differences import figures as differences
from widthscope.studies.gradient_regularization.flatness import figures as flatness
from widthscope.studies.gradient_regularization.flooding import figures as flooding
from widthscope.studies.gradient_regularization.label_noise import figures as label_noise
from widthscope.studies.gradient_regularization.stability import figures as stability

FAMILIES = (
    differences,
    costs,
    flooding,
    diagonal,
    label_noise,
    stability,
    flatness,
)


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name; each family draws from its own curves and evidence."""
    return joined(family.draw(fit) for family in FAMILIES)
