"""Moments of one token's conditional variance for many heads, by the single-token sampler."""

from collections.abc import Mapping
from typing import Any

import torch
import xarray as xr
from torch import Tensor

from widthscope.attention.sampling import sample_exchangeable_token, sample_single_token
from widthscope.attention.token_laws import finite_roots
from widthscope.studies.limit_law.batch_means import Statistics, sweep
from widthscope.work import Work


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Batch means of S and S² of the first token over (point, batch): `token` and `token_square`.

    Args:
        settings: `points` (each with ``law`` fixed or clip, ``tokens``, ``heads``, ``width``, and
            ``scores``: own ones for each head, or one matrix shared by all), `seed`, `draws`, `batches`.
            Fixed tokens are orthonormal.
        datasets: none is read.
        work: its device is where to compute; its progress wraps the loop.
    """

    def statistics_at(point: Mapping[str, Any]) -> Statistics:
        def statistics(draws: int, generator: torch.Generator) -> dict[str, Tensor]:
            variance = conditional_variance(point, draws, generator, work.device)
            return {"token": variance, "token_square": variance.square()}

        return statistics

    return sweep(
        "heads.many_heads",
        settings["points"],
        statistics_at,
        seed=settings["seed"],
        draws=settings["draws"],
        batches=settings["batches"],
        progress=work.progress,
    )


def conditional_variance(
    point: Mapping[str, Any], draws: int, generator: torch.Generator, device: str
) -> Tensor:
    """Σ_11(A,V) of independent layers, (N,); heads are summed one at a time."""
    tokens, heads, width = point["tokens"], point["heads"], point["width"]
    shared = point["scores"] == "shared"
    if point["law"] == "fixed":
        layer = sample_exchangeable_token(
            tokens, heads, width, width, draws, generator, shared_scores=shared, device=device
        )
    else:
        roots = finite_roots(point["law"], tokens, width, draws, generator, device=device)
        layer = sample_single_token(
            roots, 0, heads, width, width, draws, generator, shared_scores=shared, device=device
        )
    return layer.variance_given_values
