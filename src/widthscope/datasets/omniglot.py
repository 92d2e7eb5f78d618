"""Omniglot from its two archives of black-and-white drawings, as ink on a grid of a chosen size."""

import lzma
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from PIL import Image

from widthscope.datasets.catalogue import card
from widthscope.datasets.download import archive_of, fetch
from widthscope.datasets.settings import Download, Omniglot
from widthscope.errors import DataError

Bytes = np.ndarray[Any, np.dtype[np.uint8]]

PARTS = ("background", "evaluation")
SIDE = 105
BLACK = 128  # of 256 shades of grey: darker is ink
LARGEST = 2**16
ENCRYPTED = 1  # bit of a member's flags
BLOCK = 250
DRAWING = re.compile(r"images_(?:background|evaluation)/([^/]+)/character(\d\d)/\d+_(\d\d)\.png")
Named = tuple[str, int, int]
"""Alphabet, number of the character in it, drawer."""


def prepare(settings: dict[str, Any], folder: Path) -> xr.Dataset:
    """All drawings: those of the background set, then those of the evaluation set.

    The published images are black ink on white paper; here ink is what counts, so that an empty corner is
    zero. Sorted by part, alphabet, character and drawer.

    Returns:
        ``image`` (sample, row, col), uint8, the share of ink in each cell, 0 to 255; ``label`` (sample), the
        character's number among those of both parts; ``alphabet`` (sample), the alphabet's; ``drawer``
        (sample), 1 to 20 (the n-th drawers of two alphabets need not be one person); ``part`` (sample), 0
        background and 1 evaluation; attributes ``alphabets`` and ``parts``, their names, and the sha256 of
        the archives.

    Raises:
        DataError: an archive cannot be fetched, differs from its checksum, or has another layout.
    """
    chosen = Omniglot.model_validate(settings)
    found = {part: _archive(part, getattr(chosen, part), folder) for part in PARTS}
    inked = [_ink(path, part, chosen.side) for part, (path, _) in found.items()]
    names = [name for part in inked for name in part[1]]  # of every drawing
    part_of = np.repeat(np.arange(len(PARTS), dtype=np.uint8), [len(part[1]) for part in inked])
    where = list(zip(part_of.tolist(), (name[0] for name in names), strict=True))
    characters = list(zip(where, (name[1] for name in names), strict=True))
    alphabets = sorted(set(where))
    return xr.Dataset(
        {
            "image": (("sample", "row", "col"), np.concatenate([part[0] for part in inked])),
            "label": ("sample", _numbers(characters)),
            "alphabet": ("sample", _numbers(where)),
            "drawer": ("sample", np.array([name[2] for name in names], dtype=np.uint8)),
            "part": ("sample", part_of),
        },
        attrs={
            "alphabets": [name for _, name in alphabets],
            "parts": list(PARTS),
            "sha256": " ".join(checksum for _, checksum in found.values()),
        },
    )


def _archive(part: str, settings: Download, folder: Path) -> tuple[Path, str]:
    """The verified archive of a part, and its sha256."""
    archive = archive_of(card("omniglot"), settings, part)
    return fetch(archive, folder), archive.checksums["sha256"]


def _numbers(keys: list[Any]) -> np.ndarray[Any, np.dtype[np.int32]]:
    """The rank of every key among the different ones."""
    ranks = {key: rank for rank, key in enumerate(sorted(set(keys)))}
    return np.array([ranks[key] for key in keys], dtype=np.int32)


def _ink(path: Path, part: str, side: int) -> tuple[Bytes, list[Named]]:
    """Ink (sample, side, side) of an archive's drawings, with the name of each."""
    blocks = []
    try:
        with zipfile.ZipFile(path) as archive:
            drawings = sorted(_drawings(archive, part), key=lambda drawing: drawing[0])
            for (name, first), (next_name, second) in pairwise(drawings):
                if name == next_name:
                    raise DataError(
                        f"{path} has two drawings of character {name[1]:02d} of {name[0]} by drawer "
                        f"{name[2]:02d}, {first.filename} and {second.filename}: there may be one"
                    )
            for start in range(0, len(drawings), BLOCK):
                block = [_drawing(archive, info, path) for _, info in drawings[start : start + BLOCK]]
                blocks.append(coarser(np.stack(block), side))
    except (
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        OSError,
        EOFError,
        SyntaxError,
        ValueError,
    ) as error:
        raise DataError(f"{path} is not an Omniglot archive: {error}") from None
    if not blocks:
        raise DataError(f"{path} has no images_{part}/<alphabet>/character<number>/<number>_<drawer>.png")
    return np.concatenate(blocks), [name for name, _ in drawings]


def _drawings(archive: zipfile.ZipFile, part: str) -> Iterator[tuple[Named, zipfile.ZipInfo]]:
    for info in archive.infolist():
        found = DRAWING.fullmatch(info.filename)
        if found and info.filename.startswith(f"images_{part}/"):
            yield (found[1], int(found[2]), int(found[3])), info


def _drawing(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> Bytes:
    """Ink of one drawing (105, 105), 0 or 1, read in memory and never unpacked on disk."""
    where = f"{path}: {info.filename}"
    if info.file_size > LARGEST:
        raise DataError(f"{where} is larger than {LARGEST} bytes")
    if info.flag_bits & ENCRYPTED:
        raise DataError(f"{where} is encrypted, but the published archives are not")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with archive.open(info) as file, Image.open(file, formats=["PNG"]) as image:
                if image.size != (SIDE, SIDE):
                    shape = " by ".join(map(str, image.size))
                    raise DataError(f"{where} is {shape} pixels, but drawings are {SIDE} by {SIDE}")
                return (np.asarray(image.convert("L")) < BLACK).astype(np.uint8)
    except NotImplementedError:
        raise DataError(
            f"{where} has compression method {info.compress_type}, which cannot be read here"
        ) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise DataError(f"{where} has far more pixels than the {SIDE} by {SIDE} of a drawing") from None


def coarser(ink: Bytes, side: int) -> Bytes:
    """Drawings on a coarser grid, the ink of every cell averaged over the part of each pixel that it covers.

    Args:
        ink: (sample, pixels, pixels), 0 or 1.
        side: cells along each side, at most as many as the pixels.

    Returns:
        (sample, side, side), uint8: 255 times the share of ink, to the nearest whole number.
    """
    pixels = ink.shape[-1]
    edges = np.arange(side + 1) * (pixels / side)
    pixel = np.arange(pixels)
    covered = np.minimum(edges[1:, None], pixel + 1) - np.maximum(edges[:-1, None], pixel)
    shares = covered.clip(0) * (side / pixels)  # (side, pixels), rows sum to one
    averaged: Bytes = np.rint(255 * (shares @ ink @ shares.T)).astype(np.uint8)
    return averaged
