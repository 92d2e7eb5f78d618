"""CIFAR-10 from small archives in its published binary format."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from tests.datasets.file_server import FileServer
from tests.datasets.small_archives import CLASSES, cifar_archive

from widthscope import datasets
from widthscope.errors import DataError


def prepared(server: FileServer, content: bytes, folder: Path):
    server.content = content
    settings = {"url": server.url("cifar-10-binary.tar.gz"), "sha256": hashlib.sha256(content).hexdigest()}
    return datasets.prepare("cifar10", settings, folder)


def test_images_labels_and_parts(
    server: FileServer, tmp_path: Path, cifar_files: dict[str, bytes], cifar_records: np.ndarray
) -> None:
    content = cifar_archive(cifar_files)
    cifar = prepared(server, content, tmp_path)
    assert dict(cifar.sizes) == {"sample": 18, "channel": 3, "row": 32, "col": 32}
    records = cifar_records.reshape(18, 3073)
    np.testing.assert_array_equal(cifar["label"], records[:, 0])
    # byte 1 + 1024 c + 32 r + k of a record is channel c, row r, column k
    for channel, row, col in [(0, 0, 0), (1, 2, 3), (2, 31, 31)]:
        pixel = cifar["image"][:, channel, row, col]
        np.testing.assert_array_equal(pixel, records[:, 1 + 1024 * channel + 32 * row + col])
    np.testing.assert_array_equal(cifar["test"], np.arange(18) >= 15)
    assert cifar.attrs["classes"] == list(CLASSES)
    assert cifar.attrs["sha256"] == hashlib.sha256(content).hexdigest()
    assert cifar.attrs["source"] == "https://www.cs.toronto.edu/~kriz/cifar.html"
    assert "licence" in cifar.attrs


def test_the_published_checksum_refuses_another_archive(
    server: FileServer, tmp_path: Path, cifar_files: dict[str, bytes]
) -> None:
    server.content = cifar_archive(cifar_files)
    with pytest.raises(DataError, match="but must be c32a1d4ab5d03f1284b67883e8d87530; it was thrown away"):
        datasets.prepare("cifar10", {"url": server.url("c.tar.gz")}, tmp_path)


def without(files: dict[str, bytes], name: str) -> dict[str, bytes]:
    return {key: value for key, value in files.items() if key != name}


BROKEN = [
    (lambda f: without(f, "data_batch_3.bin"), "has no cifar-10-batches-bin/data_batch_3.bin"),
    (
        lambda f: f | {"data_batch_2.bin": f["data_batch_2.bin"][:-1]},
        "data_batch_2.bin has 9218 bytes, which is not a number of 3073-byte records",
    ),
    (lambda f: f | {"test_batch.bin": b""}, "test_batch.bin has 0 bytes"),
    (
        lambda f: f | {"data_batch_1.bin": b"\x0a" + bytes(3072)},
        "data_batch_1.bin has the label 10, but labels are 0",
    ),
    (lambda f: f | {"data_batch_1.bin": bytes(3073 * 10_001)}, "is not a file of at most 30730000 bytes"),
    (lambda f: f | {"batches.meta.txt": b"cat\ndog\n"}, "names 2 classes"),
]


@pytest.mark.parametrize(("change", "sentence"), BROKEN)
def test_another_layout_is_refused(change, sentence, server, tmp_path, cifar_files) -> None:
    with pytest.raises(DataError) as caught:
        prepared(server, cifar_archive(change(cifar_files)), tmp_path)
    assert sentence in str(caught.value)
    assert str(tmp_path / "cifar-10-binary.tar.gz") in str(caught.value)


@pytest.mark.parametrize("damage", [lambda c: b"not a tar", lambda c: c[: len(c) // 2], lambda c: b""])
def test_what_is_no_archive_is_refused(damage, server, tmp_path, cifar_files) -> None:
    with pytest.raises(DataError, match="is not a CIFAR-10 archive"):
        prepared(server, damage(cifar_archive(cifar_files)), tmp_path)
