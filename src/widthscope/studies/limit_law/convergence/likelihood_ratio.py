"""Held-out log-likelihood of the limit law against the Gaussian law of infinitely many heads, draw by draw.

One head, orthonormal tokens. The limit law of m coordinates is a mixture over draws of the conditional
covariance, the same for all coordinates of a draw; a finite mixture only loses likelihood, so the comparison
is against it.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr
from scipy.special import logsumexp

from widthscope.attention.gram import FloatArray
from widthscope.attention.sampling import chunks, normals, sample_finite, sample_limit
from widthscope.attention.softmax_moments import softmax_moments
from widthscope.streams import torch_generator
from widthscope.work import Work

TOKENS = 4
CHUNK = 250
SOURCES = ("layer", "gaussian")


def run(settings: dict[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Moments over held-out draws of the log-ratio log p_limit(y) - log p_gaussian(y), in nats.

    Args:
        settings: width, mixture (draws), held_out (draws), coordinates, seed.
        datasets: none is read.
        work: its progress shows the chunks done; its device is not used, as the sizes are small.

    Returns:
        `mean` and `deviation` over draws (source, coordinates), the source being the finite layer or the
        Gaussian law.
    """
    seed, coordinates = settings["seed"], settings["coordinates"]
    covariances = _covariances(settings["mixture"], torch_generator("limit_law", "likelihood mixture", seed))
    kernel = gaussian_kernel()
    tasks = [(source, size) for source in SOURCES for size in chunks(settings["held_out"], CHUNK)]
    generators = {source: torch_generator("limit_law", "likelihood", seed, source) for source in SOURCES}
    sums = {source: np.zeros((2, len(coordinates))) for source in SOURCES}
    for source, size in work.progress(tasks, total=len(tasks), description="held-out draws"):
        y = _held_out(source, size, max(coordinates), settings["width"], kernel, generators[source])
        for column, m in enumerate(coordinates):
            ratio = mixture_log_density(y[:, :, :m], covariances) - gaussian_log_density(y[:, :, :m], kernel)
            sums[source][:, column] += ratio.sum(), np.square(ratio).sum()
    count = settings["held_out"]
    mean = np.stack([sums[source][0] / count for source in SOURCES])
    square = np.stack([sums[source][1] / count for source in SOURCES])
    deviation = np.sqrt((square - mean**2) * count / (count - 1))
    dims = ("source", "coordinates")
    return xr.Dataset(
        {"mean": (dims, mean), "deviation": (dims, deviation)},
        coords={"source": list(SOURCES), "coordinates": list(coordinates)},
        attrs={"held_out": count, "mixture": settings["mixture"], "width": settings["width"]},
    )


def gaussian_kernel() -> FloatArray:
    """E Σ for K = I: m2 on the diagonal and 1/s elsewhere (theory notes 3.5)."""
    kernel = np.full((TOKENS, TOKENS), 1 / TOKENS)
    np.fill_diagonal(kernel, softmax_moments(TOKENS, 1.0).m2)
    return kernel


def gaussian_log_density(y: FloatArray, covariance: FloatArray) -> FloatArray:
    """log density of m independent coordinates N(0, C) across tokens, y (N, s, m) -> (N,)."""
    return _log_densities(y, covariance[None])[:, 0]


def mixture_log_density(y: FloatArray, covariances: FloatArray) -> FloatArray:
    """log of the mean over k of the density of m coordinates N(0, Σ_k) that share k, y (N, s, m) -> (N,)."""
    return np.asarray(logsumexp(_log_densities(y, covariances), axis=1) - np.log(len(covariances)))


def _log_densities(y: FloatArray, covariances: FloatArray) -> FloatArray:
    """log N(y; 0, Σ_k) summed over coordinates, (N, M), by Σ_α y_αᵀ Σ⁻¹ y_α = tr(Σ⁻¹ Y Yᵀ)."""
    coordinates = y.shape[2]
    _, log_determinants = np.linalg.slogdet(covariances)
    products = (y @ y.transpose(0, 2, 1)).reshape(len(y), -1)
    quadratic = products @ np.linalg.inv(covariances).reshape(len(covariances), -1).T
    normalisation = coordinates * (log_determinants + y.shape[1] * np.log(2 * np.pi))
    return np.asarray(-0.5 * (quadratic + normalisation))


def _covariances(draws: int, generator: torch.Generator) -> FloatArray:
    """Conditional covariances of the limit law, (M, s, s)."""
    return np.asarray(sample_limit(np.eye(TOKENS), 1, draws, 0, generator).covariance.numpy())


def _held_out(
    source: str, draws: int, coordinates: int, width: int, kernel: FloatArray, generator: torch.Generator
) -> FloatArray:
    """Outputs (N, s, m) of the layer of finite width, or of the Gaussian law."""
    if source == "gaussian":
        root = torch.from_numpy(np.linalg.cholesky(kernel))
        return np.asarray((root @ normals((draws, TOKENS, coordinates), generator)).numpy())
    layer = sample_finite(np.eye(TOKENS), 1, width, width, draws, coordinates, generator)
    assert layer.outputs is not None
    return np.asarray(layer.outputs.numpy())
