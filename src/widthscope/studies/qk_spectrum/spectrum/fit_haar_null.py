"""Evidence on the trace score under random rotations, and on the traces at initialisation."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from widthscope.statistics.evidence import of_estimates
from widthscope.statistics.intervals import batch_means
from widthscope.studies.qk_spectrum.spectrum.names import ALIGNED, SHUFFLED, UNTURNED

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]

INITIAL = {"trace": 0.0, "trace_square": 1.0, "trace_of_square": 1.0, "frobenius_square": 1.0}
"""Means of the four stored numbers of Gaussian heads."""


def tests(table: xr.Dataset) -> Evidence:
    """Mean and mean square of z under rotations, beside heads that are not rotated."""
    rotated = [str(name) for name in table["head"].values if name not in (UNTURNED, SHUFFLED)]
    return {
        "mean": (_scores(table, rotated, "score", 0.0), _scores(table, [UNTURNED], "score", 0.0)),
        "variance": (
            _scores(table, rotated, "score_square", 1.0),
            _scores(table, [UNTURNED], "score_square", 1.0),
        ),
        "initialisation": (_initial(table), _initial(table, f"{ALIGNED}_")),
        "shuffled-columns": (_shuffled(table), None),
    }


def curves(table: xr.Dataset) -> xr.Dataset:
    """Mean and deviation of z by head, beside the head's own score."""
    mean = table["score"].mean("batch")
    square = table["score_square"].mean("batch")
    return xr.Dataset(
        {"mean": mean, "deviation": np.sqrt(square - mean**2), "own": table["own"]},
        attrs={**table.attrs, "draws": _draws(table)},
    )


def _draws(table: xr.Dataset) -> int:
    return int(table.attrs["rotations"]) * table.sizes["batch"]


def _scores(table: xr.Dataset, heads: Sequence[str], name: str, predicted: float) -> xr.Dataset:
    found = batch_means(table[name].sel(head=list(heads)).values)
    return of_estimates(list(heads), found, predicted, n=_draws(table), scale=1.0)


def _initial(table: xr.Dataset, prefix: str = "") -> xr.Dataset:
    """Mean and mean square of tr W over its deviation, means of tr W^2 and ||W||_F^2 over theirs."""
    found = batch_means(np.stack([table[prefix + name].values for name in INITIAL], axis=1))
    names = ["mean of tr W", "mean square of tr W", "tr W²", "squared Frobenius norm"]
    return of_estimates(names, found, list(INITIAL.values()), n=_draws(table), scale=1.0)


def _shuffled(table: xr.Dataset) -> xr.Dataset:
    """z with the columns of W_K in random order: its mean is that of z without, over d, and not zero."""
    own = float(table["score"].sel(head=UNTURNED).mean())
    found = batch_means(table["score"].sel(head=SHUFFLED).values)
    return of_estimates("mean of z", found, own / int(table.attrs["width"]), n=_draws(table))
