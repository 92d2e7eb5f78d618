"""CIFAR-100 from small archives in its published binary format."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from tests.datasets.file_server import FileServer
from tests.datasets.small_archives import cifar_archive

from widthscope import datasets
from widthscope.errors import DataError

RECORD = 3074


@pytest.fixture
def records() -> np.ndarray:
    """Five images: coarse label, fine label, pixels."""
    random = np.random.default_rng(3)
    found = random.integers(0, 256, (5, RECORD), dtype=np.uint8)
    found[:, 0], found[:, 1] = random.integers(0, 20, 5), [99, 0, 42, 7, 20]
    return found


@pytest.fixture
def files(records: np.ndarray) -> dict[str, bytes]:
    return {
        "train.bin": records[:3].tobytes(),
        "test.bin": records[3:].tobytes(),
        "coarse_label_names.txt": "\n".join(f"coarse{k}" for k in range(20)).encode(),
        "fine_label_names.txt": ("\n".join(f"fine{k}" for k in range(100)) + "\n").encode(),
    }


def prepared(server: FileServer, files: dict[str, bytes], folder: Path):
    server.content = cifar_archive(files, "cifar-100-binary")
    settings = {
        "url": server.url("cifar-100-binary.tar.gz"),
        "sha256": hashlib.sha256(server.content).hexdigest(),
    }
    return datasets.prepare("cifar100", settings, folder)


def test_images_and_both_labels(
    server: FileServer, tmp_path: Path, files: dict[str, bytes], records: np.ndarray
) -> None:
    cifar = prepared(server, files, tmp_path)
    assert dict(cifar.sizes) == {"sample": 5, "channel": 3, "row": 32, "col": 32}
    np.testing.assert_array_equal(cifar["label"], [99, 0, 42, 7, 20])
    np.testing.assert_array_equal(cifar["coarse_label"], records[:, 0])
    np.testing.assert_array_equal(cifar["test"], [False, False, False, True, True])
    # byte 2 + 1024 c + 32 r + k of a record is channel c, row r, column k
    for channel, row, col in [(0, 0, 0), (1, 2, 3), (2, 31, 31)]:
        pixel = cifar["image"][:, channel, row, col]
        np.testing.assert_array_equal(pixel, records[:, 2 + 1024 * channel + 32 * row + col])
    assert cifar.attrs["classes"][42] == "fine42"
    assert cifar.attrs["coarse_label_classes"][19] == "coarse19"


def test_the_published_checksum_refuses_another_archive(
    server: FileServer, tmp_path: Path, files: dict[str, bytes]
) -> None:
    server.content = cifar_archive(files, "cifar-100-binary")
    with pytest.raises(DataError, match="but must be 03b5dce01913d631647c71ecec9e9cb8; it was thrown away"):
        datasets.prepare("cifar100", {"url": server.url("c.tar.gz")}, tmp_path)


BROKEN = [
    (lambda f: {"test.bin": f["test.bin"]}, "has no cifar-100-binary/train.bin"),
    (
        lambda f: f | {"train.bin": f["train.bin"][:-1]},
        "train.bin has 9221 bytes, which is not a number of 3074-byte records",
    ),
    (
        lambda f: f | {"test.bin": b"\x14\x00" + bytes(3072)},
        "test.bin has the coarse_label 20, but coarse_labels are 0 to 19",
    ),
    (
        lambda f: f | {"test.bin": b"\x00\x64" + bytes(3072)},
        "test.bin has the label 100, but labels are 0 to 99",
    ),
    (lambda f: f | {"fine_label_names.txt": b"cat\n"}, "names 1 classes in fine_label_names.txt, not 100"),
]


@pytest.mark.parametrize(("change", "sentence"), BROKEN)
def test_another_layout_is_refused(change, sentence, server, tmp_path, files) -> None:
    with pytest.raises(DataError) as caught:
        prepared(server, change(files), tmp_path)
    assert sentence in str(caught.value)
