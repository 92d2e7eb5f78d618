"""Distance of a layer to its limit law when head dimension and width are varied apart."""

from collections.abc import Mapping
from typing import Any

import torch
import xarray as xr
from torch import Tensor

from widthscope.attention.sampling import characteristic_change, characteristic_function
from widthscope.studies.limit_law.batch_means import Statistics, sweep
from widthscope.studies.limit_law.coupling import coupled_to_limit
from widthscope.studies.limit_law.frequencies import joint_frequencies
from widthscope.work import Work


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Batch means, over (point, batch, frequency), of the joint characteristic functions.

    `finite` is that of the layer, `difference` the layer's less the limit's on common random numbers, with
    the first-order change taken out; `token` and `token_square`, over (point, batch), are the moments of
    Σ_ii(A,V). The Gram of the limit is the identity.

    Args:
        settings: `points` (each with ``law`` fixed or clip, ``heads``, ``head_dim`` = d_k = d_v, ``width`` of
            the random tokens; 0 stands for infinity), `tokens`, `coordinates`, `frequencies`, `seed`,
            `draws`, `batches`.
        datasets: none is read.
        work: its device is where to compute; its progress wraps the loop.
    """
    tokens = settings["tokens"]
    frequencies = torch.from_numpy(
        joint_frequencies(settings["frequencies"], tokens, settings["coordinates"])
    ).to(work.device)

    def statistics_at(point: Mapping[str, Any]) -> Statistics:
        def statistics(draws: int, generator: torch.Generator) -> dict[str, Tensor]:
            layers = coupled_to_limit(
                point["law"],
                point["heads"],
                tokens,
                point["width"] or None,
                point["head_dim"] or None,
                draws,
                generator,
                device=work.device,
            )
            finite, limit = (
                characteristic_function(one, frequencies) for one in (layers.finite, layers.limit)
            )
            own = layers.finite.diagonal(dim1=-2, dim2=-1)
            return {
                "finite": finite,
                "difference": finite - limit - characteristic_change(limit, layers.first_order, frequencies),
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
        progress=work.progress,
        dims=("frequency",),
    )
    return table.assign(frequencies=(("frequency", "coordinate", "token_index"), frequencies.cpu().numpy()))
