"""Networks of some widths trained by K-FAC at many dampings of one factor, the other relative."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import xarray as xr

from widthscope.parameterisations.methods import kfac
from widthscope.parameterisations.slopes import maximal_update, standard
from widthscope.width_sweeps.damping import DampingAxis
from widthscope.width_sweeps.methods import Arm
from widthscope.width_sweeps.problems import digits_problem
from widthscope.width_sweeps.runner import Setup, sweep
from widthscope.width_sweeps.tables import joined
from widthscope.work import Work


def arm(side: str, *, scaling: str = "mup", frozen: tuple[str, ...] = ()) -> Arm:
    """K-FAC with empirical factors, the same dampings of one side at every width."""
    exponents = maximal_update(kfac()) if scaling == "mup" else standard(kfac())
    # Sampled factors have no least loss of their own at small dampings of B, only noise.
    return Arm("kfac", exponents, {"fisher": "emp"}, DampingAxis(rule="const", side=side), frozen)


ARMS = {
    "outputs": arm("outputs"),
    "outputs-standard": arm("outputs", scaling="sp"),
    "inputs": arm("inputs", frozen=("first",)),
    "inputs-first": arm("inputs", frozen=("hidden", "last")),
}
"""By node. The useful damping of B_l goes as M^(1 - 2 b_L), so that it stays in the standard
parameterisation; that of A_l grows above the first layer alone, whose inputs are the data."""


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """A node for each of `ARMS`: losses after the last step, over dampings that all widths share.

    Nothing in the lists depends on the width, so that no exponent can come from them. All arms start from the
    same normal numbers and see the same minibatches.

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

    def trained(node: str, width: int) -> xr.Dataset:
        side, _, rival = node.partition("-")
        one = ARMS[node]
        return sweep(
            problem,
            replace(one, damping=replace(one.damping, other=settings["other"])),
            setup,
            width=width,
            rates=[settings["rate"]],
            dampings=settings[side],
            seeds=range(settings["rival_seeds"] if rival else settings["seeds"]),
            purpose=("mup_second_order", "damping", settings["seed"]),
            work=work,
            name=f"{node}-n{width}",
        )

    return xr.DataTree.from_dict(
        {f"/{node}": joined(trained(node, width) for width in settings["widths"]) for node in ARMS}
    )
