"""Evidence on hidden Markov chains: what finite width gains, and from which paths."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.statistics.evidence import claim_tree
from widthscope.studies.attention_paths.hidden_markov.curves import curves
from widthscope.studies.attention_paths.hidden_markov.gain_evidence import (
    gain_tests,
    shuffled_tests,
    single_path_tests,
)
from widthscope.studies.attention_paths.hidden_markov.variants import FOUR, VARIANTS
from widthscope.studies.attention_paths.hidden_markov.weight_evidence import (
    alignment_tests,
    interplay_tests,
    selection_tests,
)
from widthscope.studies.attention_paths.hidden_markov.width_evidence import width_tests


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    tables = {name: _table(shards, name) for name in (*VARIANTS, "depth")}
    claims = {
        "fw-beats-gp-hmm": gain_tests(tables),
        "accuracy-vs-width": width_tests(tables),
        "path-interplay": interplay_tests(tables),
        "path-selection": selection_tests(tables[FOUR]),
        "kernel-alignment": alignment_tests(tables),
        "control-single-path": single_path_tests(tables[FOUR]),
        "control-shuffled-labels": shuffled_tests(tables),
    }
    return {**claim_tree(claims), **curves(tables)}


def _table(shards: Mapping[str, xr.DataTree], name: str) -> xr.Dataset:
    """The table of one experiment, whichever shard holds it."""
    found = [
        shards[shard][name]
        for shard in sorted(shards)
        if shard.startswith("hidden-markov") and name in shards[shard].children
    ]
    return found[0].to_dataset().load()
