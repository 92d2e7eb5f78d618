"""CIFAR-100 from its binary version: records of a coarse label, a fine label and 3072 pixel bytes."""

from pathlib import Path
from typing import Any

import xarray as xr

from widthscope.datasets import cifar_archive
from widthscope.datasets.cifar_archive import Layout

LAYOUT = Layout(
    dataset="cifar100",
    title="CIFAR-100",
    folder="cifar-100-binary",
    train=("train.bin",),
    test=("test.bin",),
    most=50_000,
    labels=(("coarse_label", "coarse_label_names.txt", 20), ("label", "fine_label_names.txt", 100)),
)


def prepare(settings: dict[str, Any], folder: Path) -> xr.Dataset:
    """Images to train on, then those for tests; ``label`` is the fine one. See `cifar_archive.prepare`."""
    return cifar_archive.prepare(LAYOUT, settings, folder)
