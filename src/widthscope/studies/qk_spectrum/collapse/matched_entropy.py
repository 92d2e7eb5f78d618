"""Token diversity of concentrated and of spread spectra whose attention has the same entropy."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from scipy.optimize import brentq

from widthscope.progress import Progress
from widthscope.streams import numpy_generator
from widthscope.studies.qk_spectrum.collapse.diagonal_head import (
    LAWS,
    Floats,
    diversity_kept,
    entropy,
    normal_spectrum,
    sequences,
)

STRENGTH_TOLERANCE = 1e-9
"""Of the root, in units of the eigenvalues; entropies then match to about this number as well."""


def table(settings: Mapping[str, Any], progress: Progress) -> xr.Dataset:
    """Strengths at which each spectrum reaches each entropy, and the token diversity there, by seed.

    Three spectra, each of one parameter, its strength: `concentrated`, all eigenvalues equal to m; `spread`,
    mean 0 and standard deviation s; `mirrored`, the spread spectrum with its eigenvectors in the opposite
    order.

    Args:
        settings: `width`, `tokens`, `sequences`, `seeds`, `entropies`, `seed`.
        progress: wraps the loop over seeds.

    Returns:
        `strength`, `entropy` (found), `residual` over (law, spectrum, target, seed); `uniform_residual` (law,
        seed) without scores; `equal_strength` (law, target, seed), the entropy of the spread spectrum at the
        strength of the concentrated one.
    """
    width, targets = settings["width"], np.array(sorted(settings["entropies"], reverse=True))
    shape = normal_spectrum(width)
    spectra = {"concentrated": np.ones(width), "spread": shape, "mirrored": -shape}
    sizes = (len(LAWS), len(spectra), len(targets), settings["seeds"])
    strength, residual, reached = (np.empty(sizes) for _ in range(3))
    uniform, equal = np.empty((sizes[0], sizes[3])), np.empty((sizes[0], sizes[2], sizes[3]))
    for seed in progress(range(settings["seeds"]), total=settings["seeds"], description="matched entropy"):
        for i, law in enumerate(LAWS):
            names = ("qk_spectrum", "collapse", "matched entropy", law, settings["seed"], width)
            generator = numpy_generator(*names, settings["tokens"], seed)
            tokens = sequences(law, settings["sequences"], settings["tokens"], width, generator)
            uniform[i, seed] = diversity_kept(tokens, np.zeros(width))
            for j, eigenvalues in enumerate(spectra.values()):
                strength[i, j, :, seed] = strengths(tokens, eigenvalues, targets)
                for k, found in enumerate(strength[i, j, :, seed]):
                    reached[i, j, k, seed] = entropy(tokens, found * eigenvalues)
                    residual[i, j, k, seed] = diversity_kept(tokens, found * eigenvalues)
            equal[i, :, seed] = [entropy(tokens, found * shape) for found in strength[i, 0, :, seed]]
    dims = ("law", "spectrum", "target", "seed")
    return xr.Dataset(
        {
            "strength": (dims, strength),
            "entropy": (dims, reached),
            "residual": (dims, residual),
            "uniform_residual": (("law", "seed"), uniform),
            "equal_strength": (("law", "target", "seed"), equal),
        },
        coords={
            "law": np.array(LAWS, dtype=np.str_),
            "spectrum": np.array(list(spectra), dtype=np.str_),
            "target": targets,
            "seed": np.arange(settings["seeds"]),
        },
        attrs={"sequences": settings["sequences"], "tokens": settings["tokens"], "width": width},
    )


def strengths(tokens: Floats, eigenvalues: Floats, targets: Floats) -> Floats:
    """Factors of the eigenvalues at which the attention entropy reaches each target, by bracketing.

    From strength 0, where the entropy is 1, the bracket doubles until the entropy is below the target; each
    target starts from the root of the one before.

    Args:
        tokens: (count, T, d) sequences.
        eigenvalues: (d,) at strength 1, not all zero.
        targets: entropies over log T, decreasing, in (0, 1).
    """
    low, roots = 0.0, np.empty(len(targets))
    for k, target in enumerate(targets):
        high = max(1.5 * low, 0.25)
        while entropy(tokens, high * eigenvalues) > target:
            low, high = high, 1.5 * high
        roots[k] = low = _root(tokens, eigenvalues, float(target), low, high)
    return roots


def _root(tokens: Floats, eigenvalues: Floats, target: float, low: float, high: float) -> float:
    def excess(strength: float) -> float:
        return entropy(tokens, strength * eigenvalues) - target

    return float(brentq(excess, low, high, xtol=STRENGTH_TOLERANCE))
