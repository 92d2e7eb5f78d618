"""A small store to read, and to damage."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from widthscope import store
from widthscope.errors import StoreError


def write_example(folder: Path) -> tuple[xr.DataTree, Path, Path]:
    """A tree of several groups, with more than one chunk in one array; its store, and the digest file."""
    generator = np.random.default_rng(1)
    root = xr.Dataset(
        {"estimate": ("component", generator.normal(size=3)), "empty": ("component", np.full(3, np.nan))},
        coords={"component": ["slope", "größe", ""], "seed": 3},
        attrs={"level": 0.99},
    )
    large = xr.Dataset({"draws": (("member", "time"), generator.integers(0, 2, size=(3, 400_000)))})
    heads = root.isel(component=[0]).rename(component="head")
    tree = xr.DataTree.from_dict({"/": root, "/claims/heads": heads, "/large": large})
    path, digest = folder / "fit.zarr", folder / "fit.digest.json"
    store.write(tree, path, digest)
    return tree, path, digest


def chunk_files(path: Path) -> list[Path]:
    return sorted(file for file in path.rglob("*") if file.is_file() and file.name != "zarr.json")


def assert_damage_is_named(path: Path, digest: Path, *words: str) -> None:
    for look in (store.check, store.read, lambda *at: store.read(*at, chunks={})):
        with pytest.raises(StoreError) as caught:
            look(path, digest)
        message = str(caught.value)
        assert str(path) in message
        assert "\n" not in message
        for word in words:
            assert word in message
