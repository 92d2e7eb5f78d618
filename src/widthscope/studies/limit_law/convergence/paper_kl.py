"""The paper's Figure 1(b): divergence between kernel density estimates of one output at finite width and in
the limit.

Its floor is the same divergence between two independent samples of the limit law. As in the authors' code,
one limit sample of a seed is the reference for all its widths.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr

from widthscope.attention.gram import FloatArray
from widthscope.attention.sampling import chunks, sample_finite, sample_limit
from widthscope.attention.token_laws import finite_roots
from widthscope.statistics.kernel_density import kde_divergence, kernel_density, shared_grid
from widthscope.streams import torch_generator
from widthscope.work import Work

TOKENS = 4
HEADS = 2
CHUNK = 10_000
BINS = 2_000
"""Nodes that draws are shared among before smoothing; ten of them lie within one bandwidth."""

FLOOR = "floor"
STAND_INS = ("limit as first width", "limit as second width")
"""Independent limit samples that take the place of the two smallest widths in the control."""

SHOWN = np.linspace(-3.0, 3.0, 241)


def run(settings: dict[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Divergences by seed and sample, and the densities of the first seed.

    Args:
        settings: widths, draws (held in memory, as kernel densities need their spread), seeds, seed.
        datasets: none is read.
        work: its device is where layers are computed; its progress shows the seeds done.

    Returns:
        `divergence` (seed, sample), KL(sample ‖ limit) in nats; `density` (sample, y) of the first seed, the
        limit included.
    """
    finite = [f"n={n}" for n in settings["widths"]]
    names = [*finite, FLOOR, *STAND_INS]
    rows, density = [], np.empty(0)
    for repetition in work.progress(range(settings["seeds"]), total=settings["seeds"], description="seeds"):
        widths: dict[str, int | None] = dict(zip(finite, settings["widths"], strict=True))
        samples = {
            name: _sample(widths.get(name), name, repetition, settings, work.device)
            for name in [*names, "limit"]
        }
        grid = shared_grid(*samples.values())
        rows.append([kde_divergence(samples[name], samples["limit"], grid, BINS) for name in names])
        if repetition == 0:
            density = np.stack([kernel_density(samples[name], SHOWN, BINS) for name in [*finite, "limit"]])
    return xr.Dataset(
        {"divergence": (("seed", "sample"), np.array(rows)), "density": (("shown", "y"), density)},
        coords={"sample": names, "shown": [*finite, "limit"], "y": SHOWN},
        attrs={"widths": list(settings["widths"]), "draws": settings["draws"]},
    )


def _sample(
    width: int | None, name: str, repetition: int, settings: dict[str, Any], device: str
) -> FloatArray:
    """Draws (N,) of coordinate 1 of token 1: at a width with ``clip`` tokens, or of the limit law (None)."""
    generator = torch_generator("limit_law", "paper KL", settings["seed"], repetition, name)
    options: dict[str, Any] = {"dtype": torch.float32, "device": device}
    parts = []
    for size in chunks(settings["draws"], CHUNK):
        if width is None:
            layer = sample_limit(np.eye(TOKENS), HEADS, size, 1, generator, **options)
        else:
            roots = finite_roots("clip", TOKENS, width, size, generator, **options)
            layer = sample_finite(roots, HEADS, width, width, size, 1, generator, **options)
        assert layer.outputs is not None
        parts.append(layer.outputs[:, 0, 0].double().cpu().numpy())
    return np.concatenate(parts)
