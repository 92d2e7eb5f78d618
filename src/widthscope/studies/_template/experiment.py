"""Draw layers and keep, for each batch, the variance of their mean square output."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from widthscope.streams import numpy_generator
from widthscope.work import Work

SHARED_SCALES = (0.5, 1.5)
"""Factors of the control, equally likely; all weights of one draw share one."""


def run(settings: dict[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Variances by batch and width, of the law and of its control.

    Returns:
        `variance` and `control`, (batch, width), dimensionless.
    """
    widths, batches = settings["widths"], range(settings["batches"])
    found = np.empty((2, len(batches), len(widths)))
    for place, width in enumerate(work.progress(widths, description="widths")):
        for batch in batches:
            # Keyed by what it is for: another width or batch never changes these numbers.
            generator = numpy_generator("_template", "variance", settings["seed"], width, batch)
            squares = mean_squares(generator, width, settings["inputs"], settings["draws"])
            scales = generator.choice(SHARED_SCALES, size=settings["draws"])
            found[:, batch, place] = np.var(squares, ddof=1), np.var(scales * squares, ddof=1)
    return xr.Dataset(
        {"variance": (("batch", "width"), found[0]), "control": (("batch", "width"), found[1])},
        coords={"batch": list(batches), "width": widths},
        attrs={"draws": settings["draws"]},
    )


def mean_squares(generator: np.random.Generator, width: int, inputs: int, draws: int) -> np.ndarray:
    """Mean square output of independent layers, (draws,); the input is all ones."""
    weights = generator.standard_normal((draws, width, inputs)) / np.sqrt(inputs)
    outputs = weights.sum(axis=2)
    return np.asarray(np.mean(outputs**2, axis=1))
