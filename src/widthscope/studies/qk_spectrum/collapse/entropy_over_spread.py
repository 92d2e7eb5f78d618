"""Attention entropy of normalised random walks as the eigenvalues of the query-key matrix spread."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from widthscope.progress import Progress
from widthscope.streams import numpy_generator
from widthscope.studies.qk_spectrum.collapse.diagonal_head import Floats, entropy, normal_spectrum, sequences


def table(settings: Mapping[str, Any], progress: Progress) -> xr.Dataset:
    """Entropies by seed: over mean and spread, and over the spread alone at a fixed second moment.

    A seed's entropy at mean m and spread s is that of the eigenvalues m + s g, averaged with that of m - s g.
    The two have the same spectrum, since g is symmetric, and differ in the order of the eigenvectors; their
    average has no term of first order in s, which has mean zero and would only add noise.

    Args:
        settings: `width`, `tokens`, `walks`, `seeds`, `means`, `large_means`, `spreads`, `seed`.
        progress: wraps the loop over seeds.

    Returns:
        `entropy` (mean, spread, seed); `fixed_scale` (spread, seed) with mean √(S² - s²), S the largest
        spread. Entropies are over log T.
    """
    width, spreads = settings["width"], np.asarray(settings["spreads"], dtype=float)
    means = np.array([*settings["means"], *settings["large_means"]], dtype=float)
    shape = normal_spectrum(width)
    at_scale = np.sqrt(spreads[-1] ** 2 - spreads**2)
    found = np.empty((len(means) + 1, len(spreads), settings["seeds"]))
    for seed in progress(
        range(settings["seeds"]), total=settings["seeds"], description="entropy over spread"
    ):
        names = (
            "qk_spectrum",
            "collapse",
            "entropy over spread",
            settings["seed"],
            width,
            settings["tokens"],
        )
        walks = sequences("walk", settings["walks"], settings["tokens"], width, numpy_generator(*names, seed))
        for k, spread in enumerate(spreads):
            for row, mean in enumerate([*means, at_scale[k]]):
                found[row, k, seed] = _mirrored_entropy(walks, mean, spread * shape)
    return xr.Dataset(
        {"entropy": (("mean", "spread", "seed"), found[:-1]), "fixed_scale": (("spread", "seed"), found[-1])},
        coords={"mean": means, "spread": spreads, "seed": np.arange(settings["seeds"])},
        attrs={
            "judged_means": len(settings["means"]),
            "walks": settings["walks"],
            "tokens": settings["tokens"],
            "width": width,
            "run_seed": settings["seed"],
        },
    )


def _mirrored_entropy(walks: Floats, mean: float, deviations: Floats) -> float:
    """Average entropy of the eigenvalues on either side of their mean."""
    return (entropy(walks, mean + deviations) + entropy(walks, mean - deviations)) / 2
