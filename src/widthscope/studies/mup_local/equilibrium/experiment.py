"""Identities of the equilibrium, and the stability of the inference over widths, in one shard."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.studies.mup_local.equilibrium import identities, stability
from widthscope.work import Work


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """Tables `closed-form`, `fixed-predictions`, `gauss-newton` and `stability`.

    Args:
        settings: those of `Equilibrium`, and `seed`.
        datasets: none is read.
        work: where to compute and how to report; identities are computed on the CPU.
    """
    return xr.DataTree.from_dict(
        {
            "closed-form": identities.closed_form(settings),
            "fixed-predictions": identities.fixed_predictions(settings),
            "gauss-newton": identities.gauss_newton_limit(settings),
            "stability": stability.run(settings, work),
        }
    )
