"""Layers with weights of several laws, all weights drawn."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from widthscope.attention.gram import FloatArray
from widthscope.attention.sampling import chunks, sample_naive
from widthscope.streams import numpy_generator
from widthscope.studies.limit_law.batch_means import Statistics, sweep
from widthscope.work import Work

BLOCK = 1 << 22
"""Weights of one matrix held at once: draws at a time, so part of the algorithm."""

BIN_EDGES = torch.linspace(0, 3, 121, dtype=torch.float32)
"""Bins of |y|; the last edge is five standard deviations."""


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Batch means of the conditional output variance, of its square, and of the histogram of |y|.

    Args:
        settings: `points` (each with ``weights``, a law of `sample_naive`; ``tokens``, ``heads``, ``width``),
            `coordinates`, `draws`, `batches`, `seed`.
        datasets: none is read.
        work: its device is where to compute; its progress wraps the loop.

    Returns:
        `token`, `token_square` (point, batch), and `histogram` (point, batch, bin), the fraction of outputs
        with |y| in each bin between `bin_edges`, averaged over the tokens and coordinates of a draw.
    """

    def statistics_at(point: Mapping[str, Any]) -> Statistics:
        heads, width = point["heads"], point["width"]
        X = orthonormal_tokens(point["tokens"], width)
        size = max(1, BLOCK // width**2)

        def statistics(draws: int, generator: torch.Generator) -> dict[str, Tensor]:
            parts = []
            for few in chunks(draws, size):
                layer = sample_naive(
                    X,
                    heads,
                    width,
                    width,
                    few,
                    settings["coordinates"],
                    generator,
                    weight_law=point["weights"],
                    dtype=torch.float32,
                    device=work.device,
                )
                assert layer.covariance_given_values is not None  # finite width
                assert layer.outputs is not None  # coordinates were asked for
                own = layer.covariance_given_values.diagonal(dim1=-2, dim2=-1).double()
                parts.append(
                    {
                        "token": own.mean(dim=-1),
                        "token_square": own.square().mean(dim=-1),
                        "histogram": histograms(layer.outputs.flatten(1).abs()),
                    }
                )
            return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}

        return statistics

    table = sweep(
        f"extensions.universality m={settings['coordinates']}",
        settings["points"],
        statistics_at,
        seed=settings["seed"],
        draws=settings["draws"],
        batches=settings["batches"],
        progress=work.progress,
        dims=("bin",),
    )
    return table.assign(bin_edges=("edge", BIN_EDGES.double().numpy()))


def orthonormal_tokens(tokens: int, width: int) -> FloatArray:
    """Tokens X (s, n) with X Xᵀ/n = I in a random position, the same for all weight laws.

    In the coordinate axes a projection would be a single weight, and no sum of many.
    """
    gaussian = numpy_generator("limit_law", "orthonormal position", tokens, width).standard_normal(
        (width, tokens)
    )
    frame, _ = np.linalg.qr(gaussian)
    X: FloatArray = np.sqrt(width) * frame.T
    return X


def histograms(magnitudes: Tensor) -> Tensor:
    """Fractions of the values (N, m) of each draw in the bins between `BIN_EDGES`, (N, bins) float64."""
    place = torch.bucketize(magnitudes, BIN_EDGES.to(magnitudes.device), right=True)
    counts = torch.zeros(len(magnitudes), len(BIN_EDGES) + 1, dtype=torch.float64, device=magnitudes.device)
    ones = torch.ones_like(magnitudes, dtype=torch.float64)
    return counts.scatter_add_(1, place, ones)[:, 1:-1] / magnitudes.shape[1]
