"""Binary archives of the CIFAR datasets, without pickles: records of label bytes and 3072 pixel bytes."""

import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from widthscope.datasets.catalogue import card
from widthscope.datasets.download import archive_of, fetch
from widthscope.datasets.settings import Download
from widthscope.errors import DataError

PIXELS = (3, 32, 32)
PIXEL_BYTES = 3 * 32 * 32
LARGEST_TEXT = 10_000


@dataclass(frozen=True)
class Layout:
    """How one of the datasets is laid out in its archive.

    Attributes:
        dataset: name in the catalogue.
        title: for people.
        folder: in the archive.
        train, test: files of images, in order.
        most: images in one file, at most.
        labels: for each label byte of a record the variable's name, the file of its classes' names, and how
            many classes there are.
    """

    dataset: str
    title: str
    folder: str
    train: tuple[str, ...]
    test: tuple[str, ...]
    most: int
    labels: tuple[tuple[str, str, int], ...]

    @property
    def record(self) -> int:
        """Bytes of one image with its labels."""
        return len(self.labels) + PIXEL_BYTES


def prepare(layout: Layout, settings: dict[str, Any], folder: Path) -> xr.Dataset:
    """All images: those to train on, then those for tests.

    Returns:
        ``image`` (sample, channel, row, col), uint8, channels red, green, blue; each label (sample), uint8;
        ``test`` (sample), true for the test images; attributes ``classes``, names of the variable ``label``,
        and ``<label>_classes`` of another.

    Raises:
        DataError: the archive cannot be fetched, differs from its checksum, or has another layout.
    """
    archive = archive_of(card(layout.dataset), Download.model_validate(settings))
    path = fetch(archive, folder)
    try:
        with tarfile.open(path, "r:gz") as tar:
            parts = {name: _records(tar, layout, name, path) for name in (*layout.train, *layout.test)}
            classes = {
                label: _member(tar, layout, file, path, LARGEST_TEXT).decode("ascii").split()
                for label, file, _ in layout.labels
            }
    except (tarfile.TarError, EOFError, zlib.error, OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not a {layout.title} archive: {error}") from None
    for label, file, count in layout.labels:
        if len(classes[label]) != count:
            raise DataError(f"{path} names {len(classes[label])} classes in {file}, not {count}")
    records = np.concatenate(list(parts.values()))
    tested = np.repeat([name in layout.test for name in parts], [len(part) for part in parts.values()])
    pixels = records[:, len(layout.labels) :].reshape(-1, *PIXELS)
    labels = {label: ("sample", records[:, place]) for place, (label, _, _) in enumerate(layout.labels)}
    names = {"classes" if label == "label" else f"{label}_classes": found for label, found in classes.items()}
    return xr.Dataset(
        {"image": (("sample", "channel", "row", "col"), pixels), **labels, "test": ("sample", tested)},
        attrs={**names, "file": archive.name, **archive.checksums},
    )


def _records(
    tar: tarfile.TarFile, layout: Layout, name: str, path: Path
) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Records (sample, byte) of one file: the labels, then the pixels."""
    content = _member(tar, layout, name, path, layout.most * layout.record)
    if not content or len(content) % layout.record:
        raise DataError(
            f"{path}: {name} has {len(content)} bytes, which is not a number of {layout.record}-byte records"
        )
    records = np.frombuffer(content, dtype=np.uint8).reshape(-1, layout.record)
    for place, (label, _, count) in enumerate(layout.labels):
        if records[:, place].max() >= count:
            raise DataError(
                f"{path}: {name} has the {label} {records[:, place].max()}, but {label}s are 0 to {count - 1}"
            )
    return records


def _member(tar: tarfile.TarFile, layout: Layout, name: str, path: Path, largest: int) -> bytes:
    """Content of one file of the archive, read in memory and never unpacked on disk."""
    try:
        info = tar.getmember(f"{layout.folder}/{name}")
    except KeyError:
        raise DataError(f"{path} has no {layout.folder}/{name}") from None
    file = tar.extractfile(info) if info.isfile() else None
    if file is None or info.size > largest:
        raise DataError(f"{path}: {name} is not a file of at most {largest} bytes")
    return file.read()
