"""Training on data of known law: by the likelihood, at the threshold of learning, and by denoising."""

from collections.abc import Callable, Mapping
from typing import Any

import xarray as xr

from widthscope.studies.attnbm.mixtures import denoising, likelihood, threshold
from widthscope.work import Work

PARTS: Mapping[str, Callable[[Mapping[str, Any], int, Work], dict[str, xr.Dataset]]] = {
    "likelihood": likelihood.tables,
    "threshold": threshold.tables,
    "denoising": denoising.tables,
}


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """The tables of each part that is asked for, by ``/<part>/<setting>``.

    Args:
        settings: ``parts``, the settings of each as in `settings.Mixtures`, and ``seed``.
        datasets: none.
        work: what the job gives.
    """
    found = {}
    for part in settings["parts"]:
        for name, table in PARTS[part](settings[part], settings["seed"], work).items():
            found[f"/{part}/{name}"] = table
    return xr.DataTree.from_dict(found)
