"""Small archives in the published formats."""

import io
import tarfile
import zipfile

import numpy as np
from PIL import Image

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
TEXTS = {
    "train": " \n = Width = \n \n The layer is <unk> wide . \n",
    "valid": " The layer is \n",
    "test": " wide , naïve \n",
}


def cifar_archive(files: dict[str, bytes], folder: str = "cifar-10-batches-bin") -> bytes:
    """A gzipped tar like the published ones, with these files in its folder."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(f"{folder}/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def text_archive(texts: dict[str, bytes]) -> bytes:
    """A zip like the published one, with these parts of the text."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for split, text in texts.items():
            archive.writestr(f"wikitext-2/wiki.{split}.tokens", text)
    return buffer.getvalue()


def drawing_archive(ink: dict[str, np.ndarray]) -> bytes:
    """A zip of black-and-white drawings like the published ones: white paper, black where there is ink."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, pixels in ink.items():
            png = io.BytesIO()
            Image.fromarray(~pixels.astype(bool)).save(png, "PNG")
            archive.writestr(name, png.getvalue())
    return buffer.getvalue()
