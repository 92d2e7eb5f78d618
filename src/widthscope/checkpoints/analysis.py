"""The table of a checkpoint: what the spectrum of every head's query-key matrix says, layer by layer.

Only some heads of one layer are ever in memory: those whose queries fill `_BLOCK_BYTES`.
Columns are explained in `widthscope.checkpoints.table`. Source: theory notes 3.3, 3.4 and 3.7.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from widthscope.attention.gram import FloatArray
from widthscope.checkpoints import initial_heads
from widthscope.checkpoints.checkpoint import Checkpoint, LayerHeads, LayerReader
from widthscope.errors import CheckpointError
from widthscope.progress import Progress, quiet
from widthscope.spectra import rotary as rotary_traces
from widthscope.spectra import scores
from widthscope.spectra.entropy_forecast import entropy_forecast, normalised_walks
from widthscope.spectra.folding import fold_norm, folded_bias, key_preference
from widthscope.spectra.head_spectra import head_columns
from widthscope.spectra.query_key import head_grams
from widthscope.statistics.multiplicity import benjamini_hochberg

_BLOCK_BYTES = 2**24
"""Queries, and as many keys, of the heads that are read and worked on at a time."""

Columns = dict[str, np.ndarray]
OFFSETS = -np.array([0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024])
"""Offsets of the key from the query for which rotary heads get tr W(Delta)."""


def analyse(checkpoint: Checkpoint, progress: Progress = quiet, workers: int = 1) -> xr.Dataset:
    """Every head's numbers.

    Args:
        checkpoint: what `widthscope.checkpoints.opening.open_checkpoint` returned.
        progress: told of every layer.
        workers: layers that are worked on at the same time, on one thread each; no number depends on it.

    Returns:
        variables with the dimensions (layer, head): the columns of `widthscope.checkpoints.table`, and
        `eigenvalues` (layer, head, eigenvalue), complex. Columns that a model has no use for are absent:
        those of the norm's gain and of the query bias where there are none, and what rests on the theory
        where the matrix is not the score (`Checkpoint.skips_theory`). Attributes hold the facts, where there
        is `ks` also its mean over simulated heads at initialisation, `ks_by_chance`.

    Raises:
        CheckpointError: if a layer cannot be read, heads are wider than the model, or no head has a spectrum.
    """
    if checkpoint.head_dim > checkpoint.width:
        raise CheckpointError(
            f"{Path(checkpoint.path).name}: heads have dimension {checkpoint.head_dim} in a width of "
            f"{checkpoint.width}, allowed are heads no wider than the model"
        )
    walks = normalised_walks(checkpoint.width)
    if not checkpoint.skips_theory:
        initial_heads.by_chance(checkpoint.head_dim, checkpoint.width)  # once, before workers ask for it
    with ThreadPoolExecutor(workers) as pool, threadpool_limits(1):
        found = pool.map(lambda reader: _layer(reader, checkpoint, walks), checkpoint.layers)
        layers = list(progress(found, len(checkpoint.layers), "layers"))
    columns = _stacked(layers)
    names = np.array([reader.name for reader in checkpoint.layers], dtype=np.str_)
    table = xr.Dataset(
        {name: (("layer", "head", *_LAST.get(name, ())), values) for name, values in columns.items()},
        coords={"layer": names, "head": np.arange(checkpoint.heads)},
    )
    for name, adjusted in _ADJUSTED.items():
        if name in table:
            table[adjusted] = (("layer", "head"), _adjusted(table[name].values))
    if "rotary_trace" in table:
        table = table.assign_coords(offset=OFFSETS)
    table.attrs = _facts(checkpoint)
    if not table["frobenius"].values.any():
        raise CheckpointError(
            f"{table.attrs['file']}: the product of query and key weights is zero in every head, so there "
            "is no spectrum to look at"
        )
    return table


THEORY = {
    "p_value", "entropy_forecast", "ks", "outliers", "reach", "p_value_folded", "entropy_forecast_folded",
}  # fmt: skip
"""Columns that predict something about attention from W alone."""
_LAST = {"eigenvalues": ("eigenvalue",), "rotary_trace": ("offset",)}
_ADJUSTED = {
    "p_value": "p_adjusted",
    "p_value_folded": "p_adjusted_folded",
    "ks_p_value": "ks_p_adjusted",
    "reach_p_value": "reach_p_adjusted",
}


def _layer(reader: LayerReader, checkpoint: Checkpoint, walks: NDArray[np.float32]) -> Columns:
    """The columns of one layer, of shapes (head,), (head, eigenvalue) and (head, offset)."""
    head_dim, width = checkpoint.head_dim, checkpoint.width
    size = max(1, _BLOCK_BYTES // (8 * head_dim * width))
    starts = range(0, checkpoint.heads, size)
    blocks = [_block(reader, slice(start, start + size), checkpoint, walks) for start in starts]
    columns = {name: np.concatenate([part[name] for part in blocks]) for name in blocks[0]}
    if "ks" in columns:
        chance = initial_heads.by_chance(head_dim, width)
        columns["ks_p_value"] = initial_heads.p_values(columns["ks"], chance.ks)
        columns["reach_p_value"] = initial_heads.p_values(columns["reach"], chance.reach)
    return columns


def _stacked(layers: list[Columns]) -> Columns:
    """The layers' columns with the layer as first dimension; NaN where a layer lacks one that another has."""
    shapes = {name: values for layer in layers for name, values in layer.items()}
    return {
        name: np.stack([layer.get(name, np.full_like(like, np.nan)) for layer in layers])
        for name, like in shapes.items()
    }


def _block(reader: LayerReader, part: slice, checkpoint: Checkpoint, walks: NDArray[np.float32]) -> Columns:
    """The columns of some heads."""
    heads = reader.read(part)
    columns = head_columns(heads.query, heads.key, heads.scale)
    if not np.isfinite(columns["frobenius"]).all():
        raise CheckpointError(
            f"{Path(checkpoint.path).name}: weights of {reader.name} are so large that the product of "
            "queries and keys is not finite"
        )
    width = heads.query.shape[-1]
    columns["reach"] = initial_heads.reach(columns["eigenvalues"], columns["frobenius"], width)
    columns["entropy_forecast"] = entropy_forecast(heads.query, heads.key, walks, scale=heads.scale).entropy
    if heads.query_bias is not None:
        columns["bias_norm"] = _norm(key_preference(heads.key, heads.query_bias, heads.scale))
    if checkpoint.rotary is not None and checkpoint.rotary.base is not None:
        turn = checkpoint.rotary.turning()
        columns["rotary_trace"] = rotary_traces.trace_curve(
            heads.query, heads.key, OFFSETS, turn, heads.scale
        )
    if heads.norm_gain is not None:
        columns |= _folded_columns(heads, walks)
    if checkpoint.skips_theory:
        return {name: values for name, values in columns.items() if name not in THEORY}
    return columns


def _folded_columns(heads: LayerHeads, walks: NDArray[np.float32]) -> Columns:
    """The same heads on normalised tokens: the gain, and LayerNorm's centring, taken into W_Q and W_K."""
    assert heads.norm_gain is not None
    _, head_dim, width = heads.query.shape
    # A norm that has a bias and is not named is a LayerNorm.
    centred = heads.norm_kind == "layer" or (heads.norm_kind is None and heads.norm_bias is not None)
    query = fold_norm(heads.query, heads.norm_gain, centred=centred)
    key = fold_norm(heads.key, heads.norm_gain, centred=centred)
    # Centred tokens lie in width - 1 dimensions, in which the null rotates the keys.
    room = width - 1 if centred else width
    traces = head_grams(query, key, heads.scale).traces()
    score = scores.trace_score(traces, room)
    columns = {
        "trace_score_folded": score,
        "concentration_folded": scores.concentration(traces, head_dim),
        "frobenius_folded": traces.frobenius,
        "p_value_folded": scores.trace_score_p_value(score),
        "entropy_forecast_folded": entropy_forecast(query, key, walks, scale=heads.scale).entropy,
    }
    if heads.query_bias is not None or heads.norm_bias is not None:
        bias = folded_bias(heads.query, heads.query_bias, heads.norm_bias)
        columns["bias_norm_folded"] = _norm(key_preference(key, bias, heads.scale))
    return columns


def _norm(vectors: FloatArray) -> FloatArray:
    return np.asarray(np.linalg.norm(vectors, axis=-1))


def _adjusted(p_values: FloatArray) -> FloatArray:
    """Benjamini-Hochberg over all heads that have a p-value."""
    adjusted = np.full(p_values.shape, np.nan)
    known = np.isfinite(p_values)
    adjusted[known] = benjamini_hochberg(p_values[known])
    return adjusted


def _facts(checkpoint: Checkpoint) -> dict[str, Any]:
    """Attributes of the table; of the path only the name, so that moving a file changes no result."""
    facts = {
        "file": Path(checkpoint.path).name,
        "layout": checkpoint.layout,
        "family": checkpoint.family,
        "dtype": checkpoint.dtype,
        "width": checkpoint.width,
        "head_dim": checkpoint.head_dim,
        "heads": checkpoint.heads,
        "key_heads": checkpoint.key_heads,
        "left_out": list(checkpoint.left_out),
        "skips_theory": checkpoint.skips_theory,
        "contradicted": checkpoint.contradicted,
        "largest_trace_score": float(np.sqrt(checkpoint.width * checkpoint.head_dim)),
    }
    if not checkpoint.skips_theory:
        chance = initial_heads.by_chance(checkpoint.head_dim, checkpoint.width)
        facts["ks_by_chance"] = float(chance.ks.mean())
    return facts
