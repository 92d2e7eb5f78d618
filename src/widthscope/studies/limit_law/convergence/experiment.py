"""Characteristic functions of the joint output law at finite width, coupled with those of the limit.

One shard is one token law and one number of heads, for some widths. It stores means over batches of draws,
never draws, so that its memory does not grow with their number.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr

from widthscope.attention.gram import FloatArray, TokenLaw
from widthscope.attention.sampling import characteristic_change, characteristic_function, chunks
from widthscope.streams import torch_generator
from widthscope.studies.limit_law.coupling import coupled_to_limit
from widthscope.studies.limit_law.frequencies import COORDINATES, joint_frequencies
from widthscope.work import Work

CHUNK = 2_000
"""Draws held at once; it decides which random number goes where, so it is part of the algorithm."""


def run(settings: dict[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Batch means of coupled differences of characteristic functions, by repeat, width and batch.

    Args:
        settings: token_law, heads, tokens, widths, batches, draws, frequencies, repeats, seed.
        datasets: none is read.
        work: its device is where layers are computed; its progress shows the batches done.

    Returns:
        Means over the draws of a batch: `difference` with the first-order change taken out,
        `plain_difference` without, `limit_cf` of the joint law, `marginal_cf` of each coordinate alone, and
        the limit `covariance` across tokens.
    """
    w = joint_frequencies(settings["frequencies"], settings["tokens"])
    widths, batches, repeats = settings["widths"], settings["batches"], settings["repeats"]
    cells = [(repeat, n, batch) for repeat in range(repeats) for n in widths for batch in range(batches)]
    means = [
        _batch(settings, w, repeat, n, batch, work.device)
        for repeat, n, batch in work.progress(cells, total=len(cells), description="batches")
    ]
    shape = (repeats, len(widths), batches)
    tail = {"marginal_cf": ("coordinate", "frequency"), "covariance": ("token", "other_token")}
    variables = {
        name: (
            ("repeat", "n", "batch", *tail.get(name, ("frequency",))),
            np.stack([mean[name] for mean in means]).reshape(*shape, *means[0][name].shape),
        )
        for name in means[0]
    }
    return xr.Dataset(
        {**variables, "frequencies": (("frequency", "coordinate", "token"), w)},
        coords={"repeat": np.arange(repeats), "n": np.asarray(widths), "batch": np.arange(batches)},
        attrs={key: settings[key] for key in ("token_law", "heads", "tokens", "draws")},
    )


def _batch(
    settings: dict[str, Any], w: FloatArray, repeat: int, width: int, batch: int, device: str
) -> dict[str, FloatArray]:
    """Means over the draws of one batch, float64, from a stream of its own."""
    law: TokenLaw = settings["token_law"]
    heads, tokens, draws = settings["heads"], settings["tokens"], settings["draws"]
    generator = torch_generator(
        "limit_law", "convergence", settings["seed"], repeat, law, heads, tokens, width, batch
    )
    joint = torch.as_tensor(w, dtype=torch.float32, device=device)
    sums: dict[str, FloatArray] = {}
    for size in chunks(draws, CHUNK):
        pair = coupled_to_limit(
            law, heads, tokens, width, width, size, generator, dtype=torch.float32, device=device
        )
        limit = characteristic_function(pair.limit, joint)
        plain = characteristic_function(pair.finite, joint) - limit
        first_order = characteristic_change(limit, pair.first_order, joint)
        marginals = [
            characteristic_function(pair.limit, joint[:, [m]]).sum(0, dtype=torch.float64)
            for m in range(COORDINATES)
        ]
        parts = {
            "difference": (plain - first_order).sum(0, dtype=torch.float64),
            "plain_difference": plain.sum(0, dtype=torch.float64),
            "limit_cf": limit.sum(0, dtype=torch.float64),
            "marginal_cf": torch.stack(marginals),
            "covariance": pair.limit.sum(0, dtype=torch.float64),
        }
        for name, part in parts.items():
            sums[name] = sums.get(name, 0.0) + part.cpu().numpy()
    return {name: total / draws for name, total in sums.items()}
