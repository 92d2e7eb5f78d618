"""Distance of one K-FAC step from a readout of zeros from the predictor of infinite width, over widths."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr

from widthscope.models import mlp
from widthscope.streams import torch_generator
from widthscope.studies.mup_second_order.zero_init import theory
from widthscope.studies.mup_second_order.zero_init.networks import (
    LAYERS,
    SIGMA,
    initial,
    preactivations,
    step_of,
)
from widthscope.width_sweeps.problems import digits_problem
from widthscope.work import Work


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Root mean square distances on images that were not trained on, by width and seed.

    Args:
        settings: `widths`, `seeds`, `images`, `tests`, `damping`, `seed`.
        datasets: the digits.
        work: its progress shows the widths done.

    Returns:
        `distance` (width, seed, labels): of the step's outputs from the limit's predictor with the "same"
        targets and with "permuted" ones.
    """
    problem = digits_problem(datasets["digits"], settings["images"], settings["tests"])
    x = torch.cat([problem.train_x, problem.test_x]).to(work.device)
    y = problem.train_y.to(work.device)
    count = len(y)
    kernel = theory.relu_kernel(x, SIGMA, LAYERS - 1)
    ridge = count * settings["damping"] * kernel.diagonal()[:count].mean()
    others = torch.randperm(count, generator=torch_generator("mup_second_order", "zero_init.labels"))
    limits = [
        theory.ridge_regression(kernel, count, targets, ridge)[count:]
        for targets in (y, y[others.to(work.device)])
    ]
    step = step_of(settings["damping"], settings["damping"], 1, work.device)
    batch = {"x": x[None, :count], "y": y[None]}
    widths, seeds = settings["widths"], range(settings["seeds"])
    distances = np.empty((len(widths), len(seeds), len(limits)))
    for place, width in enumerate(work.progress(widths, total=len(widths), description="widths")):
        shape = mlp.sizes(x.shape[1], width, y.shape[1], LAYERS)
        for seed in seeds:
            key = ("mup_second_order", "zero_init", settings["seed"], width, seed)
            parameters = initial([key], shape, 0.0, work.device)
            after, _, _ = step(parameters, step.start(parameters), batch, 0)
            outputs = preactivations(after, x[count:])[-1][0]
            distances[place, seed] = [float((outputs - limit).square().mean().sqrt()) for limit in limits]
    return xr.Dataset(
        {"distance": (("width", "seed", "labels"), distances)},
        coords={"width": list(widths), "labels": ["same", "permuted"]},
        attrs={"images": settings["images"], "size": float(limits[0].square().mean().sqrt())},
    )
