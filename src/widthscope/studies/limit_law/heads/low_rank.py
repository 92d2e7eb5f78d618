"""Distance of a layer to its limit law when head dimension and width are varied apart."""

from collections.abc import Mapping
from typing import Any

import torch
import xarray as xr
from torch import Tensor

from widthscope.attention.sampling import characteristic_function, normals
from widthscope.attention.token_laws import finite_roots
from widthscope.progress import Progress
from widthscope.streams import torch_generator
from widthscope.studies.limit_law.batch_means import Statistics, sweep
from widthscope.studies.limit_law.heads.tangent_coupling import (
    CoupledLayers,
    mean_clip_root,
    sample_coupled,
)


def run(
    settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], device: str, progress: Progress
) -> xr.Dataset:
    """Batch means, over (point, batch, frequency), of the joint characteristic functions.

    `finite` is that of the layer, `difference` the layer's less the limit's on common random numbers; `token`
    and `token_square`, over (point, batch), are the moments of Σ_ii(A,V). The Gram of the limit is the
    identity.

    Args:
        settings: `points` (each with ``law`` fixed or clip, ``heads``, ``head_dim`` = d_k = d_v, ``width`` of
            the random tokens; 0 stands for infinity), `tokens`, `coordinates`, `frequencies`, `seed`,
            `draws`, `batches`.
        datasets: none is read.
        device: where to compute.
        progress: wraps the loop.
    """
    tokens = settings["tokens"]
    frequencies = joint_frequencies(
        settings["seed"], settings["frequencies"], settings["coordinates"], tokens
    )

    def statistics_at(point: Mapping[str, Any]) -> Statistics:
        def statistics(draws: int, generator: torch.Generator) -> dict[str, Tensor]:
            layers = coupled_layers(point, tokens, draws, generator, device)
            own = layers.finite.diagonal(dim1=-2, dim2=-1)
            return {
                "finite": characteristic_function(layers.finite, frequencies),
                "difference": layers.difference(frequencies),
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
    return table.assign(frequencies=(("frequency", "coordinate", "token_index"), frequencies.numpy()))


def coupled_layers(
    point: Mapping[str, Any], tokens: int, draws: int, generator: torch.Generator, device: str
) -> CoupledLayers:
    """Draws at one point, coupled to the limit with K = I."""
    identity = torch.eye(tokens, dtype=torch.float64, device=device)
    root = mean = identity
    if point["law"] == "clip":
        root = finite_roots("clip", tokens, point["width"], draws, generator, device=device)
        mean = torch.diag(mean_clip_root(tokens, point["width"])).to(identity)
    head_dim = point["head_dim"] or None
    return sample_coupled(root, mean, identity, point["heads"], head_dim, draws, generator)


def joint_frequencies(seed: int, count: int, coordinates: int, tokens: int) -> Tensor:
    """Frequencies of the joint characteristic function, iid N(0, 1), (R, m, s): the same for every point."""
    generator = torch_generator("limit_law", "heads.low_rank", seed, "frequencies", coordinates, tokens)
    return normals((count, coordinates, tokens), generator)
