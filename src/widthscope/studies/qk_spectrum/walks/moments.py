"""First two moments of the scores of random walks, for four kinds of query-key matrix."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr

from widthscope.attention.gram import FloatArray, root
from widthscope.streams import numpy_generator
from widthscope.studies.qk_spectrum.walks.sampling import batches, chunk_sizes, walk_tokens
from widthscope.studies.qk_spectrum.walks.theory import Summaries
from widthscope.work import Work

LOW_RANK = 4
"""Rank d_h of the low-rank matrix."""

SPREAD = 100.0
"""Largest over smallest eigenvalue of the anisotropic covariance of a step."""


def matrices(width: int) -> dict[str, tuple[FloatArray, FloatArray | None]]:
    """W and the covariance of a step (None: identity) by name; part of the definition, the same for all
    seeds.

    symmetric, general (Gaussian with a mean eigenvalue, so that xi is not zero), low rank (W_Q^T W_K with
    W_K partly aligned to W_Q) and anisotropic (the general one on anisotropic steps).
    """
    generator = numpy_generator("qk_spectrum", "walks.moments", "matrices", width)
    G = generator.standard_normal((width, width)) / width
    shift = np.eye(width) / (2 * width)
    query = generator.standard_normal((LOW_RANK, width)) / np.sqrt(width)
    key = 0.3 * query + generator.standard_normal((LOW_RANK, width)) / np.sqrt(width)
    basis, _ = np.linalg.qr(generator.standard_normal((width, width)))
    sizes = np.geomspace(SPREAD**-0.5, SPREAD**0.5, width)
    covariance = (basis * sizes) @ basis.T
    return {
        "symmetric": ((G + G.T) / 2 + shift, None),
        "general": (G + shift, None),
        "low rank": (query.T @ key / np.sqrt(LOW_RANK), None),
        "anisotropic": (G + shift, covariance),
    }


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Batch means of omega_t - t xi and of its square at every position.

    Args:
        settings: `width`, `tokens`, `walks` (over all batches), `batches`, `seed`.
        datasets: none is read.
        work: its device is where scores are formed.

    Returns:
        `deviation`, `square` (batch, kind, position), in the score's units, and `xi`, `eta1`, `eta2` (kind).
    """
    width, tokens, count = settings["width"], settings["tokens"], settings["batches"]
    kinds = matrices(width)
    found = {kind: Summaries.of(W, covariance) for kind, (W, covariance) in kinds.items()}
    forms = np.stack([_on_isotropic_steps(W, covariance) for W, covariance in kinds.values()])
    forms_there = torch.from_numpy(forms).float().to(work.device)
    positions = range(1, tokens + 1)
    means = torch.tensor([one.xi for one in found.values()])[:, None] * torch.tensor(positions)
    walks = settings["walks"] // count
    sums = np.zeros((2, count, len(kinds), tokens))
    names = ("walks.moments", settings["seed"], width, tokens)
    for batch, generator in batches(count, work, *names):
        for size in chunk_sizes(walks, width * tokens):
            x = walk_tokens(size, width, positions, generator, work.device)
            turned = torch.einsum("kij,ni->nkj", forms_there, x[:, -1])
            deviation = torch.einsum("nkj,ntj->nkt", turned, x) - means.to(x)
            sums[0, batch] += deviation.sum(0, dtype=torch.float64).cpu().numpy()
            sums[1, batch] += deviation.square().sum(0, dtype=torch.float64).cpu().numpy()
    dims = ("batch", "kind", "position")
    return xr.Dataset(
        {
            "deviation": (dims, sums[0] / walks),
            "square": (dims, sums[1] / walks),
            **{
                name: ("kind", [getattr(one, name) for one in found.values()])
                for name in ("xi", "eta1", "eta2")
            },
        },
        coords={"kind": list(kinds), "position": list(positions)},
        attrs={"width": width, "tokens": tokens, "walks": walks},
    )


def _on_isotropic_steps(W: FloatArray, covariance: FloatArray | None) -> FloatArray:
    """S^T W S with S S^T = Sigma: its scores on steps N(0, I) are those of W on steps N(0, Sigma), so that
    one set of walks serves all kinds.
    """
    if covariance is None:
        return W
    S = root(covariance)
    return np.asarray(S.T @ W @ S, dtype=np.float64)
