"""Images of classes that are known: a smooth random template of each class, shifted, beneath noise."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from widthscope.datasets.settings import Templates
from widthscope.streams import numpy_generator


def prepare(settings: dict[str, Any], folder: Path) -> xr.Dataset:
    """Images from streams of their own, keyed by the seed and the shape; classes take turns.

    Returns:
        ``image`` (sample, row, col), float64, and ``label`` (sample), with ``template`` (class, row, col) of
        mean 0 and variance 1; with more samples the first ones stay the same.
    """
    settings = dict(settings)
    seed = settings.pop("seed", 0)
    sizes = Templates.model_validate(settings)

    def stream(purpose: str) -> np.random.Generator:
        return numpy_generator("datasets", "templates", purpose, seed, sizes.classes, sizes.side)

    template = _smooth(stream("template").standard_normal((sizes.classes, sizes.side, sizes.side)))
    label = np.arange(sizes.samples) % sizes.classes
    shift = stream("shift").integers(-sizes.shift, sizes.shift, (sizes.samples, 2), endpoint=True)
    image = np.stack([np.roll(template[k], by, axis=(0, 1)) for k, by in zip(label, shift, strict=True)])
    image += sizes.noise * stream("noise").standard_normal(image.shape)
    digest = hashlib.sha256(image.astype("<f8").tobytes()).hexdigest()
    return xr.Dataset(
        {
            "image": (("sample", "row", "col"), image),
            "label": ("sample", label),
            "template": (("class", "row", "col"), template),
        },
        attrs={"sha256": digest, "seed": seed},
    )


def _smooth(fields: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fields (class, row, col) on a torus after a Gaussian filter of one pixel, of mean 0, variance 1."""
    frequency = 2 * np.pi * np.fft.fftfreq(fields.shape[-1])
    passed = np.exp(-(frequency[:, None] ** 2 + frequency**2) / 2)
    filtered = np.fft.ifft2(np.fft.fft2(fields) * passed).real
    centred = filtered - filtered.mean((1, 2), keepdims=True)
    smooth: NDArray[np.float64] = centred / centred.std((1, 2), keepdims=True)
    return smooth
