"""Singular values of mixing weights, trained and as they were drawn, and distances between their laws."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr

from widthscope.statistics.distances import wasserstein_distance
from widthscope.studies.pk_mixer.initial_networks import values_of
from widthscope.studies.pk_mixer.similarity.arms import ANOTHER, PURPOSE, WEIGHED, arms, node_name
from widthscope.work import Work

PAIRS = (
    *(("mixer", other) for other in ("sparse", "dense", "narrow")),
    *((f"{ANOTHER}dense", other) for other in ("sparse", "dense")),
)
"""Arms whose spectra are compared, layer by layer."""

LEVELS = np.linspace(0.5, 99.5, 100) / 100
"""Levels of the quantiles that stand for a spectrum in figures."""

WHEN = ("initial", "trained")

Spectra = Mapping[str, np.ndarray[Any, Any]]
"""Singular values (layer, seed, value) by arm, of mean square 1 in each matrix."""


def analyse(swept: xr.DataTree, settings: Mapping[str, Any], work: Work) -> xr.Dataset:
    """Distances between spectra, how far training moved them, and their quantiles.

    A mixer's layer I kron W has the singular values of W, each many times over.

    Args:
        swept: what `experiment.run` stored, read lazily.
        settings: those of `experiment.run`, and the images' `inputs`.
        work: what the job gives; all is computed on a CPU, in float64.

    Returns:
        ``distance`` (when, pair, seed): mean over layers of the Wasserstein distance between the singular
        values of two layers, each divided by its root mean square. ``moved`` (arm, seed): root mean square,
        over layers and places, of what training changed the sorted values by. ``quantile`` (when, arm,
        seed, level): of all layers together.
    """
    networks = arms(settings["side"], settings["factor"], settings["blocks"], settings["inputs"])
    seeds = range(settings["first_seed"], settings["first_seed"] + settings["seeds"])
    spectra: dict[str, dict[str, np.ndarray[Any, Any]]] = {when: {} for when in WHEN}
    for arm in work.progress(list(WEIGHED), description="networks"):
        drawn = values_of(networks[arm], seeds, (*PURPOSE, settings["seed"], arm)).all()
        # Weights outside a mask are drawn as zeros.
        spectra["initial"][arm] = normalised(
            torch.stack([drawn[name] for name in networks[arm].layers]).numpy()
        )
        kept = xr.DataTree.to_dataset(swept.children["weights"].children[node_name(arm)])
        spectra["trained"][arm] = normalised(kept["weights"].values)
    moved = [
        np.sqrt(((spectra["trained"][arm] - spectra["initial"][arm]) ** 2).mean(axis=(0, 2)))
        for arm in WEIGHED
    ]
    quantiles = [[np.quantile(spectra[when][arm], LEVELS, axis=(0, 2)).T for arm in WEIGHED] for when in WHEN]
    return xr.Dataset(
        {
            "distance": (
                ("when", "pair", "seed"),
                np.array([[distances(spectra[when], *pair) for pair in PAIRS] for when in WHEN]),
            ),
            "moved": (("arm", "seed"), np.stack(moved)),
            "quantile": (("when", "arm", "seed", "level"), np.array(quantiles)),
        },
        coords={
            "when": list(WHEN),
            "first": ("pair", [first for first, _ in PAIRS]),
            "second": ("pair", [second for _, second in PAIRS]),
            "arm": list(WEIGHED),
            "level": LEVELS,
            "seed": list(seeds),
        },
    )


def normalised(weights: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Singular values (..., value), falling, of matrices (..., row, column), over their rms; float64."""
    values = np.linalg.svd(np.asarray(weights, dtype=np.float64), compute_uv=False)
    found: np.ndarray[Any, Any] = values / np.sqrt((values**2).mean(axis=-1, keepdims=True))
    return found


def distances(spectra: Spectra, first: str, second: str) -> np.ndarray[Any, Any]:
    """Mean over layers of the Wasserstein distances (seed,) of one pair of arms."""
    own, other = spectra[first], spectra[second]
    return np.array(
        [
            np.mean([wasserstein_distance(own[layer, seed], other[layer, seed]) for layer in range(len(own))])
            for seed in range(own.shape[1])
        ]
    )
