"""Batch means of per-draw statistics over a list of points: what most experiments of the study store."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from widthscope.attention.sampling import chunks
from widthscope.progress import Progress
from widthscope.streams import torch_generator

CHUNK = 10_000
"""Draws held at once. Part of the algorithm: another value gives another, equally valid, sample."""

Statistics = Callable[[int, torch.Generator], Mapping[str, Tensor]]
"""Draws N samples from a generator and returns statistics by name, each (N, ...)."""


def sweep(
    experiment: str,
    points: Sequence[Mapping[str, str | int]],
    statistics_at: Callable[[Mapping[str, Any]], Statistics],
    *,
    seed: int,
    draws: int,
    batches: int,
    progress: Progress,
    dims: tuple[str, ...] = (),
) -> xr.Dataset:
    """Batch means of statistics at every point, each batch from its own random stream.

    A stream is named by the experiment, the seed, the point's values and the batch, so that other points,
    another division into shards, or more batches never change a number. Draws are summed chunk by chunk in
    float64: memory does not grow with their number.

    Args:
        experiment: names the streams.
        points: where to measure; the keys become coordinates along `point`.
        statistics_at: the sampler and its statistics at one point.
        seed: of the run.
        draws: at each point, divided equally among the batches; a remainder is not drawn.
        batches: independent batches.
        progress: wraps the loop.
        dims: names of the dimensions of one draw's statistic, where it is not a number.

    Returns:
        One variable per statistic over (point, batch) and its own dimensions, the points as coordinates, and
        `draws`, the number of draws in one batch, as attribute.
    """
    size = max(1, draws // batches)
    rows: list[dict[str, np.ndarray]] = []
    tasks = [(point, batch) for point in points for batch in range(batches)]
    for point, batch in progress(tasks, total=len(tasks), description=experiment):
        names = [part for key in sorted(point) for part in (key, point[key])]
        generator = torch_generator("limit_law", experiment, seed, *names, batch)
        rows.append(batch_mean(statistics_at(point), size, generator))
    variables = {}
    for name, first in rows[0].items():
        values = np.stack([row[name] for row in rows]).reshape(len(points), batches, *first.shape)
        variables[name] = (("point", "batch", *dims[: first.ndim]), values)
    coordinates = {key: ("point", np.asarray([point[key] for point in points])) for key in points[0]}
    return xr.Dataset(variables, coords=coordinates, attrs={"draws": size})


def batch_mean(statistics: Statistics, draws: int, generator: torch.Generator) -> dict[str, np.ndarray]:
    """Means over the draws of one batch, summed in float64 chunk by chunk."""
    totals: dict[str, Tensor] = {}
    for size in chunks(draws, CHUNK):
        for name, values in statistics(size, generator).items():
            total = values.sum(dim=0, dtype=torch.float64)
            totals[name] = totals[name] + total if name in totals else total
    return {name: (total / draws).cpu().numpy() for name, total in totals.items()}
