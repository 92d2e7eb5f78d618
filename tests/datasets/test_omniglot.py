"""Omniglot from small archives in its published format."""

import hashlib
import io
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.datasets.file_server import FileServer
from tests.datasets.small_archives import drawing_archive

from widthscope import datasets
from widthscope.datasets.omniglot import coarser
from widthscope.errors import DataError

DRAWINGS = {
    "background": ("Latin/character02/0684_01", "Latin/character01/0683_02", "Greek/character01/0394_01"),
    "evaluation": ("Avesta/character01/1063_20", "Greek/character01/1700_03", "Avesta/character01/1063_03"),
}
"""As stored, in no order; Greek is an alphabet of both parts here, which must not be one."""
SORTED = [
    ("background", "Greek/character01/0394_01"),
    ("background", "Latin/character01/0683_02"),
    ("background", "Latin/character02/0684_01"),
    ("evaluation", "Avesta/character01/1063_03"),
    ("evaluation", "Avesta/character01/1063_20"),
    ("evaluation", "Greek/character01/1700_03"),
]


@pytest.fixture
def ink() -> dict[str, dict[str, np.ndarray]]:
    """Drawings (105, 105), true where there is ink, by part and name in the archive."""
    random = np.random.default_rng(3)
    return {
        part: {f"images_{part}/{name}.png": random.random((105, 105)) < 0.2 for name in names}
        for part, names in DRAWINGS.items()
    }


@pytest.fixture
def servers() -> Iterator[dict[str, FileServer]]:
    with FileServer(b"") as background, FileServer(b"") as evaluation:
        yield {"background": background, "evaluation": evaluation}


def prepared(servers: dict[str, FileServer], contents: dict[str, bytes], folder: Path, side: int = 105):
    settings = {"side": side}
    for part, content in contents.items():
        servers[part].content = content
        settings[part] = {
            "url": servers[part].url("x.zip"),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
    return datasets.prepare("omniglot", settings, folder)


def test_drawings_are_sorted_and_ink_is_what_counts(servers, tmp_path: Path, ink) -> None:
    contents = {part: drawing_archive(drawings) for part, drawings in ink.items()}
    omniglot = prepared(servers, contents, tmp_path)
    assert dict(omniglot.sizes) == {"sample": 6, "row": 105, "col": 105}
    for sample, (part, name) in enumerate(SORTED):
        np.testing.assert_array_equal(omniglot["image"][sample], 255 * ink[part][f"images_{part}/{name}.png"])
    assert omniglot["part"].values.tolist() == [0, 0, 0, 1, 1, 1]
    assert omniglot["label"].values.tolist() == [0, 1, 2, 3, 3, 4]
    assert omniglot["alphabet"].values.tolist() == [0, 1, 1, 2, 2, 3]
    assert omniglot["drawer"].values.tolist() == [1, 2, 1, 3, 20, 3]
    assert omniglot.attrs["alphabets"] == ["Greek", "Latin", "Avesta", "Greek"]
    assert omniglot.attrs["parts"] == ["background", "evaluation"]
    assert omniglot.attrs["sha256"].split() == [hashlib.sha256(c).hexdigest() for c in contents.values()]
    assert omniglot.attrs["licence"].startswith("MIT")


def test_a_coarser_grid_averages_what_each_cell_covers(servers, tmp_path: Path, ink) -> None:
    contents = {part: drawing_archive(drawings) for part, drawings in ink.items()}
    image = prepared(servers, contents, tmp_path, side=32)["image"]
    assert image.shape == (6, 32, 32)
    assert image.dtype == np.uint8
    for sample, (part, name) in enumerate(SORTED):
        # every pixel as 32 by 32 points, every cell as 105 by 105 of them: cells and pixels split exactly
        points = np.kron(ink[part][f"images_{part}/{name}.png"], np.ones((32, 32)))
        cells = points.reshape(32, 105, 32, 105).mean((1, 3))
        assert np.abs(image[sample].values - 255 * cells).max() <= 0.5 + 1e-9


def test_a_grid_that_divides_the_pixels_and_degenerate_drawings() -> None:
    ink = np.stack([np.zeros((105, 105)), np.ones((105, 105)), np.eye(105)]).astype(np.uint8)
    for side in (1, 21, 105):
        averaged = coarser(ink, side)
        assert averaged.shape == (3, side, side)
        assert not averaged[0].any()
        assert (averaged[1] == 255).all()
    np.testing.assert_array_equal(coarser(ink, 21)[2], 51 * np.eye(21))  # 5 of 25 pixels have ink
    np.testing.assert_array_equal(coarser(ink, 105), 255 * ink)


def test_the_published_checksums_refuse_other_archives(servers, tmp_path: Path, ink) -> None:
    for part, server in servers.items():
        server.content = drawing_archive(ink[part])
    urls = {part: {"url": server.url("o.zip")} for part, server in servers.items()}
    with pytest.raises(DataError, match="but must be 68d2efa1b9178cc56df9314c21c6e718; it was thrown away"):
        datasets.prepare("omniglot", urls, tmp_path)


def written(name: str, content: bytes, *more: str) -> bytes:
    """An archive whose members have this content; `more` may name one again."""
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w") as archive:
        warnings.filterwarnings("ignore", "Duplicate name")
        for member in (name, *more):
            archive.writestr(member, content)
    return buffer.getvalue()


def marked(content: bytes, offset: int, value: int) -> bytes:
    """An archive with another two-byte number at this offset of its member's header, in both places."""
    changed = bytearray(content)
    for signature, further in ((b"PK\3\4", 0), (b"PK\1\2", 2)):
        struct.pack_into("<H", changed, changed.index(signature) + offset + further, value)
    return bytes(changed)


def png(shape: tuple[int, int]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.ones(shape, dtype=bool)).save(buffer, "PNG")
    return buffer.getvalue()


def claiming(side: int) -> bytes:
    """A few bytes that say they are a drawing of `side` by `side` pixels."""
    content = bytearray(png((1, 1)))
    struct.pack_into(">II", content, 16, side, side)
    struct.pack_into(">I", content, 29, zlib.crc32(content[12:29]))
    return bytes(content)


NAME = "images_evaluation/Avesta/character01/1063_03.png"
BROKEN = {
    "no zip": (b"not a zip", "is not an Omniglot archive: File is not a zip file"),
    "the other part": (written(NAME.replace("evaluation", "background"), b""), "has no images_evaluation/"),
    "no drawing": (written(NAME, b"no picture"), "is not an Omniglot archive: cannot identify image file"),
    "half a drawing": (written(NAME, png((105, 105))[:60]), "is not an Omniglot archive: "),
    "another size": (
        written(NAME, png((28, 105))),
        f"{NAME} is 105 by 28 pixels, but drawings are 105 by 105",
    ),
    "encrypted": (marked(written(NAME, png((105, 105))), 6, 1), f"{NAME} is encrypted"),
    "unknown compression": (
        marked(written(NAME, png((105, 105))), 8, 99),
        f"{NAME} has compression method 99, which cannot be read here",
    ),
    "a bomb": (
        written(NAME, claiming(60_000)),
        f"{NAME} has far more pixels than the 105 by 105 of a drawing",
    ),
    "a smaller bomb": (
        written(NAME, claiming(11_000)),
        f"{NAME} has far more pixels than the 105 by 105 of a drawing",
    ),
    "one member twice": (
        written(NAME, png((105, 105)), NAME),
        f"has two drawings of character 01 of Avesta by drawer 03, {NAME} and {NAME}: there may be one",
    ),
    "one drawer twice": (
        written(NAME, png((105, 105)), NAME.replace("1063", "1064")),
        f"has two drawings of character 01 of Avesta by drawer 03, {NAME} and ",
    ),
    "too large": (written(NAME, bytes(2**16 + 1)), f"{NAME} is larger than 65536 bytes"),
}


@pytest.mark.parametrize(("content", "sentence"), BROKEN.values(), ids=BROKEN)
def test_another_layout_is_refused(content: bytes, sentence: str, servers, tmp_path: Path, ink) -> None:
    contents = {"background": drawing_archive(ink["background"]), "evaluation": content}
    with pytest.raises(DataError, match=re.escape(sentence)) as caught:
        prepared(servers, contents, tmp_path)
    assert str(tmp_path / "omniglot-images_evaluation.zip") in str(caught.value)
