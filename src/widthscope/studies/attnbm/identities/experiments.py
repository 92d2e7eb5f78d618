"""The experiments of the family: one shard runs those that its settings name."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.studies.attnbm.identities import (
    bernoulli,
    density,
    gradients,
    harmoniums,
    retrieval,
    scores,
)
from widthscope.work import Work

EXPERIMENTS = {
    "density": density.run,
    "gradient": gradients.run,
    "scores": scores.run,
    "bernoulli": bernoulli.run,
    "harmoniums": harmoniums.run,
    "retrieval": retrieval.run,
}


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """The tables by name, of those experiments that `settings` has the settings of."""
    return xr.DataTree.from_dict(
        {name: EXPERIMENTS[name](own, datasets, work) for name, own in settings.items()}
    )
