"""CIFAR-10 from its binary version, which holds no pickles: records of one label and 3072 pixel bytes."""

import tarfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from widthscope.datasets.catalogue import card
from widthscope.datasets.download import archive_of, fetch
from widthscope.datasets.settings import Download
from widthscope.errors import DataError

FOLDER = "cifar-10-batches-bin"
TRAIN = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
TEST = ("test_batch.bin",)
CLASSES = 10
PIXELS = (3, 32, 32)
RECORD = 1 + 3 * 32 * 32
LARGEST_BATCH = 10_000 * RECORD


def prepare(settings: dict[str, Any], folder: Path) -> xr.Dataset:
    """All images: the five training batches, then the test batch.

    Returns:
        ``image`` (sample, channel, row, col), uint8, channels red, green, blue; ``label`` (sample), uint8;
        ``test`` (sample), true in the test batch; attribute ``classes``, the labels' names.

    Raises:
        DataError: the archive cannot be fetched, differs from its checksum, or has another layout.
    """
    archive = archive_of(card("cifar10"), Download.model_validate(settings))
    path = fetch(archive, folder)
    try:
        with tarfile.open(path, "r:gz") as tar:
            batches = {name: _batch(tar, name, path) for name in (*TRAIN, *TEST)}
            classes = _member(tar, "batches.meta.txt", path, 1000).decode("ascii").split()
    except (tarfile.TarError, EOFError, zlib.error, OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not a CIFAR-10 archive: {error}") from None
    if len(classes) != CLASSES:
        raise DataError(f"{path} names {len(classes)} classes in batches.meta.txt, not {CLASSES}")
    records = np.concatenate(list(batches.values()))
    tested = np.repeat([name in TEST for name in batches], [len(batch) for batch in batches.values()])
    return xr.Dataset(
        {
            "image": (("sample", "channel", "row", "col"), records[:, 1:].reshape(-1, *PIXELS)),
            "label": ("sample", records[:, 0]),
            "test": ("sample", tested),
        },
        attrs={"classes": classes, "file": archive.name, **archive.checksums},
    )


def _batch(tar: tarfile.TarFile, name: str, path: Path) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Records (sample, 3073) of one batch: the label, then the pixels."""
    content = _member(tar, name, path, LARGEST_BATCH)
    if not content or len(content) % RECORD:
        raise DataError(
            f"{path}: {name} has {len(content)} bytes, which is not a number of {RECORD}-byte records"
        )
    records = np.frombuffer(content, dtype=np.uint8).reshape(-1, RECORD)
    if records[:, 0].max() >= CLASSES:
        raise DataError(
            f"{path}: {name} has the label {records[:, 0].max()}, but labels are 0 to {CLASSES - 1}"
        )
    return records


def _member(tar: tarfile.TarFile, name: str, path: Path, largest: int) -> bytes:
    """Content of one file of the archive, read in memory and never unpacked on disk."""
    try:
        info = tar.getmember(f"{FOLDER}/{name}")
    except KeyError:
        raise DataError(f"{path} has no {FOLDER}/{name}") from None
    file = tar.extractfile(info) if info.isfile() else None
    if file is None or info.size > largest:
        raise DataError(f"{path}: {name} is not a file of at most {largest} bytes")
    return file.read()
