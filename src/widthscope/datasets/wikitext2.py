"""WikiText-2 as numbers: the word-level text, its vocabulary, and an end mark at each line's end."""

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from widthscope.datasets.catalogue import card
from widthscope.datasets.download import archive_of, fetch
from widthscope.datasets.settings import Download
from widthscope.errors import DataError

SPLITS = ("train", "valid", "test")
END = "<eos>"
LARGEST = 64 * 2**20


def prepare(settings: dict[str, Any], folder: Path) -> xr.Dataset:
    """The three parts of the text, word by word.

    Words are what stands between spaces; every line, empty ones too, ends in ``<eos>``. The vocabulary
    is in the order of first appearance in train, then valid, then test, as in the usual benchmark code.

    Returns:
        ``train``, ``valid`` and ``test``, int32, each with its own dimension; ``vocabulary`` (byte), uint8:
        the words in UTF-8, one a line (see `vocabulary`).

    Raises:
        DataError: the archive cannot be fetched, differs from its checksum, or has another layout.
    """
    archive = archive_of(card("wikitext2"), Download.model_validate(settings))
    path = fetch(archive, folder)
    numbers: dict[str, int] = {}
    parts = {}
    for split, text in zip(SPLITS, _texts(path), strict=True):
        words = (word for line in text.split("\n")[:-1] for word in (*line.split(), END))
        ids = np.fromiter((numbers.setdefault(word, len(numbers)) for word in words), dtype=np.int32)
        if not len(ids):
            raise DataError(f"{path}: the {split} part is empty")
        parts[split] = (f"{split}_position", ids)
    listing = np.frombuffer("".join(f"{word}\n" for word in numbers).encode(), dtype=np.uint8)
    return xr.Dataset(
        {**parts, "vocabulary": ("byte", listing)},
        attrs={"words": len(numbers), "file": archive.name, **archive.checksums},
    )


def vocabulary(dataset: xr.Dataset) -> list[str]:
    """The words of a prepared dataset, by number."""
    return bytes(dataset["vocabulary"].values).decode().split("\n")[:-1]


def _texts(path: Path) -> list[str]:
    """The three texts, read in memory and never unpacked on disk."""
    texts = []
    try:
        with zipfile.ZipFile(path) as archive:
            for split in SPLITS:
                info = archive.getinfo(f"wikitext-2/wiki.{split}.tokens")
                if info.file_size > LARGEST:
                    raise DataError(f"{path}: {info.filename} is larger than {LARGEST} bytes")
                texts.append(archive.read(info).decode("utf-8"))
    except KeyError:
        raise DataError(f"{path} has no wikitext-2/wiki.{split}.tokens") from None
    except (zipfile.BadZipFile, zlib.error, OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not a WikiText-2 archive: {error}") from None
    return texts
