"""Moments of outputs divided by their root mean square over all channels."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from widthscope.attention.sampling import chunks, normals, sample_finite
from widthscope.studies.limit_law.batch_means import Statistics, sweep
from widthscope.studies.limit_law.extensions.theory import correlation_moments
from widthscope.work import Work

BLOCK = 1 << 17
"""Outputs held at once, few enough for a cache: draws at a time, so part of the algorithm."""


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Batch means (point, batch) of the moments that `moments` lists, averaged over the channels of a draw.

    Args:
        settings: `points` (each with ``outputs``: "layer", one head on orthonormal tokens, or "gaussian",
            Gaussian tokens with the same mean correlation; ``tokens``, ``width``), `draws`, `batches`,
            `seed`.
        datasets: none is read.
        work: its device is where to compute; its progress wraps the loop.
    """

    def statistics_at(point: Mapping[str, Any]) -> Statistics:
        tokens, width = point["tokens"], point["width"]
        size = max(1, BLOCK // (tokens * width))
        correlation = correlation_moments(tokens).mean if point["outputs"] == "gaussian" else 0.0

        def statistics(draws: int, generator: torch.Generator) -> dict[str, Tensor]:
            parts = []
            for few in chunks(draws, size):
                if point["outputs"] == "layer":
                    y = layer_outputs(tokens, width, few, generator, work.device)
                else:
                    y = gaussian_outputs(tokens, width, correlation, few, generator, work.device)
                parts.append(moments(y))
            return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}

        return statistics

    return sweep(
        "extensions.layernorm",
        settings["points"],
        statistics_at,
        seed=settings["seed"],
        draws=settings["draws"],
        batches=settings["batches"],
        progress=work.progress,
    )


def layer_outputs(tokens: int, width: int, draws: int, generator: torch.Generator, device: str) -> Tensor:
    """All n channels (N, s, n) of one head on orthonormal tokens."""
    layer = sample_finite(
        np.eye(tokens), 1, width, width, draws, width, generator, dtype=torch.float32, device=device
    )
    assert layer.outputs is not None  # coordinates were asked for
    return layer.outputs


def gaussian_outputs(
    tokens: int, width: int, correlation: float, draws: int, generator: torch.Generator, device: str
) -> Tensor:
    """Independent Gaussian channels (N, s, n) with the same correlation between all tokens, in all draws."""
    covariance = torch.full((tokens, tokens), correlation).fill_diagonal_(1.0)
    root = torch.linalg.cholesky(covariance).to(device)
    outputs: Tensor = root @ normals((draws, tokens, width), generator, torch.float32, device)
    return outputs


def moments(outputs: Tensor) -> dict[str, Tensor]:
    """Moments of the channels of each draw (N, s, n), averaged over channels and over tokens or pairs; each
    (N,).

    `rms_fourth` is the mean of u⁴ after RMSNorm, `centred_fourth` after LayerNorm with subtraction of the
    mean, `raw_second` and `raw_fourth` without either; `rms_pair` is the mean of u_i² u_j² over pairs i ≠ j.
    """
    squares = outputs.square()
    u = squares / squares.mean(dim=-1, keepdim=True)
    centred = (outputs - outputs.mean(dim=-1, keepdim=True)).square()
    v = centred / centred.mean(dim=-1, keepdim=True)
    tokens = outputs.shape[1]
    pairs = u.sum(dim=1).square() - u.square().sum(dim=1)
    return {
        "raw_second": squares.mean(dim=(1, 2)),
        "raw_fourth": squares.square().mean(dim=(1, 2)),
        "rms_fourth": u.square().mean(dim=(1, 2)),
        "centred_fourth": v.square().mean(dim=(1, 2)),
        "rms_pair": pairs.mean(dim=-1) / (tokens * (tokens - 1)),
    }
