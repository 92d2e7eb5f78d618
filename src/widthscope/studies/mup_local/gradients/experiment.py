"""Gradients of predictive coding beside those of back-propagation over widths, in one shard."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.studies.mup_local.gradients import linear, nonlinear
from widthscope.studies.mup_local.networks import images
from widthscope.work import Work


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """Tables `linear`, `trained` and `tanh`.

    Args:
        settings: those of `Gradients`, and `seed`.
        datasets: `digits`.
        work: where to compute and how to report.
    """
    batch = images(datasets["digits"], settings["images"], work.device)
    return xr.DataTree.from_dict(
        {
            "linear": linear.at_initialisation(settings, batch, work),
            "trained": linear.after_training(settings, batch, work),
            "tanh": nonlinear.compared(settings, batch, work),
        }
    )
