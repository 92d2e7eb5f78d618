"""A text, character by character: a file of the user's, or the documentation that comes with Python."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from widthscope.datasets.settings import Text
from widthscope.errors import DataError

SHORTEST = 1000
"""Characters that a text must have, so that something can be learned from it."""


def prepare(settings: dict[str, Any], folder: Path) -> xr.Dataset:
    """The text as numbers of its symbols, which are numbered in the order of their code points.

    Args:
        settings: those of `settings.Text`; and `sha256` of the file as it was when the run was planned.
        folder: not used; nothing is downloaded.

    Returns:
        ``character`` (position), the number of each symbol, uint8 up to 256 symbols and int32 beyond;
        ``vocabulary`` (symbol), their code points, int32; attributes ``sha256`` (of the file, or of the text
        in UTF-8 where there is none) and ``source``.

    Raises:
        DataError: there is no such file, it changed since the run was planned, it is not text in UTF-8, or it
            is too short.
    """
    settings = dict(settings)
    planned = settings.pop("sha256", None)
    file = Text.model_validate(settings).file
    if file is None:
        text, about = documentation(), {}
        digest = hashlib.sha256(text.encode()).hexdigest()
    else:
        content = _content(Path(file).expanduser())
        digest = hashlib.sha256(content).hexdigest()
        if planned not in (None, digest):
            raise DataError(f"{file} has changed since the run was planned; run snakemake again")
        text = _decoded(content, file)
        name = Path(file).name
        about = {"title": f"The text {name}", "licence": "as the file's owner says", "source": name}
    codes = np.frombuffer(text.encode("utf-32-le"), dtype="<u4")
    symbols, numbers = np.unique(codes, return_inverse=True)
    if len(text) < SHORTEST or len(symbols) < 2:
        raise DataError(
            f"{file or 'the documentation of this Python'} has {len(text)} characters and {len(symbols)} "
            f"different ones, but a text needs at least {SHORTEST} and 2"
        )
    return xr.Dataset(
        {
            "character": ("position", numbers.astype(np.uint8 if len(symbols) <= 256 else np.int32)),
            "vocabulary": ("symbol", symbols.astype(np.int32)),
        },
        attrs={"sha256": digest, **about},
    )


def documentation() -> str:
    """Python's documentation of its language, topic by topic, without what is not ASCII."""
    from pydoc_data import topics  # half a megabyte, and only for this

    text = "\n".join(topics.topics[name] for name in sorted(topics.topics))
    return text.encode("ascii", errors="ignore").decode("ascii")


def decoded(dataset: xr.Dataset) -> str:
    """The text of a prepared dataset."""
    symbols = [chr(code) for code in dataset["vocabulary"].values]
    return "".join(symbols[number] for number in dataset["character"].values)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"the text {path} cannot be read: {error.strerror}") from None


def _decoded(content: bytes, file: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{file} is not text in UTF-8: byte {error.start} cannot be read") from None
