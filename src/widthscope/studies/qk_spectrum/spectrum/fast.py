"""Spectra through small products, head by head against the dense matrix."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr
from numpy.typing import ArrayLike
from scipy.optimize import linear_sum_assignment

from widthscope.attention.gram import FloatArray
from widthscope.spectra import query_key
from widthscope.spectra.token_statistics import streamed_grams, weighted
from widthscope.streams import numpy_generator
from widthscope.studies.qk_spectrum.spectrum.heads import aligned, gaussian
from widthscope.studies.qk_spectrum.spectrum.names import SMALL_PRODUCT
from widthscope.work import Work

KINDS = {"Gaussian": gaussian, "aligned": aligned}
TOKENS_PER_WIDTH = 2
ROUNDING = 50 * float(np.finfo(np.float64).eps)
"""Times the head dimension and the size of the quantity: the tolerance of the theory notes 4."""


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Differences from the dense matrix over the tolerance, and errors of lower precision.

    Args:
        settings: `width`, `head_dim`, `heads` (of each kind), `seed`.
        datasets: none is read.
        work: its progress shows the heads done; all is computed on the CPU in float64.

    Returns:
        `difference` (kind, head, quantity), in units of the tolerance, the last quantity being the singular
        values of the small product, which are not those of W; `precision` (kind, head, storage), the largest
        error of an eigenvalue over the spectral radius with float32 arithmetic and bfloat16 weights.
    """
    width, head_dim, heads = settings["width"], settings["head_dim"], settings["heads"]
    pairs = [(kind, head) for kind in KINDS for head in range(heads)]
    differences: list[dict[str, float]] = []
    errors: list[dict[str, float]] = []
    for kind, head in work.progress(pairs, total=len(pairs), description="heads"):
        generator = numpy_generator(
            "qk_spectrum", "spectrum.fast", settings["seed"], kind, width, head_dim, head
        )
        query, key = KINDS[kind]((head_dim, width), generator)
        tokens = generator.standard_normal((TOKENS_PER_WIDTH * width, width)) * np.geomspace(0.1, 1, width)
        differences.append(dense_differences(query, key, tokens))
        errors.append(precision_errors(query, key))
    shape = (len(KINDS), heads, -1)
    return xr.Dataset(
        {
            "difference": (("kind", "head", "quantity"), _stacked(differences).reshape(shape)),
            "precision": (("kind", "head", "storage"), _stacked(errors).reshape(shape)),
        },
        coords={"kind": list(KINDS), "quantity": list(differences[0]), "storage": list(errors[0])},
        attrs={"width": width, "head_dim": head_dim},
    )


def dense_differences(query: FloatArray, key: FloatArray, tokens: FloatArray) -> dict[str, float]:
    """Largest differences between fast and dense quantities of one head, over 50 eps d_h times their size."""
    head_dim, width = query.shape
    W = query.T @ key / np.sqrt(head_dim)
    covariance = tokens.T @ tokens / len(tokens)
    singular = np.linalg.svd(W, compute_uv=False)
    norm, frobenius = float(singular[0]), float(np.linalg.norm(W))
    fast = query_key.traces(query, key)
    seen = query_key.traces(weighted(query, covariance), weighted(key, covariance))
    streamed = streamed_grams(query, key, np.array_split(tokens, 3)).traces()
    turned = W @ covariance
    size = float(np.linalg.norm(turned)) * float(np.linalg.norm(W.T @ covariance))
    token_traces = (np.trace(turned), np.sum(turned * turned.T), np.sum(turned * (W.T @ covariance).T))
    found_traces = zip(
        *((one.trace, one.trace_of_square, one.frobenius_square) for one in (seen, streamed)), strict=True
    )
    small = np.linalg.svd(query_key.small_product(query, key), compute_uv=False)
    zeros = np.zeros(width - head_dim)
    differences = {
        "eigenvalues": matched_difference(
            np.append(query_key.eigenvalues(query, key), zeros), np.linalg.eigvals(W)
        )
        / norm,
        "trace": abs(float(fast.trace) - float(np.trace(W))) / frobenius,
        "trace of square": abs(float(fast.trace_of_square) - float(np.sum(W * W.T))) / frobenius**2,
        "Frobenius norm": abs(float(fast.frobenius_square) - frobenius**2) / frobenius**2,
        "singular values": _largest(query_key.singular_values(query, key), singular[:head_dim]) / norm,
        "traces with tokens": max(
            float(np.max(np.abs(np.array(found) - dense))) / (size if square else np.sqrt(size))
            for dense, found, square in zip(token_traces, found_traces, (False, True, True), strict=True)
        ),
        SMALL_PRODUCT: _largest(small, singular[:head_dim]) / norm,
    }
    return {name: value / (ROUNDING * head_dim) for name, value in differences.items()}


def precision_errors(query: FloatArray, key: FloatArray) -> dict[str, float]:
    """Largest eigenvalue error over the spectral radius with float32 arithmetic, and from bfloat16
    weights."""
    exact = query_key.eigenvalues(query, key)
    single = (key.astype(np.float32) @ query.astype(np.float32).T) / np.float32(np.sqrt(len(query)))
    rounded = query_key.eigenvalues(_bfloat16(query), _bfloat16(key))
    radius = float(np.abs(exact[0]))
    return {
        "float32 arithmetic": matched_difference(exact, np.linalg.eigvals(single)) / radius,
        "bfloat16 weights": matched_difference(exact, rounded) / radius,
    }


def matched_difference(first: ArrayLike, second: ArrayLike) -> float:
    """Largest |a - b| when two sets of n complex numbers are paired so that the sum of |a - b| is least."""
    distance = np.abs(np.subtract.outer(np.asarray(first), np.asarray(second)))
    rows, columns = linear_sum_assignment(distance)
    return float(distance[rows, columns].max())


def _bfloat16(weights: FloatArray) -> FloatArray:
    return np.asarray(torch.from_numpy(weights).bfloat16().double().numpy(), dtype=np.float64)


def _largest(first: ArrayLike, second: ArrayLike) -> float:
    return float(np.max(np.abs(np.subtract(first, second))))


def _stacked(rows: list[dict[str, float]]) -> FloatArray:
    return np.array([list(row.values()) for row in rows])
