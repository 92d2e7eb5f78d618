"""Networks of some widths trained by K-FAC at many dampings of one factor, the other relative."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.parameterisations.methods import kfac
from widthscope.parameterisations.slopes import maximal_update
from widthscope.width_sweeps.damping import DampingAxis
from widthscope.width_sweeps.methods import Arm
from widthscope.width_sweeps.problems import digits_problem
from widthscope.width_sweeps.runner import Setup, sweep
from widthscope.width_sweeps.tables import joined
from widthscope.work import Work


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """Nodes "outputs" and "inputs" by the factor whose damping varies: losses after the last step.

    Dampings follow the maximal update's powers of the width, so that one list serves every width; the tables
    hold the absolute ones as `rho_B_eff` and `rho_A_eff`. Both sides start from the same weights. The Fisher
    factors are empirical: sampled ones have no least loss of their own at small dampings of B, only noise.

    Args:
        settings: sizes as in `settings.Damping`, and `seed`.
        datasets: the one that is named in `dataset`.
        work: what the job gives.
    """
    problem = digits_problem(datasets[settings["dataset"]], settings["train"])
    setup = Setup(
        base=settings["base"],
        readout=settings["sigma_readout"],
        batch=settings["batch"],
        steps=settings["steps"],
        record=(settings["steps"],),
        quantities=("losses",),
    )

    def trained(side: str, width: int) -> xr.Dataset:
        axis = DampingAxis(rule="mup_abs", side=side, other=settings["other"])
        return sweep(
            problem,
            Arm("kfac", maximal_update(kfac()), options={"fisher": "emp"}, damping=axis),
            setup,
            width=width,
            rates=[settings["rate"]],
            dampings=settings[side],
            seeds=range(settings["seeds"]),
            purpose=("mup_second_order", "damping", settings["seed"]),
            work=work,
            name=f"{side}-n{width}",
        )

    return xr.DataTree.from_dict(
        {
            f"/{side}": joined(trained(side, width) for width in settings["widths"])
            for side in ("outputs", "inputs")
        }
    )
