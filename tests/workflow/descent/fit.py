"""Join the widths: evidence that the mean square of the weights settles."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.statistics.evidence import claim_tree, evidence


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> xr.DataTree:
    """The last moment of every width, from its spectra, beside the weights of the sweep."""
    trained = sorted(name for name in shards if name.startswith("training-"))
    assert sorted(shards) == sorted([*trained, *(f"spectra/{name}" for name in trained)])
    assert all(shards[name]["weights"].chunks is not None for name in trained), "read lazily"
    last = [float(shards[f"spectra/{name}"]["moment"][-1]) for name in trained]
    tests = {"last": tuple(evidence(trained, last, 0.1, shift, 10, 9) for shift in (0.0, 9.0))}
    return xr.DataTree.from_dict(claim_tree({"settles": tests}))
