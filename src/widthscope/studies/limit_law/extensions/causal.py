"""Moments of the conditional output variance at every position, with and without a causal mask."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from widthscope.attention.masks import causal
from widthscope.attention.sampling import sample_finite
from widthscope.studies.limit_law.batch_means import Statistics, sweep
from widthscope.work import Work


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Batch means (point, batch, position) of Σ_ii given scores and values and of its square.

    Args:
        settings: `points` (each with ``mask``: "causal", "none", or "reversed", in which a token sees
            itself and those after it; ``tokens``, ``heads``, ``width``; the Gram is the identity), `draws`,
            `batches`, `seed`.
        datasets: none is read.
        work: its device is where to compute; its progress wraps the loop.
    """

    def statistics_at(point: Mapping[str, Any]) -> Statistics:
        tokens, heads, width = point["tokens"], point["heads"], point["width"]
        mask = {"causal": causal(tokens), "none": None, "reversed": causal(tokens).mT}[point["mask"]]

        def statistics(draws: int, generator: torch.Generator) -> dict[str, Tensor]:
            layer = sample_finite(
                np.eye(tokens), heads, width, width, draws, 0, generator, mask=mask, device=work.device
            )
            assert layer.covariance_given_values is not None  # finite width
            own = layer.covariance_given_values.diagonal(dim1=-2, dim2=-1)
            return {"token": own, "token_square": own.square()}

        return statistics

    return sweep(
        "extensions.causal",
        settings["points"],
        statistics_at,
        seed=settings["seed"],
        draws=settings["draws"],
        batches=settings["batches"],
        progress=work.progress,
        dims=("position",),
    )
