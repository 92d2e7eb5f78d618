"""Evidence on ReLU tokens: laws of the outputs against exact ones, and the limit of E y²."""

from typing import Literal

import xarray as xr

from widthscope.attention.gram import RELU_ALPHA, RELU_BETA, FloatArray
from widthscope.attention.output_law import OutputLaw, limit_output
from widthscope.attention.softmax_moments import limit_moments
from widthscope.statistics.distances import KolmogorovSmirnov, ks_of_counts, ks_of_counts_from_law
from widthscope.statistics.evidence import law_evidence
from widthscope.statistics.intervals import Estimate, batch_means
from widthscope.studies.limit_law.cells import EDGES
from widthscope.studies.limit_law.measurements import (
    Measurement,
    curves,
    exact_curve,
    extrapolate,
    measured,
    rows,
    wide_enough,
)

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]

LIMIT_WIDTH = 256
"""From this width on outputs of one token are compared with the limit law: there they differ by a KS
distance of 0.001, which the draws of a run cannot see (theory notes 4)."""


def tests(table: xr.Dataset) -> Evidence:
    """Single tokens against the limit, E y² in the limit, and three functionals against layers with all
    weights.

    The control is the limit law for K = I/2, in the place of the ReLU tokens' own.
    """
    return {
        "limit": (_limit(table, "own"), _limit(table, "wrong")),
        "variance": (_variance(table, "own"), _variance(table, "wrong")),
        "exact-width": (_witness(table, "own"), _witness(table, "wrong")),
    }


def limit_law(table: xr.Dataset, kind: Literal["own", "wrong"]) -> OutputLaw:
    """Limit law of one output of one token: for the ReLU tokens' K = a I + b 11ᵀ, or for K = I/2."""
    tokens, heads = int(table.attrs["tokens"]), int(table.attrs["heads"])
    if kind == "own":
        return limit_output(tokens, heads, alpha=RELU_ALPHA, beta=RELU_BETA)
    return limit_output(tokens, heads, alpha=0.5)


def figure_curves(table: xr.Dataset) -> xr.Dataset:
    """KS distance of one token's output from both limit laws, over the width, and of two functionals from
    samples of them."""
    series = []
    widths = [float(row["width"]) for row in _layers(table)]
    for kind in ("own", "wrong"):
        law = limit_law(table, kind).cdf(EDGES)
        single = [_one(row, law).distance for row in _layers(table)]
        series.append(exact_curve(f"{kind} y1", widths, single))
        for functional in ("y1-y2", "y1·y2"):
            reference = _only(table, "limit" if kind == "own" else "wrong")
            found = [_two(row, reference, functional).distance for row in _layers(table)]
            series.append(exact_curve(f"{kind} {functional}", widths, found))
    return curves(*series).assign_attrs(draws=int(table["draws"].values.max()))


def _limit(table: xr.Dataset, kind: Literal["own", "wrong"]) -> xr.Dataset:
    law = limit_law(table, kind).cdf(EDGES)
    layers = _layers(table)
    wide = max(int(row["width"]) for row in layers)
    chosen = [row for row in layers if int(row["width"]) >= min(LIMIT_WIDTH, wide)]
    found = [_one(row, law) for row in chosen]
    return law_evidence(
        [f"y1 n={int(row['width'])}" for row in chosen],
        [one.distance for one in found],
        [one.p_value for one in found],
        [int(row["draws"]) for row in chosen],
    )


def _variance(table: xr.Dataset, kind: Literal["own", "wrong"]) -> xr.Dataset:
    """E y², extrapolated to infinite width, against the exact value; of the wrong law in the control."""
    exact = limit_moments(RELU_ALPHA, RELU_BETA, int(table.attrs["tokens"])).mean
    if kind == "wrong":
        row = _only(table, "wrong")
        return measured([Measurement("K=I/2", _mean(row), int(row["draws"]), exact)])
    layers = _layers(table)
    used = wide_enough([int(row["width"]) for row in layers])
    kept = [row for row, keep in zip(layers, used, strict=True) if keep]
    limit = extrapolate([int(row["width"]) for row in kept], [_mean(row) for row in kept])
    return measured([Measurement("n=∞", limit, sum(int(row["draws"]) for row in kept), exact)])


def _witness(table: xr.Dataset, kind: Literal["own", "wrong"]) -> xr.Dataset:
    """Layers with all weights drawn against the sampler on the same width, or against the wrong limit law."""
    naive = _only(table, "naive")
    width = int(naive["width"])
    reference = _only(table, "wrong") if kind == "wrong" else _only(table, "bartlett", width)
    names = [str(name) for name in table["functional"].values]
    found = [_two(naive, reference, name) for name in names]
    return law_evidence(
        [f"{name} n={width}" for name in names],
        [one.distance for one in found],
        [one.p_value for one in found],
        int(naive["draws"]),
        int(reference["draws"]),
    )


def _one(row: xr.Dataset, law: FloatArray) -> KolmogorovSmirnov:
    return ks_of_counts_from_law(row["counts"].sel(functional="y1"), law)


def _two(row: xr.Dataset, reference: xr.Dataset, functional: str) -> KolmogorovSmirnov:
    return ks_of_counts(*(one["counts"].sel(functional=functional) for one in (row, reference)))


def _mean(row: xr.Dataset) -> Estimate:
    return batch_means(row["variance"].values)


def _layers(table: xr.Dataset) -> list[xr.Dataset]:
    """Points of the fast sampler, by width."""
    return list(rows(table, sampler="bartlett"))


def _only(table: xr.Dataset, sampler: str, width: int | None = None) -> xr.Dataset:
    where = {"sampler": sampler} if width is None else {"sampler": sampler, "width": width}
    return next(rows(table, **where))
