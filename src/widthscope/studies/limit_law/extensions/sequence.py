"""The experiments on how much of a sequence a token sees: its position, and the sequence's length."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.studies.limit_law.extensions import causal, length
from widthscope.studies.limit_law.parts import run_parts
from widthscope.work import Work

EXPERIMENTS = {"causal": causal.run, "length": length.run}


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """The tables of the experiments that the settings name, by name."""
    return run_parts(EXPERIMENTS, settings, datasets, work)
