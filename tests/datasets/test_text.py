"""Texts: what comes with Python, a user's file, and what is refused."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from widthscope import datasets
from widthscope.config import load
from widthscope.datasets import catalogue
from widthscope.datasets.text import decoded, documentation
from widthscope.errors import DataError

VERSE = "Größe and grace, λ and light;\r\n\0𝄞" * 40


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "verse.txt"
    path.write_bytes(VERSE.encode())
    return path


def test_the_text_comes_back_from_its_numbers(file: Path) -> None:
    text = datasets.prepare("text", {"file": str(file)})
    assert decoded(text) == VERSE
    assert text["character"].dtype == np.uint8
    assert [chr(code) for code in text["vocabulary"].values] == sorted(set(VERSE))


def test_many_symbols_need_wider_numbers(tmp_path: Path) -> None:
    many = "".join(chr(code) for code in range(0x4E00, 0x4E00 + 300)) * 4
    (tmp_path / "many.txt").write_text(many, encoding="utf-8")
    text = datasets.prepare("text", {"file": str(tmp_path / "many.txt")})
    assert text["character"].dtype == np.int32
    assert decoded(text) == many


def test_the_documentation_of_python_is_there_without_a_network() -> None:
    text = datasets.prepare("text", {"file": None})
    assert decoded(text) == documentation()
    assert text.sizes["position"] > 100_000
    assert text["vocabulary"].values.max() < 128
    assert text.attrs["sha256"] == hashlib.sha256(documentation().encode()).hexdigest()
    assert "pydoc_data" in text.attrs["source"]


def test_a_users_file_is_named_and_its_checksum_recorded(file: Path) -> None:
    text = datasets.prepare("text", {"file": str(file)})
    assert text.attrs["sha256"] == hashlib.sha256(VERSE.encode()).hexdigest()
    assert text.attrs["source"] == "verse.txt"
    assert "PSF" not in text.attrs["licence"]


def test_the_checksum_is_one_of_the_settings(file: Path) -> None:
    config = load(
        {"run": "a", "studies": {"limit_law": {}}, "datasets": {"text": {"file": str(file)}}}, "config.yaml"
    )
    before = catalogue.settings_of("text", config)
    assert before == {"file": str(file), "sha256": hashlib.sha256(VERSE.encode()).hexdigest()}
    file.write_bytes(VERSE.encode() + b"!")
    assert catalogue.settings_of("text", config) != before
    with pytest.raises(DataError, match=r"verse\.txt has changed since the run was planned"):
        datasets.prepare("text", before)


def test_a_mark_of_byte_order_is_no_symbol(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbf" + VERSE.encode())
    assert decoded(datasets.prepare("text", {"file": str(file)})) == VERSE


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, r"^the text .*verse\.txt cannot be read: No such file or directory$"),
        (b"\xff" + b"abc" * 1000, r"verse\.txt is not text in UTF-8: byte 0 cannot be read$"),
        (b"ab" * 10, r"verse\.txt has 20 characters and 2 different ones, but a text needs at least 1000"),
        (b"a" * 5000, r"verse\.txt has 5000 characters and 1 different ones, but a text needs .* and 2$"),
        (b"", r"verse\.txt has 0 characters"),
    ],
)
def test_what_is_no_text_is_refused_in_one_sentence(file: Path, content: bytes | None, told: str) -> None:
    file.unlink() if content is None else file.write_bytes(content)
    with pytest.raises(DataError, match=told):
        datasets.prepare("text", {"file": str(file), "sha256": None})
