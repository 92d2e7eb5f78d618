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

BATCH_BYTES = 2**21  # small enough for a cache; about three times as much is in use

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
    query: NDArray[Any], key: NDArray[Any], scale: float | None = None, *, batch_bytes: int = BATCH_BYTES
) -> dict[str, NDArray[Any]]:
    """All `COLUMNS` of heads in memory: eigenvalues (..., head_dim) complex, the others (...) float64.

    A head with a weight that is not finite gets NaN throughout; the zero head has eigenvalues and traces of
    zero, and NaN where a quotient by its norm is meant.

    Args:
        query: W_Q (..., head_dim, width), of any floating type.
        key: W_K, of the same shape.
        scale: factor of the score; 1 / sqrt(head_dim) where None.
        batch_bytes: of weights in float64 at a time; one head is the least.

    Raises:
        ValueError: if shapes differ, or head_dim > width.
    """
    if query.shape != key.shape or query.ndim < 2:
        raise ValueError(
            f"query and key must both be (..., head_dim, width), not {query.shape} and {key.shape}"
        )
    *leading, head_dim, width = query.shape
    heads = prod(leading)
    queries, keys = (weights.reshape(heads, head_dim, width) for weights in (query, key))
    batch = max(1, batch_bytes // (2 * 8 * head_dim * width))
    found: dict[str, NDArray[Any]] = {name: np.empty(heads) for name in COLUMNS}
    found["eigenvalues"] = np.empty((heads, head_dim), dtype=np.complex128)
    for start in range(0, heads, batch):
        part = slice(start, start + batch)
        for name, values in _batch_columns(queries[part], keys[part], scale).items():
            found[name][part] = values
    return {name: values.reshape((*leading, *values.shape[1:])) for name, values in found.items()}


def head_spectra(query: xr.DataArray, key: xr.DataArray, *, scale: float | None = None) -> xr.Dataset:
    """`COLUMNS` of every head of labelled weights.

    Lazy where the weights are dask arrays, else computed. One block of weights as stored is in memory for
    each worker, and a batch of it in float64; heads that blocks divide are put together first.

    Args:
        query: W_Q with dimensions "head_dim", "width" and any others, in any order; any floating type.
        key: W_K, with the same.
        scale: factor of the score; 1 / sqrt(head_dim) where None.

    Returns:
        variables as `COLUMNS` over the other dimensions, "eigenvalues" with a dimension "eigenvalue" besides.

    Raises:
        ValueError: if the dimensions or coordinates of the two differ, or head_dim > width.
    """
    core = ("head_dim", "width")
    if set(query.dims) != set(key.dims) or not set(core) <= set(query.dims):
        raise ValueError(f"query and key must share dimensions with {core}, not {query.dims} and {key.dims}")
    key = key.transpose(*query.dims)
    if query.chunks or key.chunks:
        # Alike blocks of whole heads: a block of both is then one task.
        # Of the weights themselves: coordinates beside them may be in blocks of their own.
        own = (query if query.chunks else key).variable.chunksizes
        blocks: dict[Any, Any] = {**own, **dict.fromkeys(core, -1)}
        query, key = query.chunk(blocks), key.chunk(blocks)
    found = xr.apply_ufunc(
        lambda q, k: tuple(head_columns(q, k, scale).values()),
        query,
        key,
        input_core_dims=[core, core],
        output_core_dims=[["eigenvalue"], *([] for _ in range(len(COLUMNS) - 1))],
        join="exact",
        dask="parallelized",
        output_dtypes=[np.complex128, *(np.float64 for _ in range(len(COLUMNS) - 1))],
        dask_gufunc_kwargs={"output_sizes": {"eigenvalue": query.sizes["head_dim"]}},
    )
    return xr.Dataset(
        {
            name: array.assign_attrs(long_name=meaning)
            for (name, meaning), array in zip(COLUMNS.items(), found, strict=True)
        }
    )


def _batch_columns(query: NDArray[Any], key: NDArray[Any], scale: float | None) -> dict[str, NDArray[Any]]:
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
