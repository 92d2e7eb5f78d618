"""The experiment on weights that are not Gaussian."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.studies.limit_law.extensions import universality
from widthscope.studies.limit_law.parts import run_parts
from widthscope.work import Work

EXPERIMENTS = {"universality": universality.run}


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """The tables of the experiments that the settings name, by name."""
    return run_parts(EXPERIMENTS, settings, datasets, work)
