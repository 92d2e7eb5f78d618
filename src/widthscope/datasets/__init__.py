"""The datasets that studies read, each prepared once into a store with its licence, source and checksum.

`catalogue` says what there is, without the weight of numpy; `prepare` loads one.
"""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from widthscope.datasets.catalogue import card

if TYPE_CHECKING:
    import xarray as xr

DOWNLOADS = Path("data/downloads")


def prepare(name: str, settings: Mapping[str, Any] | None = None, folder: Path = DOWNLOADS) -> "xr.Dataset":
    """Load or generate a dataset.

    Args:
        name: its name in the catalogue.
        settings: what `widthscope.datasets.catalogue.settings_of` gives; empty for the defaults.
        folder: where downloaded files are looked for and put.

    Returns:
        the arrays that the catalogue describes, with ``title``, ``licence``, ``source``, ``paper`` and
        ``sha256`` (of the file, or of the arrays where there is none) among the attributes.

    Raises:
        DataError: the dataset is unknown, cannot be fetched, or differs from its checksum.
    """
    entry = card(name)
    dataset: xr.Dataset = import_module(entry.module).prepare(dict(settings or {}), Path(folder))
    about = {"title": entry.title, "licence": entry.licence, "source": entry.source, "paper": entry.paper}
    return dataset.assign_attrs({"dataset": name, **about, **dataset.attrs})
