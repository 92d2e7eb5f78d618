"""Distance of a layer to its limit law when head dimension and width are varied apart."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from widthscope.attention.sampling import characteristic_function, coupled, normals
from widthscope.attention.token_laws import finite_roots, limit_root
from widthscope.progress import Progress
from widthscope.streams import torch_generator
from widthscope.studies.limit_law.batch_means import Statistics, sweep

INFINITE = 2**40
"""Head dimension that stands for infinity: its Bartlett factors are the identity to within 1e-6."""


def run(
    settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], device: str, progress: Progress
) -> xr.Dataset:
    """Batch means, over (point, batch, frequency), of the joint characteristic functions.

    `finite` is that of the layer, `difference` the layer's less the limit's on common random numbers;
    `token` and `token_square`, over (point, batch), are the moments of Σ_ii(A,V). The Gram of the limit is
    the identity.

    Args:
        settings: `points` (each with ``law`` fixed or clip, ``heads``, ``head_dim`` = d_k = d_v, ``width``
            of the random tokens; 0 stands for infinity), `tokens`, `coordinates`, `frequencies`, `seed`,
            `draws`, `batches`.
        datasets: none is read.
        device: where to compute.
        progress: wraps the loop.
    """
    tokens = settings["tokens"]
    frequencies = joint_frequencies(
        settings["seed"], settings["frequencies"], settings["coordinates"], tokens
    )
    limit = limit_root("fixed", tokens, np.eye(tokens))

    def statistics_at(point: Mapping[str, Any]) -> Statistics:
        head_dim = point["head_dim"] or INFINITE

        def statistics(draws: int, generator: torch.Generator) -> dict[str, Tensor]:
            finite = limit
            if point["law"] != "fixed":
                finite = finite_roots(point["law"], tokens, point["width"], draws, generator, device=device)
            layer, partner = coupled(
                finite, limit, point["heads"], head_dim, head_dim, draws, generator, device=device
            )
            function = characteristic_function(layer, frequencies)
            own = layer.diagonal(dim1=-2, dim2=-1)
            return {
                "finite": function,
                "difference": function - characteristic_function(partner, frequencies),
                "token": own.mean(dim=-1),
                "token_square": own.square().mean(dim=-1),
            }

        return statistics

    table = sweep(
        "heads.low_rank",
        settings["points"],
        statistics_at,
        seed=settings["seed"],
        draws=settings["draws"],
        batches=settings["batches"],
        progress=progress,
        dims=("frequency",),
    )
    return table.assign(frequencies=(("frequency", "coordinate", "key"), frequencies.numpy()))


def joint_frequencies(seed: int, count: int, coordinates: int, tokens: int) -> Tensor:
    """Frequencies of the joint characteristic function, iid N(0, 1), (R, m, s): the same for every point."""
    generator = torch_generator("limit_law", "heads.low_rank", seed, "frequencies", coordinates, tokens)
    return normals((count, coordinates, tokens), generator)
