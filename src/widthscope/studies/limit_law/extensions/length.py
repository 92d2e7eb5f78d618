"""Moments of one token's conditional output variance for sequences of many lengths."""

from collections.abc import Mapping
from typing import Any

import torch
import xarray as xr
from torch import Tensor

from widthscope.attention.sampling import sample_exchangeable_token
from widthscope.studies.limit_law.batch_means import Statistics, sweep
from widthscope.work import Work


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Batch means (point, batch) of Σ_11 given scores and values and of its square.

    Args:
        settings: `points` (each with ``tokens``; ``seen``, the number of them that the token attends to;
            ``heads``, ``width``; the Gram is the identity), `window`, `draws`, `batches`, `seed`.
        datasets: none is read.
        work: its device is where to compute; its progress wraps the loop.
    """

    def statistics_at(point: Mapping[str, Any]) -> Statistics:
        def statistics(draws: int, generator: torch.Generator) -> dict[str, Tensor]:
            token = sample_exchangeable_token(
                point["seen"],
                point["heads"],
                point["width"],
                point["width"],
                draws,
                generator,
                dtype=torch.float32,
                device=work.device,
            )
            variance = token.variance_given_values.double()
            return {"token": variance, "token_square": variance.square()}

        return statistics

    table = sweep(
        "extensions.length",
        settings["points"],
        statistics_at,
        seed=settings["seed"],
        draws=settings["draws"],
        batches=settings["batches"],
        progress=work.progress,
    )
    return table.assign_attrs(window=settings["window"])
