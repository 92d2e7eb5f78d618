"""One K-FAC step from a readout of zeros against kernel regression, and what it does to features."""

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
    activities,
    damping_of,
    initial,
    preactivations,
    step_of,
)
from widthscope.width_sweeps.problems import digits_problem
from widthscope.work import Work

BASE, READOUT = 64, 0.1
"""Base width and scale of the random readout that the features are compared with."""

OUTPUTS_DAMPING = 0.1
"""Relative to the trace of the signals' factor, which only a random readout has."""


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Largest deviations over images and classes, and features' changes, by width and seed.

    Args:
        settings: `widths`, `seeds`, `images`, `tests`, `damping`, `seed`.
        datasets: the digits.
        work: its progress shows the widths done.

    Returns:
        Over (width, member): `deviation` of the step's outputs from kernel regression, and from wrong ones,
        `wrong_damping` with half the damping and `wrong_labels` with the targets of other images. And
        `moved` (width, member, start, layer): largest |change| of h_1 and h_2 over the step, for a readout of
        "zeros" and a "random" one, and `moved_rms` its root mean square.
    """
    problem = digits_problem(datasets["digits"], settings["images"], settings["tests"])
    x = torch.cat([problem.train_x, problem.test_x]).to(work.device)
    y = problem.train_y.to(work.device)
    rows = [
        _at(width, x, y, settings, work.device)
        for width in work.progress(settings["widths"], total=len(settings["widths"]), description="widths")
    ]
    by_member = ("width", "member")
    moved = (*by_member, "start", "layer")
    return xr.Dataset(
        {
            name: (moved if name.startswith("moved") else by_member, np.stack([row[name] for row in rows]))
            for name in rows[0]
        },
        coords={"width": list(settings["widths"]), "start": ["zeros", "random"], "layer": [1, 2]},
        attrs={"images": settings["images"], "damping": settings["damping"]},
    )


def _at(
    width: int, x: torch.Tensor, y: torch.Tensor, settings: Mapping[str, Any], device: str
) -> dict[str, np.ndarray]:
    count, seeds = len(y), settings["seeds"]
    keys = [("mup_second_order", "zero_init", settings["seed"], width, seed) for seed in range(seeds)]
    shape = mlp.sizes(x.shape[1], width, y.shape[1], LAYERS)
    step = step_of(settings["damping"], OUTPUTS_DAMPING, seeds, device, fisher="exact")
    batch = {"x": x[:count].expand(seeds, -1, -1), "y": y.expand(seeds, -1, -1)}
    largest, squares, outputs = [], [], []
    for readout in (0.0, READOUT * (width / BASE) ** -0.5):
        parameters = initial(keys, shape, readout, device)
        after, _, _ = step(parameters, step.start(parameters), batch, 0)
        changes = [
            new - old
            for old, new in zip(preactivations(parameters, x), preactivations(after, x), strict=True)
        ]
        largest.append(torch.stack([one.abs().amax((1, 2)) for one in changes[:-1]], dim=1))
        squares.append(torch.stack([one.square().mean((1, 2)).sqrt() for one in changes[:-1]], dim=1))
        outputs.append(preactivations(after, x)[-1])
    a = activities(initial(keys, shape, 0.0, device), x)
    kernel, ridge = a @ a.mT, count * damping_of(a[:, :count], settings["damping"])
    others = torch.randperm(count, generator=torch_generator("mup_second_order", "zero_init.labels"))
    right, halved, permuted = (
        theory.ridge_regression(kernel, count, targets.expand(seeds, -1, -1), rho)
        for targets, rho in ((y, ridge), (y, ridge / 2), (y[others.to(device)], ridge))
    )
    found = {
        name: (outputs[0] - expected).abs().amax((1, 2))
        for name, expected in (("deviation", right), ("wrong_damping", halved), ("wrong_labels", permuted))
    }
    found |= {"moved": torch.stack(largest, dim=1), "moved_rms": torch.stack(squares, dim=1)}
    return {name: values.cpu().numpy() for name, values in found.items()}
