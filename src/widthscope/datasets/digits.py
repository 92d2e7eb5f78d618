"""Handwritten digits of scikit-learn: real data that needs no network."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from sklearn.datasets import load_digits

from widthscope.datasets.catalogue import card
from widthscope.datasets.settings import Digits
from widthscope.errors import DataError


def prepare(settings: dict[str, Any], folder: Path) -> xr.Dataset:
    """The 1797 images and their labels.

    Returns:
        ``image`` (sample, row, col), uint8 from 0 to 16, and ``label`` (sample), uint8 from 0 to 9; the
        attribute ``sha256`` is that of the bytes of the images followed by those of the labels.

    Raises:
        DataError: scikit-learn brings other images than the catalogue's.
    """
    Digits.model_validate(settings)
    bunch = load_digits()
    image, label = bunch.images.astype(np.uint8), bunch.target.astype(np.uint8)
    found = hashlib.sha256(image.tobytes() + label.tobytes()).hexdigest()
    if found != card("digits").sha256:
        raise DataError(
            f"the digits that scikit-learn brings have sha256 {found}, not {card('digits').sha256} as in the "
            "catalogue; install the version of scikit-learn in the lock file"
        )
    return xr.Dataset(
        {"image": (("sample", "row", "col"), image), "label": ("sample", label)},
        attrs={"sha256": found},
    )
