"""WikiText-2 from small archives in its published format."""

import hashlib
from pathlib import Path

import pytest
from tests.datasets.file_server import FileServer
from tests.datasets.small_archives import TEXTS, text_archive

from widthscope import datasets
from widthscope.datasets.wikitext2 import vocabulary
from widthscope.errors import DataError

GOOD = {split: text.encode() for split, text in TEXTS.items()}


def prepared(server: FileServer, content: bytes, folder: Path):
    server.content = content
    settings = {"url": server.url("wikitext-2-v1.zip"), "sha256": hashlib.sha256(content).hexdigest()}
    return datasets.prepare("wikitext2", settings, folder)


def test_words_are_numbered_in_the_order_of_first_appearance(server: FileServer, tmp_path: Path) -> None:
    text = prepared(server, text_archive(GOOD), tmp_path)
    words = vocabulary(text)
    assert words == ["<eos>", "=", "Width", "The", "layer", "is", "<unk>", "wide", ".", ",", "naïve"]
    assert text.attrs["words"] == len(words)
    assert text["train"].values.tolist() == [0, 1, 2, 1, 0, 0, 3, 4, 5, 6, 7, 8, 0]
    for split, source in TEXTS.items():
        expected = [word for line in source.splitlines() for word in [*line.split(), "<eos>"]]
        assert [words[number] for number in text[split].values] == expected
    assert text.attrs["licence"].startswith("CC BY-SA 3.0")


def test_the_published_checksum_refuses_another_archive(server: FileServer, tmp_path: Path) -> None:
    server.content = text_archive(GOOD)
    with pytest.raises(DataError, match="but must be 542ccefacc6c27f945fb54453812b3cd; it was thrown away"):
        datasets.prepare("wikitext2", {"url": server.url("w.zip")}, tmp_path)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (text_archive({"train": GOOD["train"], "test": GOOD["test"]}), "has no wikitext-2/wiki.valid.tokens"),
        (text_archive(GOOD | {"test": b""}), "the test part is empty"),
        (text_archive(GOOD | {"train": b"\xff\n"}), "is not a WikiText-2 archive"),
        (text_archive(GOOD | {"train": bytes(64 * 2**20 + 1)}), "is larger than 67108864 bytes"),
        (b"not a zip", "is not a WikiText-2 archive"),
        (text_archive(GOOD)[:-40], "is not a WikiText-2 archive"),
    ],
    ids=["part missing", "part empty", "not UTF-8", "too large", "no zip", "cut off"],
)
def test_another_layout_is_refused(content: bytes, sentence: str, server: FileServer, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=sentence):
        prepared(server, content, tmp_path)


def test_an_altered_member_is_refused(server: FileServer, tmp_path: Path) -> None:
    content = bytearray(text_archive(GOOD))
    content[60] ^= 0xFF  # inside the compressed text of the first part
    with pytest.raises(DataError, match="is not a WikiText-2 archive"):
        prepared(server, bytes(content), tmp_path)
