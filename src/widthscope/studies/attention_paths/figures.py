"""Every figure of the study."""

import xarray as xr

from widthscope.plotting import Drawing
from widthscope.studies.attention_paths.exact import figures as exact
from widthscope.studies.attention_paths.hidden_markov import figures as hidden_markov
from widthscope.studies.attention_paths.limits import figures as limits
from widthscope.studies.attention_paths.one_shot import figures as one_shot
from widthscope.studies.attention_paths.sampling import figures as sampling
from widthscope.studies.families import joined

FAMILIES = (
    limits,
    exact,
    sampling,
    hidden_markov,
    one_shot,
)


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name; each family draws from its own curves and evidence."""
    return joined(family.draw(fit) for family in FAMILIES)
