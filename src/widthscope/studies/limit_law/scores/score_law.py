"""Second and fourth moments of the scores of a two-head layer, at finite width and for two score laws."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from widthscope.attention.gram import FloatArray, root
from widthscope.attention.sampling import bartlett_factor, chunks, normals
from widthscope.attention.score_law import functional_variance
from widthscope.streams import torch_generator
from widthscope.studies.limit_law.scores.generic_tokens import TOKENS, generic_functional, generic_gram
from widthscope.work import Work

HEADS = 2
BATCHES = 40
CHUNK = 10_000
LIMIT, IID = "limit", "iid"


def run(settings: dict[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Batch means of products of scores.

    Args:
        settings: widths, draws (per width), seed.
        datasets: none is read.
        work: its device is where products are formed; its progress shows the laws done.

    Returns:
        By law (``n=16``, ..., the ``limit`` law, ``iid`` standard normal scores) and batch, with an entry for
        each head, query and key:
        `second`, `fourth`: E[G_i G_j] and E[G_i² G_j²] (entry, other_entry);
        `hermite_entry`, `hermite_functional`: means of He4(x) = x⁴ - 6x² + 3, x an entry or a functional over
        its exact standard deviation. The mean of He4 is the excess kurtosis, and its variance under the
        limit law is a quarter of that of x⁴.
    """
    laws = [*(f"n={n}" for n in settings["widths"]), LIMIT, IID]
    widths = dict(zip(laws, settings["widths"], strict=False))
    cells = [(law, batch) for law in laws for batch in range(BATCHES)]
    means = [
        _batch(law, widths.get(law), batch, settings, work.device)
        for law, batch in work.progress(cells, total=len(cells), description="batches")
    ]
    pairs = ("law", "batch", "entry", "other_entry")
    dims = {"second": pairs, "fourth": pairs, "hermite_entry": pairs[:2], "hermite_functional": pairs[:2]}
    return xr.Dataset(
        {
            name: (
                dim,
                np.stack([mean[name] for mean in means]).reshape(len(laws), BATCHES, *means[0][name].shape),
            )
            for name, dim in dims.items()
        },
        coords={"law": laws},
        attrs={"widths": list(settings["widths"]), "draws": settings["draws"] // BATCHES * BATCHES},
    )


def scores(law: str, width: int | None, draws: int, generator: torch.Generator) -> Tensor:
    """Scores G (N, H, 4, 4) by Bartlett factors at a width, of the limit law, or iid N(0, 1); float32."""
    shape = (draws * HEADS, TOKENS, TOKENS)
    Z = normals(shape, generator, torch.float32)
    if law != IID:
        L = torch.from_numpy(root(generic_gram())).float()
        if width is not None:
            Z = bartlett_factor(TOKENS, width, shape[0], generator, dtype=torch.float32) @ Z
        Z = L @ Z @ L.mT
    return Z.reshape(draws, HEADS, TOKENS, TOKENS)


def _batch(
    law: str, width: int | None, batch: int, settings: dict[str, Any], device: str
) -> dict[str, FloatArray]:
    """Means over the draws of one batch, from a stream of its own."""
    K = generic_gram()
    T = generic_functional()
    deviations = torch.from_numpy(np.sqrt(np.outer(np.diag(K), np.diag(K)))).to(device).float()
    weights = torch.from_numpy(T / np.sqrt(functional_variance(T, K))).to(device).float()
    generator = torch_generator("limit_law", "score law", settings["seed"], law, batch)
    size = settings["draws"] // BATCHES
    sums: dict[str, FloatArray] = {}
    for part in chunks(size, CHUNK):
        G = scores(law, width, part, generator).to(device)
        flat = G.flatten(1)
        squares = flat.square()
        functionals = (G * weights).sum(dim=(2, 3))
        parts = {
            "second": (flat.mT @ flat).double(),
            "fourth": (squares.mT @ squares).double(),
            "hermite_entry": _hermite4(G / deviations).mean(dim=(1, 2, 3)).sum(dtype=torch.float64),
            "hermite_functional": _hermite4(functionals).mean(dim=1).sum(dtype=torch.float64),
        }
        for name, value in parts.items():
            sums[name] = sums.get(name, 0.0) + value.cpu().numpy()
    return {name: total / size for name, total in sums.items()}


def _hermite4(x: Tensor) -> Tensor:
    square = x.square()
    return square.sub(6).mul_(square).add_(3)
