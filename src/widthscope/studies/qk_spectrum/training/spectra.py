"""Spectra of the recorded query-key matrices: every member at every recorded step."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.spectra.head_spectra import head_spectra
from widthscope.work import Work


def analyse(swept: xr.DataTree, settings: Mapping[str, Any], work: Work) -> xr.Dataset:
    """The columns of `widthscope.spectra.head_spectra` over (member, step, layer, head).

    Weights are read block by block; what is found of a head is smaller than its weights by its width.

    Args:
        swept: what `experiment.run` stored, read lazily.
        settings: nothing is read.
        work: what the job gives; nothing is used.
    """
    weights = swept.to_dataset()[["query", "key"]]
    return head_spectra(weights["query"], weights["key"]).compute(scheduler="synchronous")
