"""Outputs of ReLU tokens at several widths, drawn fast and with all weights, and of two limit laws.

Stored are counts of three functionals of the outputs in fixed cells, and batch means of the conditional
variance of an output, whose mean is that of y².
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from widthscope.attention.gram import exchangeable_gram, limit_gram, root
from widthscope.attention.sampling import LayerDraws, chunks, sample_finite, sample_limit, sample_naive
from widthscope.attention.token_laws import finite_roots, sample_tokens
from widthscope.streams import torch_generator
from widthscope.studies.limit_law.cells import count
from widthscope.work import Work

CHUNK = 10_000
BLOCK = 1 << 23
"""Weights of one matrix held at once where all are drawn: draws at a time, so part of the algorithm."""

FUNCTIONALS: dict[str, Callable[[Tensor], Tensor]] = {
    "y1": lambda y: y[:, 0],
    "y1-y2": lambda y: y[:, 0] - y[:, 1],
    "y1·y2": lambda y: y[:, 0] * y[:, 1],
}
"""Functions of one output coordinate y (N, s); each value comes from one draw."""


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Counts (point, functional, cell) and mean conditional variances (point, batch).

    Args:
        settings: `points` (each with ``sampler``: "bartlett", "naive", "limit" or "wrong", and ``width``, 0
            for a limit law), `tokens`, `heads`, `draws`, `witness_draws` (of the naive sampler), `batches`,
            `seed`.
        datasets: none is read.
        work: its device is where to compute; its progress wraps the loop.

    Returns:
        The points as coordinates; `draws` (point) is the number of draws at each.
    """
    points, batches = settings["points"], settings["batches"]
    sizes = [_size(point, settings) // batches for point in points]
    tables, variances = [], []
    tasks = [(place, batch) for place in range(len(points)) for batch in range(batches)]
    for place, batch in work.progress(tasks, total=len(tasks), description="ReLU tokens"):
        point = points[place]
        generator = torch_generator(
            "limit_law",
            "tokens.relu_gram",
            settings["seed"],
            point["sampler"],
            point["width"],
            settings["tokens"],
            settings["heads"],
            batch,
        )
        table, variance = _batch(point, settings, sizes[place], generator, work.device)
        tables.append(table)
        variances.append(variance)
    counts = np.stack(tables).reshape(len(points), batches, *tables[0].shape).sum(axis=1)
    return xr.Dataset(
        {
            "counts": (("point", "functional", "cell"), counts),
            "variance": (("point", "batch"), np.reshape(variances, (len(points), batches))),
            "draws": ("point", batches * np.array(sizes)),
        },
        coords={
            "sampler": ("point", np.array([point["sampler"] for point in points], dtype=np.str_)),
            "width": ("point", [point["width"] for point in points]),
            "functional": list(FUNCTIONALS),
        },
        attrs={key: settings[key] for key in ("tokens", "heads")},
    )


def layer(
    sampler: str, width: int, tokens: int, heads: int, draws: int, generator: torch.Generator, device: str
) -> LayerDraws:
    """Layers on ReLU tokens with one output coordinate each.

    Args:
        sampler: "bartlett" (Gram of the tokens, then Bartlett factors) or "naive" (the paper's recipe with
            all weights, also those of the tokens), both at the width; "limit"; or "wrong", the limit law for
            K = I/2, which has the right E|x|²/n and nothing of the correlation of the tokens.
    """
    if sampler == "naive":
        X = sample_tokens("relu", tokens, width, draws, generator).to(device)
        return sample_naive(X, heads, width, width, draws, 1, generator, dtype=torch.float32, device=device)
    if sampler == "bartlett":
        roots = finite_roots("relu", tokens, width, draws, generator, device=device)
        return sample_finite(roots, heads, width, width, draws, 1, generator, device=device)
    K = limit_gram("relu", tokens) if sampler == "limit" else exchangeable_gram(tokens, 0.5)
    return sample_limit(root(K), heads, draws, 1, generator, device=device)


def _size(point: Mapping[str, Any], settings: Mapping[str, Any]) -> int:
    return int(settings["witness_draws" if point["sampler"] == "naive" else "draws"])


def _batch(
    point: Mapping[str, Any],
    settings: Mapping[str, Any],
    draws: int,
    generator: torch.Generator,
    device: str,
) -> tuple[np.ndarray, float]:
    """Counts (functional, cell) and the mean conditional variance of one batch."""
    width, tokens = point["width"], settings["tokens"]
    chunk = CHUNK if point["sampler"] != "naive" else max(1, BLOCK // (tokens * width**2))
    tables, total = [], 0.0
    for size in chunks(draws, chunk):
        drawn = layer(point["sampler"], width, tokens, settings["heads"], size, generator, device)
        assert drawn.outputs is not None  # one coordinate was asked for
        y = drawn.outputs[:, :, 0]
        tables.append([count(functional(y).cpu().numpy()) for functional in FUNCTIONALS.values()])
        variance = (
            drawn.covariance if drawn.covariance_given_values is None else drawn.covariance_given_values
        )
        total += float(variance.diagonal(dim1=-2, dim2=-1).mean(dim=-1).sum())
    return np.sum(tables, axis=0), total / draws
