"""Moments of the conditional variance of one token's output, and of the difference of two tokens' outputs.

Given attention and values an output is Gaussian, so that its kurtosis follows from the first two moments of
its conditional variance S; averaging S and S² instead of y² and y⁴ (Rao-Blackwell) removes most of the
noise.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from widthscope.attention.gram import root
from widthscope.attention.sampling import sample_finite
from widthscope.studies.limit_law.batch_means import Statistics, sweep
from widthscope.work import Work


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Batch means of S and S², over (point, batch), for four functionals.

    `token` is one token, `difference` that of two tokens, `total` the sum of all, averaged over tokens or
    pairs of one draw; `unrelated` is the difference of two tokens of independent layers, a control in which
    nothing is shared.

    Args:
        settings: `points` (each with ``gram``: orthonormal or identical tokens, ``tokens``, ``heads``,
            ``width``), `seed`, `draws`, `batches`.
        datasets: none is read.
        work: its device is where to compute; its progress wraps the loop.
    """

    def statistics_at(point: Mapping[str, Any]) -> Statistics:
        tokens, heads, width = point["tokens"], point["heads"], point["width"]
        L = root(np.eye(tokens) if point["gram"] == "orthonormal" else np.ones((tokens, tokens)))

        def statistics(draws: int, generator: torch.Generator) -> dict[str, Tensor]:
            layer = sample_finite(L, heads, width, width, draws, 0, generator, device=work.device)
            assert layer.covariance_given_values is not None  # finite width
            return variance_moments(layer.covariance_given_values)

        return statistics

    return sweep(
        "mixture.kurtosis",
        settings["points"],
        statistics_at,
        seed=settings["seed"],
        draws=settings["draws"],
        batches=settings["batches"],
        progress=work.progress,
    )


def variance_moments(covariance: Tensor) -> dict[str, Tensor]:
    """S and S² of the four functionals, per draw, from covariances (N, s, s) across tokens; each (N,).

    `unrelated` pairs token i of a draw with token j of the next one, the last with the first.
    """
    tokens = covariance.shape[-1]
    own = covariance.diagonal(dim1=-2, dim2=-1)
    i, j = torch.triu_indices(tokens, tokens, offset=1, device=covariance.device)
    functionals = {
        "token": own,
        "difference": own[:, i] + own[:, j] - 2 * covariance[:, i, j],
        "total": covariance.sum(dim=(-2, -1)).unsqueeze(-1),
        "unrelated": own[:, i] + own.roll(1, dims=0)[:, j],
    }
    means = {name: values.mean(dim=-1) for name, values in functionals.items()}
    squares = {f"{name}_square": values.square().mean(dim=-1) for name, values in functionals.items()}
    return means | squares
