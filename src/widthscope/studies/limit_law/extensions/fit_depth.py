"""Evidence on stacks of layers."""

from collections.abc import Callable

import numpy as np
import xarray as xr

from widthscope.attention.gram import FloatArray
from widthscope.statistics.distances import ks_of_counts
from widthscope.statistics.evidence import law_evidence, of_estimates
from widthscope.statistics.intervals import Estimate, jackknife
from widthscope.statistics.power_laws import fit_rate
from widthscope.studies.limit_law.extensions.theory import (
    collapsed_growth,
    uniform_chain,
)
from widthscope.studies.limit_law.measurements import (
    Measurement,
    curves,
    draws,
    measured,
    points_of_curve,
    rows,
)

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]

COLLAPSED = 2
"""From this layer on the tokens of a stack without skip are parallel to within a percent."""


def depth_tests(table: xr.Dataset) -> Evidence:
    """The finite chain beside the limit chain: its rate, the growth of corrections, token correlations.

    Controls: for the rate the limit law of a single layer, the first, in every layer's place; for the growth
    separate layers, which hand nothing on; for the correlations uniform attention in the limit's place.
    """
    limit = _kurtoses(_only(table, "limit", "plain"))
    return {
        "rate": (_rates(table, limit), _rates(table, limit[:1] * len(limit))),
        "growth": (_growth(table, "finite"), _growth(table, "separate")),
        "correlation": (_correlations(table, uniform=False), _correlations(table, uniform=True)),
    }


def witness_test(table: xr.Dataset) -> Evidence:
    """Chains of Gram matrices against stacks with all weights; the control is the limit chain."""
    return {"exact-chain": (_witness(table, "finite"), _witness(table, "limit"))}


def curve(table: xr.Dataset) -> xr.Dataset:
    """Token correlation and excess kurtosis of every layer, for each block and width, and in the limit."""
    series = []
    for row in rows(table):
        name = f"{row['chain'].item()} {row['block'].item()} n={int(row['width'])}"
        layers = [float(layer) for layer in range(1, row.sizes["layer"] + 1)]
        series.append(points_of_curve(f"correlation {name}", layers, _mean_correlations(row)))
        series.append(points_of_curve(f"kurtosis {name}", layers, _kurtoses(row)))
    return curves(*series).assign_attrs(table.attrs)


def _only(table: xr.Dataset, chain: str, block: str) -> xr.Dataset:
    return next(rows(table, chain=chain, block=block))


def _per_layer(row: xr.Dataset, statistic: Callable[..., FloatArray], *names: str) -> list[Estimate]:
    """A statistic with one value per layer, jackknifed over batches."""
    found = jackknife(statistic, *(row[name].transpose("batch", "layer").values for name in names))
    return [
        Estimate(float(value), float(error), found.degrees)
        for value, error in zip(found.value, found.standard_error, strict=True)
    ]


def _kurtoses(row: xr.Dataset) -> list[Estimate]:
    """Excess kurtosis of an attention output in every layer."""

    def excess(mean: FloatArray, square: FloatArray) -> FloatArray:
        return np.asarray(3 * (square.mean(0) / mean.mean(0) ** 2 - 1))

    return _per_layer(row, excess, "variance", "variance_square")


def _mean_correlations(row: xr.Dataset) -> list[Estimate]:
    return _per_layer(row, lambda values: values.mean(0), "correlation")


def _rates(table: xr.Dataset, limit: list[Estimate]) -> xr.Dataset:
    """Exponent of the gap between excess kurtosis at width n and the limit given for each layer.

    From the second layer on: the first has the law of a single layer, whose rate is a claim of its own.
    """
    finite = list(rows(table, chain="finite", block="plain"))
    found = [_kurtoses(row) for row in finite]
    widths = [int(row["width"]) for row in finite]
    exponents = []
    layers = range(1, table.sizes["layer"])
    for layer in layers:
        reference = limit[layer]
        gap = [one[layer].value - reference.value for one in found]
        error = [float(np.hypot(one[layer].standard_error, reference.standard_error)) for one in found]
        exponents.append(fit_rate(widths, gap, error, power=1.0, degrees=found[0][layer].degrees))
    return of_estimates(
        [f"layer {layer + 1}" for layer in layers],
        [fit.estimate for fit in exponents],
        prediction=1.0,
        n=sum(draws(row) for row in finite),
    )


def _growth(table: xr.Dataset, chain: str) -> xr.Dataset:
    """Slope of n times the excess kurtosis on the layer, from the collapse of the tokens on, at the largest
    two widths."""
    prediction = collapsed_growth(int(table.attrs["heads"]))
    widest = list(rows(table, chain=chain, block="plain"))[-2:]
    return measured(
        [Measurement(f"n={int(row['width'])}", _slope(row), draws(row), prediction) for row in widest]
    )


def _slope(row: xr.Dataset) -> Estimate:
    """Least-squares slope of n times the excess kurtosis on the layer."""
    width = int(row["width"])
    layers = np.arange(COLLAPSED, row.sizes["layer"] + 1)
    centred = layers - layers.mean()

    def slope(mean: FloatArray, square: FloatArray) -> float:
        excess = 3 * (square.mean(0) / mean.mean(0) ** 2 - 1)
        return float(width * (centred @ excess[COLLAPSED - 1 :]) / (centred @ centred))

    batches = (row[name].transpose("batch", "layer").values for name in ("variance", "variance_square"))
    return jackknife(slope, *batches)


def _correlations(table: xr.Dataset, uniform: bool) -> xr.Dataset:
    """Mean token correlation of every layer at the largest width, less that of the limit or of uniform
    attention."""
    entries = []
    for block in ("plain", "skip-norm"):
        finite = list(rows(table, chain="finite", block=block))[-1]
        limit = _mean_correlations(_only(table, "limit", block))
        if uniform:
            skip = float(table.attrs["skip"]) if block == "skip-norm" else None
            exact = uniform_chain(int(table.attrs["tokens"]), len(limit), skip, block == "skip-norm")
            limit = [Estimate(float(value), 0.0) for value in exact]
        for layer, (one, other) in enumerate(zip(_mean_correlations(finite), limit, strict=True), start=1):
            error = float(np.hypot(one.standard_error, other.standard_error))
            gap = Estimate(one.value - other.value, error, one.degrees)
            entries.append(Measurement(f"{block} layer {layer}", gap, draws(finite), 0.0))
    return measured(entries)


def _witness(table: xr.Dataset, chain: str) -> xr.Dataset:
    names, found = [], []
    functionals = [str(name) for name in table["functional"].values]
    for block in dict.fromkeys(str(name) for name in table["block"].values):
        naive, other = (_only(table, kind, block)["counts"] for kind in ("naive", chain))
        for functional in functionals:
            if block == "skip-norm" and functional in ("K11", "K11-2K12+K22"):
                continue  # K11 is 1 after normalisation, and the difference then says what K12 says
            names.append(f"{functional}, {block}")
            found.append(ks_of_counts(*(one.sel(functional=functional) for one in (naive, other))))
    size = int(table.attrs["draws"])
    return law_evidence(names, [one.distance for one in found], [one.p_value for one in found], size, size)
