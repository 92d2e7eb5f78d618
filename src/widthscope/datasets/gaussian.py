"""Independent standard normal inputs, the data of the width-limit theorems themselves."""

import hashlib
from pathlib import Path
from typing import Any

import xarray as xr

from widthscope.datasets.settings import Gaussian
from widthscope.streams import numpy_generator


def prepare(settings: dict[str, Any], folder: Path) -> xr.Dataset:
    """Inputs from a stream of their own, keyed by the seed and the dimension.

    Returns:
        ``input`` (sample, feature), float64; with more samples the first ones stay the same.
    """
    settings = dict(settings)
    seed = settings.pop("seed", 0)
    sizes = Gaussian.model_validate(settings)
    stream = numpy_generator("datasets", "gaussian", seed, sizes.features)
    inputs = stream.standard_normal((sizes.samples, sizes.features))
    digest = hashlib.sha256(inputs.astype("<f8").tobytes()).hexdigest()
    return xr.Dataset({"input": (("sample", "feature"), inputs)}, attrs={"sha256": digest, "seed": seed})
