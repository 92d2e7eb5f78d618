"""Distances between the laws of one output coordinate at finite width and in the limit, computed and drawn.

Orthonormal tokens, K = I. Characteristic functions give every distance without draws; coupled draws give the
difference of the distribution functions at the point where it is largest, and must agree.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr

from widthscope.attention.output_law import OutputLaw, distances, gaussian, limit_output
from widthscope.attention.sampling import chunks
from widthscope.attention.variance_law import VarianceLaw, exchangeable_token
from widthscope.streams import torch_generator
from widthscope.studies.limit_law.coupling import coupled_to_limit
from widthscope.work import Work

TOKENS = 4
CHUNK = 2_000
METRICS = ("ks", "wasserstein", "energy", "kl")
POINTS = 701
SEARCHED = np.linspace(0, 3, 301)
"""Outputs, in standard deviations, among which the largest difference of distribution functions is sought."""


def run(settings: dict[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Computed distances, and drawn differences of distribution functions.

    Args:
        settings: heads, widths, drawn_widths, batches, draws (per batch), seed.
        datasets: none is read.
        work: its device is where layers are drawn; its progress shows the laws done.

    Returns:
        By H and width: `distance` from the limit law and `gaussian_distance` from N(0, E σ²) (metric). By H
        and drawn
        width: the point `y` where the two distribution functions differ most, the `exact` difference F_n -
        F_∞ there, `without_values` the same at infinite value dimension, and `drawn` (batch) by coupled
        draws.
    """
    heads, widths, drawn_widths = settings["heads"], settings["widths"], settings["drawn_widths"]
    # The law of one head's variance serves every number of heads: computed once for each width.
    every = sorted({*widths, *drawn_widths})
    variances = {
        n: exchangeable_token(TOKENS, head_dim=n)
        for n in work.progress(every, total=len(every), description="laws of the variance")
    }
    computed = [_computed(h, n, variances[n]) for h in heads for n in widths]
    tasks = [(h, n) for h in heads for n in drawn_widths]
    drawn = [
        _drawn(h, n, variances[n], settings, work.device)
        for h, n in work.progress(tasks, total=len(tasks), description="coupled draws")
    ]
    by_width = (len(heads), len(widths), len(METRICS))
    by_drawn = (len(heads), len(drawn_widths))
    variables: dict[str, Any] = {
        name: (("heads", "n", "metric"), np.array([one[name] for one in computed]).reshape(by_width))
        for name in ("distance", "gaussian_distance")
    }
    for name in ("y", "exact", "without_values"):
        variables[name] = (("heads", "drawn_n"), np.array([one[name] for one in drawn]).reshape(by_drawn))
    batches = np.stack([one["drawn"] for one in drawn]).reshape(*by_drawn, settings["batches"])
    variables["drawn"] = (("heads", "drawn_n", "batch"), batches)
    return xr.Dataset(
        variables,
        coords={
            "heads": list(heads),
            "n": list(widths),
            "drawn_n": list(drawn_widths),
            "metric": list(METRICS),
        },
        attrs={"draws": settings["draws"]},
    )


def _computed(heads: int, width: int, variance: VarianceLaw) -> dict[str, list[float]]:
    """Distances of the exact finite law from the limit law and from the Gaussian one."""
    finite, limit = OutputLaw(variance, heads, width), limit_output(TOKENS, heads)
    found = {"distance": limit, "gaussian_distance": gaussian(limit.deviation**2)}
    return {
        name: [getattr(one, metric) for metric in METRICS]
        for name, one in ((name, distances(finite, law, points=POINTS)) for name, law in found.items())
    }


def _drawn(
    heads: int, width: int, variance: VarianceLaw, settings: dict[str, Any], device: str
) -> dict[str, Any]:
    """The largest difference of the distribution functions, exact and by coupled draws."""
    limit = limit_output(TOKENS, heads)
    finite = OutputLaw(variance, heads, width)
    grid = SEARCHED * limit.deviation
    difference = finite.cdf(grid) - limit.cdf(grid)
    largest = int(np.abs(difference).argmax())
    y = float(grid[largest])
    without_values = OutputLaw(variance, heads).cdf(y) - limit.cdf(y)
    batches = [_batch(heads, width, batch, y, settings, device) for batch in range(settings["batches"])]
    return {
        "y": y,
        "exact": float(difference[largest]),
        "without_values": float(without_values),
        "drawn": np.array(batches),
    }


def _batch(heads: int, width: int, batch: int, y: float, settings: dict[str, Any], device: str) -> float:
    """Mean of Φ(y/σ_n) - Φ(y/σ_∞) over draws and tokens of one batch, its first-order change taken out."""
    generator = torch_generator("limit_law", "one dimension", settings["seed"], heads, width, batch)
    total = 0.0
    for size in chunks(settings["draws"], CHUNK):
        pair = coupled_to_limit("fixed", heads, TOKENS, width, width, size, generator, device=device)
        finite, limit, change = (
            part.diagonal(dim1=-2, dim2=-1) for part in (pair.finite, pair.limit, pair.first_order)
        )
        x = y / limit.sqrt()
        density = torch.exp(-x.square() / 2) / (2 * torch.pi) ** 0.5
        first_order = -x * density * change / (2 * limit)
        plain = torch.special.ndtr(y / finite.sqrt()) - torch.special.ndtr(x)
        total += float((plain - first_order).mean(dim=1).sum())
    return total / int(settings["draws"])
