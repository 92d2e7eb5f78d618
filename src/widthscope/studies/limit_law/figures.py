"""Every figure of the study."""

import xarray as xr

from widthscope.plotting import Drawing
from widthscope.studies.families import joined
from widthscope.studies.limit_law.convergence import figures as convergence
from widthscope.studies.limit_law.extensions import figures as extensions
from widthscope.studies.limit_law.heads import figures as heads
from widthscope.studies.limit_law.mixture import figures as mixture
from widthscope.studies.limit_law.scores import figures as scores
from widthscope.studies.limit_law.tokens import figures as tokens

FAMILIES = (
    scores,
    convergence,
    mixture,
    heads,
    tokens,
    extensions,
)


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name; each family draws from its own curves and evidence."""
    return joined(family.draw(fit) for family in FAMILIES)
