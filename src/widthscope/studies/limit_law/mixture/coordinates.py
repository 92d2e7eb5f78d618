"""Moments of several output coordinates that share one draw, and of the norm over all of them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from widthscope.attention.sampling import LayerDraws, bartlett_factor, sample_finite
from widthscope.studies.limit_law.batch_means import Statistics, sweep
from widthscope.work import Work

BIN_EDGES = torch.linspace(0, 1.2, 97, dtype=torch.float64)
"""Bins for the law of |y_1|²/n; with orthonormal tokens its limit lies between 1/s and 1."""


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Batch means, over (point, batch), of the statistics that `normalised`, `pairs` and `norms` list.

    `norm_histogram`, also over `bin`, is the fraction of draws in each bin between `bin_edges`.

    Args:
        settings: `points` (each with ``tokens``, ``heads``, ``width``; the Gram is the identity),
            `coordinates` (m, at most the smallest width), `seed`, `draws`, `batches`.
        datasets: none is read.
        work: its device is where to compute; its progress wraps the loop.
    """

    def statistics_at(point: Mapping[str, Any]) -> Statistics:
        tokens, heads, width = point["tokens"], point["heads"], point["width"]
        L = np.eye(tokens)

        def statistics(draws: int, generator: torch.Generator) -> dict[str, Tensor]:
            layer = sample_finite(
                L,
                heads,
                width,
                width,
                draws,
                settings["coordinates"],
                generator,
                keep_heads=True,
                device=work.device,
            )
            frozen = frozen_norm(tokens, heads, width, draws, generator).to(work.device)
            moments = {"frozen_norm": frozen, "frozen_norm_square": frozen.square()}
            return normalised(layer) | pairs(layer) | norms(layer, width, generator) | moments

        return statistics

    table = sweep(
        "mixture.coordinates",
        settings["points"],
        statistics_at,
        seed=settings["seed"],
        draws=settings["draws"],
        batches=settings["batches"],
        progress=work.progress,
        dims=("bin",),
    )
    return table.assign(bin_edges=("edge", BIN_EDGES.numpy()))


def normalised(layer: LayerDraws) -> dict[str, Tensor]:
    """Squares and fourth powers of y, of y/√Σ_ii(G) and of y/√Σ_ii(A,V), and Σ_a p_a²; each (N,).

    p_a is the share of head a in Σ_ii(G). All are averaged over tokens and coordinates of a draw.
    """
    outputs, given_scores, given_values = _parts(layer)
    squares = outputs.square()
    moments = {}
    for name, scaled in (
        ("raw", squares),
        ("given_scores", squares / given_scores.unsqueeze(-1)),
        ("given_values", squares / given_values.unsqueeze(-1)),
    ):
        moments[f"{name}_second"] = scaled.mean(dim=(1, 2))
        moments[f"{name}_fourth"] = scaled.square().mean(dim=(1, 2))
    assert layer.head_covariance is not None  # heads are kept
    heads = layer.head_covariance.diagonal(dim1=-2, dim2=-1)
    shares = heads / heads.sum(dim=1, keepdim=True)
    return moments | {"participation": shares.square().sum(dim=1).mean(dim=-1)}


def pairs(layer: LayerDraws) -> dict[str, Tensor]:
    """Mean of y_α y_β and of y_α² y_β² over pairs α ≠ β of a draw and over tokens; each (N,).

    `unrelated_squares` takes the coordinate β from the next draw: independent coordinates with the same
    marginal law.
    """
    outputs, _, _ = _parts(layer)
    squares = outputs.square()
    count = outputs.shape[-1] * (outputs.shape[-1] - 1)
    mean = squares.mean(dim=-1)

    def over_pairs(values: Tensor) -> Tensor:
        return ((values.sum(dim=-1).square() - values.square().sum(dim=-1)) / count).mean(dim=-1)

    return {
        "pair_product": over_pairs(outputs),
        "pair_squares": over_pairs(squares),
        "unrelated_squares": (mean * mean.roll(1, dims=0)).mean(dim=-1),
    }


def norms(layer: LayerDraws, width: int, generator: torch.Generator) -> dict[str, Tensor]:
    """First and second moments of |y_i|²/n and of Σ_ii(G), averaged over the tokens of a draw; each (N,).

    The squared norm adds to the m coordinates of the draw the n - m others, Σ_ii(A,V) χ²_{n-m}: exact at
    any width. `norm_unrelated` pairs the norm with Σ_ii(G) of the next draw.
    """
    outputs, given_scores, given_values = _parts(layer)
    rest = chi_square(given_values.shape, width - outputs.shape[-1], generator).to(given_values)
    norm = (outputs.square().sum(dim=-1) + given_values * rest) / width
    return {
        "norm": norm.mean(dim=-1),
        "norm_square": norm.square().mean(dim=-1),
        "variance": given_scores.mean(dim=-1),
        "variance_square": given_scores.square().mean(dim=-1),
        "norm_variance": (norm * given_scores).mean(dim=-1),
        "norm_unrelated": (norm * given_scores.roll(1, dims=0)).mean(dim=-1),
        "norm_histogram": histogram(norm[:, 0].contiguous()),
    }


def histogram(values: Tensor) -> Tensor:
    """Indicators of the bins between `BIN_EDGES`, (N, bins); a value beyond them is in none."""
    place = torch.bucketize(values, BIN_EDGES.to(values), right=True)
    return torch.nn.functional.one_hot(place, len(BIN_EDGES) + 1)[:, 1:-1]


def frozen_norm(tokens: int, heads: int, width: int, draws: int, generator: torch.Generator) -> Tensor:
    """|y_i|²/n of a layer whose scores are frozen at their mean, zero, so that attention is uniform; (N,).

    Only the weights of values and outputs are random, and those average out over the coordinates.
    """
    variance = torch.zeros(draws, dtype=torch.float64)
    for _ in range(heads):
        values = bartlett_factor(tokens, width, draws, generator)
        variance += values.mean(dim=1).square().sum(dim=-1) / heads
    return variance * chi_square(variance.shape, width, generator) / width


def chi_square(shape: torch.Size, degrees: int, generator: torch.Generator) -> Tensor:
    """χ² variables with the given degrees of freedom, zero for none."""
    if degrees == 0:
        return torch.zeros(shape, dtype=torch.float64)
    half = torch.full(shape, degrees / 2, dtype=torch.float64)
    return 2 * torch._standard_gamma(half, generator=generator)


def _parts(layer: LayerDraws) -> tuple[Tensor, Tensor, Tensor]:
    """Outputs (N, s, m), Σ_ii(G) (N, s) and Σ_ii(A,V) (N, s)."""
    assert layer.outputs is not None  # coordinates were asked for
    assert layer.covariance_given_values is not None  # finite width
    own = layer.covariance.diagonal(dim1=-2, dim2=-1)
    return layer.outputs, own, layer.covariance_given_values.diagonal(dim1=-2, dim2=-1)
