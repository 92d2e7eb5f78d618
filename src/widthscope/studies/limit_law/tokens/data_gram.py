"""Moments of the conditional output variance for images as tokens, each image a fixed Gram."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from widthscope.attention.gram import gram, root
from widthscope.attention.sampling import sample_finite
from widthscope.studies.limit_law.batch_means import Statistics, sweep
from widthscope.studies.limit_law.tokens.image_tokens import image_tokens
from widthscope.work import Work


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Batch means (point, batch, token) of Σ_ii given scores and values and of its square.

    Args:
        settings: `points` (each with ``image``), `width`, `heads`, `draws` (of each image), `batches`,
            `seed`.
        datasets: ``digits``.
        work: its device is where to compute; its progress wraps the loop.

    Returns:
        Also `gram` (point, token, other), from which alone the law is predicted.
    """
    width, heads = settings["width"], settings["heads"]
    numbers = [point["image"] for point in settings["points"]]
    tokens = image_tokens(datasets["digits"], max(numbers) + 1)
    grams = {number: gram(tokens[number]) for number in numbers}

    def statistics_at(point: Mapping[str, Any]) -> Statistics:
        L = root(grams[point["image"]])

        def statistics(draws: int, generator: torch.Generator) -> dict[str, Tensor]:
            layer = sample_finite(L, heads, width, width, draws, 0, generator, device=work.device)
            assert layer.covariance_given_values is not None  # finite width
            own = layer.covariance_given_values.diagonal(dim1=-2, dim2=-1)
            return {"token": own, "token_square": own.square()}

        return statistics

    table = sweep(
        f"tokens.data_gram n={width} H={heads}",
        settings["points"],
        statistics_at,
        seed=settings["seed"],
        draws=settings["draws"],
        batches=settings["batches"],
        progress=work.progress,
        dims=("row",),
    )
    stacked = np.stack([grams[number] for number in numbers])
    return table.assign(gram=(("point", "row", "col"), stacked)).assign_attrs(width=width, heads=heads)
