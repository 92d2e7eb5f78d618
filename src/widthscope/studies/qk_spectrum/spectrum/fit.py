"""Evidence on spectra of query-key matrices."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.statistics.evidence import claim_tree
from widthscope.studies.qk_spectrum.spectrum import fit_fast, fit_haar_null, fit_laws


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    identities = shards["spectrum-identities"]
    fast, haar = (identities[name].to_dataset().load() for name in ("fast", "haar"))
    laws = _joined(shards)
    claims = {
        "fast-spectrum": fit_fast.tests(fast),
        "init-eig-law": fit_laws.eigenvalue_tests(laws),
        "init-sv-law": fit_laws.singular_value_tests(laws),
        "haar-null": fit_haar_null.tests(haar),
    }
    return {
        **claim_tree(claims),
        **fit_laws.curves(laws),
        "/curves/fast-spectrum": fit_fast.curves(fast),
        "/curves/haar-null": fit_haar_null.curves(haar),
    }


def _joined(shards: Mapping[str, xr.DataTree]) -> xr.Dataset:
    """The laws of all aspects, which may come from a shard each."""
    names = [name for name in shards if name.startswith("spectrum-laws")]
    tables = [shards[name].to_dataset().load() for name in names]
    return xr.concat(tables, dim="aspect", data_vars="minimal").sortby("aspect")
