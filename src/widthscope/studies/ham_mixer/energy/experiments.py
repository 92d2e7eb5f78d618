"""The experiments on energies: one shard runs those that its settings name."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.studies.ham_mixer.energy import counterexample, flow, hidden, identities, steps
from widthscope.work import Work

EXPERIMENTS = {
    "identities": identities.run,
    "flow": flow.run,
    "steps": steps.run,
    "counterexample": counterexample.run,
    "hidden": hidden.run,
}


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """The tables by name, of those experiments that `settings` has the settings of."""
    return xr.DataTree.from_dict(
        {name: EXPERIMENTS[name](own, datasets, work) for name, own in settings.items()}
    )
