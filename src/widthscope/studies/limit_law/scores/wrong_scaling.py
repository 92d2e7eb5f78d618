"""Layers whose scores are scaled by 1/n instead of 1/√n: variance of the scores, and law of one output."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr
from scipy.special import ndtri

from widthscope.attention.gram import FloatArray
from widthscope.attention.sampling import chunks, sample_finite
from widthscope.streams import torch_generator
from widthscope.work import Work

TOKENS = 4
HEADS = 2
BATCHES = 20
CHUNK = 10_000
CELLS = 2_000
POWERS = {"1/sqrt(n)": 0.5, "1/n": 1.0}
SHOWN = np.linspace(-4.0, 4.0, 161)
"""Edges of the cells in which the score G_11 is shown."""


def run(settings: dict[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Scores and outputs of orthonormal tokens under both scalings.

    Args:
        settings: widths, draws (per width and scaling), seed.
        datasets: none is read.
        work: its device is where layers are computed; its progress shows the widths done.

    Returns:
        By scaling and width: `score_variance` (batch), mean of G_ij² over entries and heads; `counts` (cell)
        of outputs of token 1 in cells of equal probability under N(0, 1ᵀK1/s²), the law of uniform attention;
        `score_counts` (bin) of G_11.
    """
    cells = [(scaling, n) for scaling in POWERS for n in settings["widths"]]
    drawn = [
        _width(scaling, n, settings, work.device)
        for scaling, n in work.progress(cells, total=len(cells), description="widths")
    ]
    dims = {"score_variance": "batch", "counts": "cell", "score_counts": "bin"}
    shape = (len(POWERS), len(settings["widths"]))
    return xr.Dataset(
        {
            name: (("scaling", "n", dim), np.stack([one[name] for one in drawn]).reshape(*shape, -1))
            for name, dim in dims.items()
        },
        coords={
            "scaling": list(POWERS),
            "n": np.asarray(settings["widths"]),
            "bin": (SHOWN[1:] + SHOWN[:-1]) / 2,
        },
        attrs={"draws": settings["draws"] // BATCHES * BATCHES, "heads": HEADS, "tokens": TOKENS},
    )


def _width(scaling: str, width: int, settings: dict[str, Any], device: str) -> dict[str, np.ndarray]:
    """Batch means and counts of one scaling and width."""
    uniform_deviation = TOKENS**-0.5  # 1ᵀK1/s² = 1/s for K = I
    edges: FloatArray = uniform_deviation * ndtri(np.arange(1, CELLS) / CELLS)
    counts = np.zeros(CELLS, dtype=np.int64)
    score_counts = np.zeros(len(SHOWN) - 1, dtype=np.int64)
    variances = np.zeros(BATCHES)
    size = settings["draws"] // BATCHES
    for batch in range(BATCHES):
        generator = torch_generator("limit_law", "wrong scaling", settings["seed"], scaling, width, batch)
        for part in chunks(size, CHUNK):
            layer = sample_finite(
                np.eye(TOKENS),
                HEADS,
                width,
                width,
                part,
                1,
                generator,
                score_power=POWERS[scaling],
                keep_heads=True,
                dtype=torch.float32,
                device=device,
            )
            assert layer.outputs is not None
            assert layer.scores is not None
            variances[batch] += float(layer.scores.square().mean(dim=(1, 2, 3)).sum(dtype=torch.float64))
            outputs = layer.outputs[:, 0, 0].double().cpu().numpy()
            counts += np.bincount(np.searchsorted(edges, outputs), minlength=CELLS)
            first = layer.scores[:, 0, 0, 0].double().cpu().numpy()
            score_counts += np.histogram(first, SHOWN)[0]
    return {"score_variance": variances / size, "counts": counts, "score_counts": score_counts}
