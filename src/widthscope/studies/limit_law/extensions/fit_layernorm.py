"""Evidence on outputs normalised over their channels."""

import numpy as np
import xarray as xr

from widthscope.statistics.intervals import Estimate, batch_means, jackknife
from widthscope.studies.limit_law.extensions.theory import (
    correlation_moments,
    normalised_excess_kurtosis,
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


def tests(table: xr.Dataset) -> Evidence:
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


def curve(table: xr.Dataset) -> xr.Dataset:
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
