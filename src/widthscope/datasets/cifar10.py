"""CIFAR-10 from its binary version: records of one label and 3072 pixel bytes."""

from pathlib import Path
from typing import Any

import xarray as xr

from widthscope.datasets import cifar_archive
from widthscope.datasets.cifar_archive import Layout

LAYOUT = Layout(
    dataset="cifar10",
    title="CIFAR-10",
    folder="cifar-10-batches-bin",
    train=tuple(f"data_batch_{number}.bin" for number in range(1, 6)),
    test=("test_batch.bin",),
    most=10_000,
    labels=(("label", "batches.meta.txt", 10),),
)


def prepare(settings: dict[str, Any], folder: Path) -> xr.Dataset:
    """The five training batches, then the test batch; see `cifar_archive.prepare`."""
    return cifar_archive.prepare(LAYOUT, settings, folder)
