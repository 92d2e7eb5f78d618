"""Whether K-FAC's training stays with the kernel regression of the initial weights."""

from collections.abc import Mapping
from typing import Any

import torch
import xarray as xr
from torch import Tensor

from widthscope.ensembles.members import Members
from widthscope.ensembles.training import train
from widthscope.models import mlp
from widthscope.studies.mup_second_order.zero_init import theory
from widthscope.studies.mup_second_order.zero_init.networks import (
    LAYERS,
    activities,
    damping_of,
    initial,
    preactivations,
    step_of,
)
from widthscope.width_sweeps.problems import Problem, quadratic_problem
from widthscope.work import Work

STARTS, DAMPINGS = ("zeros", "random"), ("small", "large")
BASE = 64


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Distances of trained networks from the ridge regression of their initial kernels.

    Args:
        settings: `width`, `seeds`, `inputs`, `examples`, `tests`, `steps`, `rate`, `sigma_readout`, `small`,
            `large`, `outputs_damping`, `seed`.
        datasets: none is read.
        work: what the job gives.

    Returns:
        Over (start, damping, seed): `distance`, |f - ridge| / |ridge| on examples that were not trained on,
        `moved`, rms change of h_2 there, and `loss` on all examples after the last step; NaN where a member
        diverged.
    """
    purpose = ("mup_second_order", "zero_init.bias", settings["seed"])
    problem = quadratic_problem(purpose, settings["inputs"], 2, settings["examples"], settings["tests"])
    found = [
        _trained(problem, start, damping, settings, work).expand_dims(start=[start], damping=[damping])
        for start in STARTS
        for damping in DAMPINGS
    ]
    joined = xr.merge(found, join="outer", compat="no_conflicts")
    joined = joined.sel(start=list(STARTS), damping=list(DAMPINGS))
    return joined.assign_attrs({name: settings[name] for name in ("width", "steps", "small", "large")})


def _trained(
    problem: Problem, start: str, damping: str, settings: Mapping[str, Any], work: Work
) -> xr.Dataset:
    seeds, width, device = settings["seeds"], settings["width"], work.device
    keys = [("mup_second_order", "zero_init", settings["seed"], width, seed) for seed in range(seeds)]
    shape = mlp.sizes(problem.inputs, width, problem.outputs, LAYERS)
    readout = 0.0 if start == "zeros" else settings["sigma_readout"] * (width / BASE) ** -0.5
    parameters = initial(keys, shape, readout, device)
    relative, later = settings[damping], settings["rate"]

    def schedule(step: int) -> float:
        """From zeros the first step is the whole regression; else every layer would solve all of it."""
        return 1.0 if step == 0 and start == "zeros" else later

    x, y, unseen = (values.to(device) for values in (problem.train_x, problem.train_y, problem.test_x))
    batch = {"x": x.expand(seeds, -1, -1), "y": y.expand(seeds, -1, -1)}
    end = train(
        Members.grid(seed=range(seeds)),
        parameters,
        step_of(relative, settings["outputs_damping"], seeds, device, schedule, fisher="exact"),
        lambda _: batch,
        settings["steps"],
        work=work,
        name=f"{start}-{damping}",
    )
    regressed = _regressed(parameters, x, y, unseen, relative)
    before, after = (preactivations(one, unseen) for one in (parameters, end.parameters))
    outputs = after[-1] - regressed
    values = {
        "distance": (outputs.square().sum((1, 2)) / regressed.square().sum((1, 2))).sqrt(),
        "moved": (after[1] - before[1]).square().mean((1, 2)).sqrt(),
        "loss": mlp.squared_loss(preactivations(end.parameters, x)[-1], batch["y"]),
    }
    lost = end.diverged_at >= 0
    return xr.Dataset(
        {name: ("seed", one.masked_fill(lost, torch.nan).cpu().numpy()) for name, one in values.items()}
    )


def _regressed(parameters: mlp.Parameters, x: Tensor, y: Tensor, unseen: Tensor, relative: float) -> Tensor:
    """Ridge regression with each member's initial kernel, at `unseen`."""
    a = activities(parameters, torch.cat([x, unseen]))
    ridge = len(x) * damping_of(a[:, : len(x)], relative)
    return theory.ridge_regression(a @ a.mT, len(x), y.expand(len(a), -1, -1), ridge)[:, len(x) :]
