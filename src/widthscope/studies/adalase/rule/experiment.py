"""The rule by itself: the derivative that it follows, its mean field, and its drift."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr

from widthscope.feature_augmentation.operations.catalogue import OPERATIONS
from widthscope.feature_augmentation.replicator import simulated
from widthscope.streams import torch_generator
from widthscope.studies.adalase.rule.hypergradient import deviations
from widthscope.work import Work

SLUG = "adalase"
FINER = 10
RECORDS = 25
"""Times at which a trajectory is kept, its start left out."""

SHOWN = 12
"""Single runs whose paths are kept."""

WINNER = 0.6
"""A ratio above this looks like a choice."""

FLOOR = 0.1
"""The clip of the paper's code, for what drift does under it."""


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """Tables `hypergradient`, `selection`, `selection_paths`, `neutral`, `neutral_paths`.

    Args:
        settings: those of `Rule`, and `seed`.
        datasets: none is read.
        work: nothing of it is needed.
    """
    neutral, paths = drift(settings)
    selected, means = selection(settings)
    tables = {
        "hypergradient": hypergradients(settings),
        "selection": selected,
        "selection_paths": means,
        "neutral": neutral,
        "neutral_paths": paths,
    }
    return xr.DataTree.from_dict(tables)


def hypergradients(settings: Mapping[str, Any]) -> xr.Dataset:
    """`after`, `before` and `derivative` of `hypergradient.deviations`, (operation, seed, position)."""
    sizes = {"width": settings["width"], "batch": settings["batch"], "rate": settings["weight_rate"]}
    rows = []
    for name in settings["operations"]:
        for seed in range(settings["seeds"]):
            generator = torch_generator(SLUG, "rule.hypergradient", settings["seed"], seed, name)
            rows.append(deviations(generator, OPERATIONS[name], **sizes))
    shape = (len(settings["operations"]), settings["seeds"], -1)
    dims = ("operation", "seed", "position")
    return xr.Dataset(
        {key: (dims, torch.stack([row[key] for row in rows]).reshape(shape).numpy()) for key in rows[0]},
        coords={"operation": list(settings["operations"])},
    )


def selection(settings: Mapping[str, Any]) -> tuple[xr.Dataset, xr.Dataset]:
    """Final mean ratios and their standard errors, (rule, scale, position), and mean ratios over time.

    Rules are the paper's, `sampled`, and `weighted`, with increments divided by K q; scales are `coarse` and
    `fine`, with a tenth of the rate and ten times the steps.
    """
    scales = {"coarse": 1, "fine": FINER}
    runs = {("sampled", scale): settings[f"{scale}_runs"] for scale in scales}
    runs |= {("weighted", scale): settings["weighted_runs"] for scale in scales}
    rows = []
    for (rule, scale), count in runs.items():
        steps = settings["coarse_steps"] * scales[scale]
        found = simulated(
            torch_generator(SLUG, "rule.selection", settings["seed"], rule, scale),
            [settings["ratio_rate"] / scales[scale] * alignment for alignment in settings["alignments"]],
            runs=count,
            steps=steps,
            importance=rule == "weighted",
            records=RECORDS,
        )
        rows.append((found[-1].mean(0), found[-1].std(0) / count**0.5, found.mean(1)))
    mean, error, paths = (torch.stack(part) for part in zip(*rows, strict=True))
    dims, grid = ("rule", "scale", "position"), (2, 2, -1)
    coords = {"rule": ["sampled", "weighted"], "scale": list(scales)}
    numbers = {"alignment": ("position", list(settings["alignments"]))}
    final = {
        "mean": (dims, mean.reshape(grid).numpy()),
        "standard_error": (dims, error.reshape(grid).numpy()),
        "runs": (dims[:2], np.reshape(list(runs.values()), (2, 2))),
    }
    attrs = {"ratio_rate": settings["ratio_rate"], "coarse_steps": settings["coarse_steps"]}
    times = np.rint(np.arange(RECORDS + 1) * settings["coarse_steps"] / RECORDS)
    over_time = {
        "ratios": (("rule", "scale", "record", "position"), paths.reshape(2, 2, RECORDS + 1, -1).numpy())
    }
    return (
        xr.Dataset(final | numbers, coords, attrs),
        xr.Dataset(over_time | numbers | {"coarse_step": ("record", times)}, coords, attrs),
    )


def drift(settings: Mapping[str, Any]) -> tuple[xr.Dataset, xr.Dataset]:
    """What equal positions come to, (positions, strength), and diversity and single runs over time.

    `diversity` is the mean of 1 - sum q^2, `first` of one position's ratio, `winners` counts runs whose
    largest ratio is above `WINNER`, without and, as `clipped`, with the clip of the paper's code.
    """
    counts, strengths = settings["neutral_positions"], settings["neutral_strengths"]
    steps, runs = settings["neutral_steps"], settings["neutral_runs"]
    finals, paths, single = [], [], []
    for positions in counts:
        for strength in strengths:
            names = ("rule.neutral", settings["seed"], positions, strength)
            free, clipped = (
                simulated(
                    torch_generator(SLUG, *names),
                    [strength] * positions,
                    runs=runs,
                    steps=steps,
                    floor=floor,
                    records=RECORDS,
                )
                for floor in (None, FLOOR)
            )
            finals.append(_spread(free[-1]) | {f"clipped_{k}": v for k, v in _spread(clipped[-1]).items()})
            paths.append((1 - (free * free).sum(-1)).mean(1))
            single.append(free[:, :SHOWN, 0])
    grid, dims = (len(counts), len(strengths)), ("positions", "strength")
    coords = {"positions": list(counts), "strength": list(strengths)}
    attrs = {"steps": steps, "runs": runs, "winner": WINNER, "floor": FLOOR}
    table = {key: (dims, np.reshape([row[key] for row in finals], grid)) for key in finals[0]}
    over_time = {
        "diversity": ((*dims, "record"), torch.stack(paths).reshape(*grid, -1).numpy()),
        "first": ((*dims, "record", "run"), torch.stack(single).reshape(*grid, RECORDS + 1, -1).numpy()),
        "step": ("record", np.rint(np.arange(RECORDS + 1) * steps / RECORDS)),
    }
    return xr.Dataset(table, coords, attrs), xr.Dataset(over_time, coords, attrs)


def _spread(ratios: torch.Tensor) -> dict[str, float]:
    """Moments of ratios at the end, (run, position)."""
    diversity, first = 1 - (ratios * ratios).sum(-1), ratios[:, 0]
    root = len(ratios) ** 0.5
    return {
        "diversity": float(diversity.mean()),
        "diversity_error": float(diversity.std()) / root,
        "first": float(first.mean()),
        "first_error": float(first.std()) / root,
        "winners": float((ratios.max(-1).values > WINNER).sum()),
    }
