"""Spectral numbers of many heads at once, lazily and in blocks of bounded memory.

Weights of thousands of heads at hundreds of steps stay on disk: each block of them is read, analysed and
dropped, and only what was found is kept.
"""

from math import prod
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from widthscope.spectra import scores
from widthscope.spectra.departure import departure
from widthscope.spectra.query_key import head_grams

BLOCK_BYTES = 2**25  # float64 query and key weights of one block; about three times as much is in use

COLUMNS = {
    "eigenvalues": "eigenvalues of W that can differ from zero, by decreasing modulus",
    "trace": "tr W",
    "trace_of_square": "tr W^2",
    "frobenius": "||W||_F",
    "trace_score": "z = tr(W) sqrt(width) / ||W||_F",
    "p_value": "two-sided p-value of the trace score under the Haar null",
    "concentration": "kappa = (tr W)^2 / (head_dim ||W||_F^2)",
    "var_tr2": "tr(W^2) / width - (tr(W) / width)^2",
    "var_fro": "||W||_F^2 / width - (tr(W) / width)^2",
    "var_sym": "variance of the eigenvalues of (W + W^T) / 2",
    "ks": "Kolmogorov-Smirnov distance of |eigenvalues| from the law at initialisation",
    "outliers": "number of eigenvalues beyond the law's edge and its finite-size allowance",
    "positive_mass": "share of sum |eigenvalue| with a positive real part",
    "real_fraction": "share of the eigenvalues that are real",
}
"""What `head_columns` and `head_spectra` give, and what each is."""


def head_columns(
    query: NDArray[Any], key: NDArray[Any], scale: float | None = None
) -> dict[str, NDArray[Any]]:
    """All `COLUMNS` of heads in memory: eigenvalues (..., head_dim) complex, the others (...) float64.

    A head with a weight that is not finite gets NaN throughout; the zero head has eigenvalues and traces of
    zero, and NaN where a quotient by its norm is meant.

    Args:
        query: W_Q (..., head_dim, width).
        key: W_K, of the same shape.
        scale: factor of the score; 1 / sqrt(head_dim) where None.

    Raises:
        ValueError: if shapes differ, or head_dim > width.
    """
    head_dim, width = query.shape[-2:]
    with np.errstate(invalid="ignore", over="ignore"):  # of heads that are not finite
        grams = head_grams(query, key, scale)
        traces, eigenvalues = grams.traces(), grams.eigenvalues()
        apart = departure(eigenvalues, traces.frobenius, width)
        score = scores.trace_score(traces, width)
        return {
            "eigenvalues": eigenvalues,
            "trace": traces.trace,
            "trace_of_square": traces.trace_of_square,
            "frobenius": traces.frobenius,
            "trace_score": score,
            "p_value": scores.trace_score_p_value(score),
            "concentration": scores.concentration(traces, head_dim),
            "var_tr2": scores.var_tr2(traces, width),
            "var_fro": scores.var_fro(traces, width),
            "var_sym": scores.var_sym(traces, width),
            "ks": apart.ks,
            "outliers": apart.outliers,
            "positive_mass": apart.positive_mass,
            "real_fraction": apart.real_fraction,
        }


def head_spectra(
    query: xr.DataArray, key: xr.DataArray, *, scale: float | None = None, block_bytes: int = BLOCK_BYTES
) -> xr.Dataset:
    """`COLUMNS` of every head of labelled weights.

    Lazy where the weights are dask arrays, else computed; in both cases block by block. Blocks are those the
    weights are stored in, or smaller where these exceed `block_bytes`; a head is never divided.

    Args:
        query: W_Q with dimensions "head_dim", "width" and any others, in any order; any floating type.
        key: W_K, with the same.
        scale: factor of the score; 1 / sqrt(head_dim) where None.
        block_bytes: of float64 query and key weights in one block; one head is the least.

    Returns:
        variables as `COLUMNS` over the other dimensions, "eigenvalues" with a dimension "eigenvalue" besides.

    Raises:
        ValueError: if the dimensions or coordinates of the two differ, or head_dim > width.
    """
    core = ("head_dim", "width")
    if set(query.dims) != set(key.dims) or not set(core) <= set(query.dims):
        raise ValueError(f"query and key must share dimensions with {core}, not {query.dims} and {key.dims}")
    leading = [dim for dim in query.dims if dim not in core]
    query, key = (weights.transpose(*leading, *core) for weights in (query, key))
    chunks = _chunks(query, block_bytes)
    found = xr.apply_ufunc(
        lambda q, k: tuple(head_columns(q, k, scale).values()),
        query.chunk(chunks),
        key.chunk(chunks),
        input_core_dims=[core, core],
        output_core_dims=[["eigenvalue"], *([] for _ in range(len(COLUMNS) - 1))],
        join="exact",
        dask="parallelized",
        output_dtypes=[np.complex128, *(np.float64 for _ in range(len(COLUMNS) - 1))],
        dask_gufunc_kwargs={"output_sizes": {"eigenvalue": query.sizes["head_dim"]}},
    )
    spectra = xr.Dataset(
        {
            name: array.assign_attrs(long_name=meaning)
            for (name, meaning), array in zip(COLUMNS.items(), found, strict=True)
        }
    )
    return spectra if query.chunks or key.chunks else spectra.compute()


def _chunks(weights: xr.DataArray, block_bytes: int) -> dict[Any, Any]:
    """Chunks of weights (..., head_dim, width): the present ones where small enough, else runs in C order."""
    *leading, head_dim, width = weights.sizes.values()
    heads = max(1, block_bytes // (2 * 8 * head_dim * width))
    names = weights.dims[:-2]
    whole = dict.fromkeys(weights.dims[-2:], -1)
    if weights.chunks and prod(max(sizes) for sizes in weights.chunks[:-2]) <= heads:
        return {**dict(zip(names, weights.chunks, strict=False)), **whole}
    sizes: dict[Any, Any] = {}
    for name, length in zip(reversed(names), reversed(leading), strict=True):
        sizes[name] = max(1, min(length, heads))
        heads = heads // sizes[name] if sizes[name] == length else 1
    return {**sizes, **whole}
