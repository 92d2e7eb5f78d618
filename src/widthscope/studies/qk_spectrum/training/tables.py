"""One table per width from what the sweep and the spectral stage stored."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from widthscope.errors import StudyError
from widthscope.studies.qk_spectrum.training.arms import ARMS

PREFIX = "training-w"
SPECTRAL = ("trace_score", "concentration", "frobenius")


def by_width(shards: Mapping[str, xr.DataTree]) -> dict[int, xr.Dataset]:
    """For each width, rising, attention and spectral numbers over (arm, seed, step, ...); no weights.

    Raises:
        StudyError: if no width was trained.
    """
    names = {int(name.removeprefix(PREFIX)): name for name in shards if name.startswith(PREFIX)}
    if not names:
        raise StudyError(f"the sweep has no shard whose name starts with '{PREFIX}'")
    return {width: _table(shards[name], shards[f"spectra/{name}"]) for width, name in sorted(names.items())}


def _table(swept: xr.DataTree, spectra: xr.DataTree) -> xr.Dataset:
    trained = swept.to_dataset()[["profile", "entropy", "error"]].load()
    found = spectra.to_dataset()[[*SPECTRAL, "eigenvalues"]].isel(layer=0, head=0, drop=True).load()
    joined = xr.merge([trained, found], join="exact", compat="equals").assign_attrs(swept.attrs)
    arms = [
        joined.isel(member=np.flatnonzero(joined["arm"].values == arm))
        .drop_vars("arm")
        .swap_dims(member="seed")
        for arm in ARMS
    ]
    return xr.concat(arms, dim=xr.Variable("arm", list(ARMS)), join="exact")


def late_mass(profile: xr.DataArray) -> xr.DataArray:
    """Attention on the last quarter of the tokens."""
    return profile.isel(token=slice(-(profile.sizes["token"] // 4), None)).sum("token", skipna=False)
