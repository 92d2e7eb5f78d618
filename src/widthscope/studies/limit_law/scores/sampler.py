"""The sampler that all claims use, against layers with all their weights drawn, and against the limit law.

Outputs of three layer shapes are drawn four times: with every weight (the witness), by Bartlett factors, and
twice from the limit law. What is stored are counts in fixed cells and batch means of a joint characteristic
function.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from widthscope.attention.gram import FloatArray, root
from widthscope.attention.sampling import chunks, sample_finite, sample_limit, sample_naive
from widthscope.streams import torch_generator
from widthscope.studies.limit_law.frequencies import COORDINATES, joint_frequencies
from widthscope.studies.limit_law.scores.generic_tokens import TOKENS, generic_gram, generic_tokens
from widthscope.work import Work

CHUNK = 10_000
BATCHES = 20
CELLS = 2_000
PILOT = 20_000
FREQUENCIES = 128


@dataclass(frozen=True)
class Shape:
    """A layer: width n = d, head dimension d_k = d_v, number of heads H."""

    width: int
    head_dim: int
    heads: int

    @property
    def name(self) -> str:
        """For example ``n=16 d=6 H=3``."""
        return f"n={self.width} d={self.head_dim} H={self.heads}"


SHAPES = (Shape(6, 6, 1), Shape(8, 8, 2), Shape(16, 6, 3))
"""Small widths: there the layer is farthest from its limit, which a wrong sampler could be taken for."""

STATISTICS: dict[str, Callable[[Tensor], Tensor]] = {
    "token 1": lambda y: y[:, 0, 0],
    "token 3": lambda y: y[:, 2, 0],
    "product 1·2": lambda y: y[:, 0, 0] * y[:, 1, 0],
    "product 2·4": lambda y: y[:, 1, 0] * y[:, 3, 0],
    "difference 1 - 2": lambda y: y[:, 0, 0] - y[:, 1, 0],
    "difference 3 - 4": lambda y: y[:, 2, 0] - y[:, 3, 0],
    "squares of coordinates": lambda y: (y[:, 0, 0] * y[:, 0, 1]) ** 2,
    "norm": lambda y: y.square().sum(dim=(1, 2)),
}
"""Functions of the outputs y (N, tokens, coordinates) of one draw; each value comes from one draw."""

SAMPLERS = ("naive", "bartlett", "limit", "limit again")


def run(settings: dict[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Counts of eight statistics and joint characteristic functions, for every shape and sampler.

    Args:
        settings: draws (of each sampler and shape), seed.
        datasets: none is read.
        work: its device is where layers are computed; its progress shows the shapes and samplers done.

    Returns:
        `counts` (shape, sampler, statistic, cell): draws in each of the cells, which hold equal shares of a
        pilot sample of full-weight layers; `cf` (shape, sampler, batch, frequency): batch means of cos(sum
        w·y).
    """
    runs = [(shape, sampler) for shape in SHAPES for sampler in SAMPLERS]
    edges = {shape: _pilot_edges(shape, settings["seed"], work.device) for shape in SHAPES}
    drawn = [
        _counts_and_cf(shape, sampler, edges[shape], settings, work.device)
        for shape, sampler in work.progress(runs, total=len(runs), description="samplers")
    ]
    counts, cf = (
        np.stack(part).reshape(len(SHAPES), len(SAMPLERS), *part[0].shape)
        for part in zip(*drawn, strict=True)
    )
    return xr.Dataset(
        {
            "counts": (("shape", "sampler", "statistic", "cell"), counts),
            "cf": (("shape", "sampler", "batch", "frequency"), cf),
        },
        coords={
            "shape": [shape.name for shape in SHAPES],
            "sampler": list(SAMPLERS),
            "statistic": list(STATISTICS),
        },
        attrs={"draws": settings["draws"] // BATCHES * BATCHES},
    )


def outputs(
    shape: Shape, sampler: str, draws: int, generator: torch.Generator, device: str = "cpu"
) -> Tensor:
    """Outputs y (N, 4, 2) of the layer by one of `SAMPLERS`, float32."""
    options: dict[str, Any] = {"dtype": torch.float32, "device": device}
    L = root(generic_gram())
    if sampler == "naive":
        X = generic_tokens(shape.width)
        layer = sample_naive(
            X, shape.heads, shape.head_dim, shape.head_dim, draws, COORDINATES, generator, **options
        )
    elif sampler == "bartlett":
        layer = sample_finite(
            L, shape.heads, shape.head_dim, shape.head_dim, draws, COORDINATES, generator, **options
        )
    else:
        layer = sample_limit(L, shape.heads, draws, COORDINATES, generator, **options)
    assert layer.outputs is not None
    return layer.outputs


def _statistics(y: Tensor) -> FloatArray:
    """All statistics of a chunk, (statistic, N) float64."""
    return torch.stack([statistic(y) for statistic in STATISTICS.values()]).double().cpu().numpy()


def _pilot_edges(shape: Shape, seed: int, device: str) -> FloatArray:
    """Inner edges (statistic, CELLS - 1) of cells with equal shares of a pilot sample with full weights."""
    generator = torch_generator("limit_law", "sampler", seed, shape.name, "pilot")
    y = torch.cat([outputs(shape, "naive", size, generator, device) for size in chunks(PILOT, CHUNK)])
    edges: FloatArray = np.quantile(_statistics(y), np.arange(1, CELLS) / CELLS, axis=1).T
    return edges


def _counts_and_cf(
    shape: Shape, sampler: str, edges: FloatArray, settings: dict[str, Any], device: str
) -> tuple[np.ndarray, FloatArray]:
    """Counts (statistic, cell) and batch means (batch, frequency) of one sampler."""
    w = torch.from_numpy(joint_frequencies(FREQUENCIES, TOKENS)).to(device=device, dtype=torch.float32)
    phases = w.mT.flatten(1).mT.contiguous()  # (s m, R), tokens before coordinates as in the outputs
    counts = np.zeros((len(STATISTICS), CELLS), dtype=np.int64)
    means = []
    for batch in range(BATCHES):
        generator = torch_generator("limit_law", "sampler", settings["seed"], shape.name, sampler, batch)
        size = settings["draws"] // BATCHES
        total = np.zeros(FREQUENCIES)
        for part in chunks(size, CHUNK):
            y = outputs(shape, sampler, part, generator, device)
            total += torch.cos(y.flatten(1) @ phases).sum(0, dtype=torch.float64).cpu().numpy()
            for row, values in enumerate(_statistics(y)):
                cells = np.searchsorted(edges[row], values)
                counts[row] += np.bincount(cells, minlength=CELLS)
        means.append(total / size)
    return counts, np.stack(means)
