"""The shards as a fit is given them."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from widthscope import store
from widthscope.errors import StoreError
from widthscope.workflow.stored_shards import read_shards


@pytest.fixture
def study(tmp_path: Path) -> Path:
    for name, value in (("sweep/rate", 1.0), ("sweep/training-w0.5", 2.0), ("spectra/training-w0.5", 3.0)):
        stem = tmp_path / name
        store.write(xr.Dataset({"x": ("n", np.full(3, value))}), f"{stem}.zarr", f"{stem}.digest.json")
    return tmp_path


def read(study: Path, *names: str) -> dict[str, xr.DataTree]:
    return read_shards(
        [study / f"{name}.zarr" for name in names], [study / f"{n}.digest.json" for n in names]
    )


def test_only_what_has_spectra_is_read_lazily(study: Path) -> None:
    shards = read(study, "sweep/rate", "sweep/training-w0.5", "spectra/training-w0.5")
    assert {name: float(tree["x"].mean()) for name, tree in shards.items()} == {
        "rate": 1.0,
        "training-w0.5": 2.0,
        "spectra/training-w0.5": 3.0,
    }
    lazy = {name: tree["x"].chunks is not None for name, tree in shards.items()}
    assert lazy == {"rate": False, "training-w0.5": True, "spectra/training-w0.5": False}


def test_a_torn_store_is_noticed_although_it_is_read_lazily(study: Path) -> None:
    (chunk,) = (study / "sweep/training-w0.5.zarr/x/c").iterdir()
    chunk.write_bytes(chunk.read_bytes()[:-1])
    with pytest.raises(StoreError, match=r"training-w0\.5\.zarr"):
        read(study, "sweep/training-w0.5", "spectra/training-w0.5")
