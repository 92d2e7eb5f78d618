"""The stores of a study's shards as its fit is given them: by name, and lazily where they may be large."""

from collections.abc import Iterable
from pathlib import Path

import xarray as xr

from widthscope import store

SPECTRA = "spectra"
"""The folder of the stores that `analyse_spectra` makes; its name is put before that of the shard."""


def read_shards(stores: Iterable[Path | str], digests: Iterable[Path | str]) -> dict[str, xr.DataTree]:
    """What a study's sweep and its spectral stage stored, each verified against its digest.

    Args:
        stores: ``<study>/sweep/<shard>.zarr`` and ``<study>/spectra/<shard>.zarr``.
        digests: their digest files, in the same order.

    Returns:
        the sweep's stores by the shard's name, those of the spectra by ``spectra/<shard>``. A shard that has
        spectra may hold the weights of a whole training run: it is not loaded, but given as dask arrays.

    Raises:
        StoreError: as `store.read` does.
    """
    pairs = {_name(Path(path)): (path, digest) for path, digest in zip(stores, digests, strict=True)}
    return {
        name: store.read(path, digest, chunks={} if f"{SPECTRA}/{name}" in pairs else None)
        for name, (path, digest) in pairs.items()
    }


def _name(path: Path) -> str:
    return f"{SPECTRA}/{path.stem}" if path.parent.name == SPECTRA else path.stem
