"""Evidence on normalised outputs and on stacks of layers."""

from collections.abc import Callable

import numpy as np
import xarray as xr

from widthscope.attention.gram import FloatArray
from widthscope.statistics.evidence import evidence, law_evidence
from widthscope.statistics.intervals import Estimate, batch_means, jackknife
from widthscope.statistics.power_laws import fit_rate
from widthscope.studies.limit_law.cells import against_sample
from widthscope.studies.limit_law.extensions.theory import (
    collapsed_growth,
    correlation_moments,
    normalised_excess_kurtosis,
    uniform_chain,
)
from widthscope.studies.limit_law.measurements import (
    Measurement,
    curves,
    draws,
    exact_curve,
    measured,
    points_of_curve,
    rows,
)

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]

COLLAPSED = 2
"""From this layer on the tokens of a stack without skip are parallel to within a percent."""


def layernorm_tests(table: xr.Dataset) -> Evidence:
    """Kurtosis of one coordinate after normalisation at every width, and the mixed moment of two tokens.

    Controls: outputs that are not normalised; Gaussian tokens with the same mean correlation.
    """
    layers, gaussian = (list(rows(table, outputs=name)) for name in ("layer", "gaussian"))
    widest = [int(row["width"]) for row in layers][-2:]
    limit = 1 + 2 * correlation_moments(int(table["tokens"].values[0])).square
    return {
        "marginals": (
            measured([entry for row in layers for entry in _normalised_kurtosis(row, "normalised")]),
            measured([entry for row in layers for entry in _normalised_kurtosis(row, "raw")]),
        ),
        "mixed-moment": (
            measured([_mixed_moment(row, limit) for row in layers if int(row["width"]) in widest]),
            measured([_mixed_moment(row, limit) for row in gaussian if int(row["width"]) in widest]),
        ),
    }


def depth_tests(table: xr.Dataset) -> Evidence:
    """The finite chain beside the limit chain: its rate, the growth of corrections, token correlations.

    Controls: uniform attention in the limit's place; separate layers, which hand nothing on.
    """
    limit = _only(table, "limit", "plain")
    return {
        "rate": (_rates(table, _kurtoses(limit)), _rates(table, None)),
        "growth": (_growth(table, "finite"), _growth(table, "separate")),
        "correlation": (_correlations(table, uniform=False), _correlations(table, uniform=True)),
    }


def witness_test(table: xr.Dataset) -> Evidence:
    """Chains of Gram matrices against stacks with all weights; the control is the limit chain."""
    return {"exact-chain": (_witness(table, "finite"), _witness(table, "limit"))}


def layernorm_curve(table: xr.Dataset) -> xr.Dataset:
    """Kurtosis and mixed moment over the width, with what is predicted."""
    layers, gaussian = (list(rows(table, outputs=name)) for name in ("layer", "gaussian"))
    rho = correlation_moments(int(table["tokens"].values[0]))
    widths = [float(row["width"]) for row in layers]
    dense = [float(n) for n in np.geomspace(widths[0], widths[-1], 17)]
    ends = [widths[0], widths[-1]]

    def mixed(group: list[xr.Dataset]) -> list[Estimate]:
        return [_mixed_moment(row, np.nan).estimate for row in group]

    return curves(
        points_of_curve("RMSNorm", widths, [_fourth(row, "rms") for row in layers]),
        points_of_curve("LayerNorm", widths, [_fourth(row, "centred") for row in layers]),
        points_of_curve("raw", widths, [_fourth(row, "raw") for row in layers]),
        exact_curve("exact RMSNorm", dense, [normalised_excess_kurtosis(round(n)) for n in dense]),
        exact_curve("exact LayerNorm", dense, [normalised_excess_kurtosis(round(n), True) for n in dense]),
        points_of_curve("mixed", widths, mixed(layers)),
        points_of_curve("mixed gaussian", [float(row["width"]) for row in gaussian], mixed(gaussian)),
        exact_curve("limit", ends, [1 + 2 * rho.square] * 2),
        exact_curve("limit gaussian", ends, [1 + 2 * rho.mean**2] * 2),
    )


def depth_curve(table: xr.Dataset) -> xr.Dataset:
    """Token correlation and excess kurtosis of every layer, for each block and width, and in the limit."""
    series = []
    for row in rows(table):
        name = f"{row['chain'].item()} {row['block'].item()} n={int(row['width'])}"
        layers = [float(layer) for layer in range(1, row.sizes["layer"] + 1)]
        series.append(points_of_curve(f"correlation {name}", layers, _mean_correlations(row)))
        series.append(points_of_curve(f"kurtosis {name}", layers, _kurtoses(row)))
    return curves(*series).assign_attrs(table.attrs)


def _normalised_kurtosis(row: xr.Dataset, kind: str) -> list[Measurement]:
    """Kurtosis after RMSNorm and after LayerNorm, against 3n/(n+2) and its like with the mean subtracted;
    that of the raw output in their place for the control."""
    width = int(row["width"])
    return [
        Measurement(
            f"{name} n={width}",
            _plus(_fourth(row, moment if kind == "normalised" else "raw"), 3.0),
            draws(row),
            3 + normalised_excess_kurtosis(width, centred),
        )
        for name, moment, centred in (("RMSNorm", "rms", False), ("LayerNorm", "centred", True))
    ]


def _fourth(row: xr.Dataset, name: str) -> Estimate:
    """Excess kurtosis of one coordinate."""
    if name != "raw":
        return _plus(batch_means(row[f"{name}_fourth"].values), -3.0)
    return jackknife(
        lambda second, fourth: fourth.mean(0) / second.mean(0) ** 2 - 3, row["raw_second"], row["raw_fourth"]
    )


def _plus(estimate: Estimate, shift: float) -> Estimate:
    return Estimate(estimate.value + shift, estimate.standard_error, estimate.degrees)


def _mixed_moment(row: xr.Dataset, prediction: float) -> Measurement:
    """E u_i² u_j² (n+2)/n, which is 1 + 2 E c² with c the cosine of the angle between two outputs."""
    width = int(row["width"])
    found = batch_means(row["rms_pair"].values * (width + 2) / width)
    return Measurement(f"n={width}", found, draws(row), prediction)


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


def _rates(table: xr.Dataset, limit: list[Estimate] | None) -> xr.Dataset:
    """Exponent of the gap between excess kurtosis at width n and in the limit, layer by layer.

    From the second layer on: the first has the law of a single layer, whose rate is a claim of its own.
    Without a limit, that of uniform attention is taken, for the first layer too: its output is Gaussian in
    every layer.
    """
    finite = list(rows(table, chain="finite", block="plain"))
    found = [_kurtoses(row) for row in finite]
    widths = [int(row["width"]) for row in finite]
    exponents = []
    layers = range(0 if limit is None else 1, table.sizes["layer"])
    for layer in layers:
        reference = Estimate(0.0, 0.0) if limit is None else limit[layer]
        gap = [one[layer].value - reference.value for one in found]
        error = [float(np.hypot(one[layer].standard_error, reference.standard_error)) for one in found]
        exponents.append(fit_rate(widths, gap, error, power=1.0, degrees=found[0][layer].degrees))
    return evidence(
        [f"layer {layer + 1}" for layer in layers],
        [fit.exponent for fit in exponents],
        [fit.standard_error for fit in exponents],
        prediction=1.0,
        n=sum(draws(row) for row in finite),
        degrees=[fit.degrees for fit in exponents],
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
            found.append(against_sample(*(one.sel(functional=functional) for one in (naive, other))))
    size = int(table.attrs["draws"])
    return law_evidence(names, [one.distance for one in found], [one.p_value for one in found], size, size)
