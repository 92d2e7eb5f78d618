"""From sweeps to the curves that figures show: means over seeds with bands, optima, slopes. No Torch here."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from widthscope.statistics.intervals import Estimate
from widthscope.statistics.optimum import (
    FLAGS,
    HIGH_EDGE,
    LOW_EDGE,
    drift,
    mean_optima,
    optima,
    transfer_regret,
)
from widthscope.statistics.over_seeds import BAND_LEVEL
from widthscope.statistics.quantiles import critical_value
from widthscope.statistics.width_slopes import over_seeds, width_slope


def half_width(estimate: Estimate) -> float:
    """Half the width of an estimate's own interval, as of the bands of all figures; NaN where unknown."""
    if not np.isfinite(estimate.standard_error):
        return float("nan")
    return float(critical_value(BAND_LEVEL, estimate.degrees) * estimate.standard_error)


def transfer_curve(losses: xr.DataArray) -> xr.Dataset:
    """What a transfer figure shows of one arm.

    Args:
        losses: of `statistics.optimum.curves`, over (width, lr, seed); infinite where a seed diverged.

    Returns:
        over (width, lr) `loss`, the geometric mean over seeds, with `loss_low` and `loss_high`, NaN where a
        seed diverged, and `diverged`, the share of seeds that did; over width `log2_lr` and `log2_lr_half` of
        the optimum, NaN where it was not measured, `optimum_loss`, and the shares `low_edge` and `high_edge`
        of seeds whose smallest loss lies on the grid's end; `drift` and `drift_half`, NaN where not measured,
        and `regret`, its mean over seeds; attribute `seeds`.
    """
    losses = losses.sortby("lr").sortby("width").transpose("width", "lr", "seed")
    found = optima(losses)
    with np.errstate(invalid="ignore"):
        logs = np.log(losses.values)
        rows = [[over_seeds(seeds) for seeds in of_width] for of_width in logs]
    dims = ("width", "lr")
    mean = np.array([[one.value for one in row] for row in rows])
    half = np.array([[half_width(one) for one in row] for row in rows])
    means = mean_optima(found)
    slope = drift(found) if losses.sizes["width"] > 1 else Estimate(np.nan, np.nan)
    return xr.Dataset(
        {
            "loss": (dims, np.exp(mean)),
            "loss_low": (dims, np.exp(mean - half)),
            "loss_high": (dims, np.exp(mean + half)),
            "diverged": (dims, np.isinf(losses.values).mean(axis=2)),
            "log2_lr": ("width", [one.value for one in means]),
            "log2_lr_half": ("width", [half_width(one) for one in means]),
            "optimum_loss": (
                "width",
                np.exp(found["log_loss"].transpose("width", "seed").values.mean(axis=1)),
            ),
            **{
                FLAGS[flag].replace(" ", "_"): (found["flag"] == flag).mean("seed")
                for flag in (LOW_EDGE, HIGH_EDGE)
            },
            "drift": float(slope.value),
            "drift_half": half_width(slope),
            "regret": float(transfer_regret(losses).mean()),
        },
        coords={"width": losses["width"].values, "lr": losses["lr"].values},
        attrs={"seeds": losses.sizes["seed"]},
    )


def coordinate_curve(
    values: Mapping[str, xr.DataArray], predictions: Mapping[str, float] | None = None, drop: int = 0
) -> xr.Dataset:
    """What a coordinate figure shows of one arm.

    Args:
        values: what is measured, over (width, seed), by the name of its curve.
        predictions: slope of each; none where it is left out.
        drop: how many of the smallest widths the slopes leave out.

    Returns:
        over (curve, width) `value`, the geometric mean over seeds, with `value_low` and `value_high`; over
        curve `slope`, `slope_half` and `prediction`; attribute `seeds`.
    """
    rows, slopes = [], []
    for each in values.values():
        rising = each.sortby("width").transpose("width", "seed")
        with np.errstate(divide="ignore", invalid="ignore"):
            rows.append([over_seeds(np.log(seeds)) for seeds in rising.values.astype(float)])
        slopes.append(width_slope(rising, drop))
    mean = np.array([[one.value for one in row] for row in rows])
    half = np.array([[half_width(one) for one in row] for row in rows])
    first = next(iter(values.values())).sortby("width")
    expected = [np.nan if predictions is None else predictions.get(name, np.nan) for name in values]
    return xr.Dataset(
        {
            "value": (("curve", "width"), np.exp(mean)),
            "value_low": (("curve", "width"), np.exp(mean - half)),
            "value_high": (("curve", "width"), np.exp(mean + half)),
            "slope": ("curve", [one.value for one in slopes]),
            "slope_half": ("curve", [half_width(one) for one in slopes]),
            "prediction": ("curve", expected),
        },
        coords={"curve": list(values), "width": first["width"].values},
        attrs={"seeds": first.sizes["seed"]},
    )


def effective_rates(table: xr.Dataset) -> xr.Dataset:
    """Factors of each layer's learning rate and dampings by width, over (width, layer).

    Args:
        table: of `tables.joined`, or one shard of it.

    Returns:
        `rate`, `damping_inputs` and `damping_outputs`, each over its value at the base width; dampings are
        left out where the sweep has none.
    """
    found = {"rate": (table["lr_eff"] / table["lr"]).mean("lr")}
    for name, of in (("damping_inputs", "rho_A_eff"), ("damping_outputs", "rho_B_eff")):
        if of in table and bool((table["damping"] > 0).all()):
            found[name] = (table[of] / table["damping"]).mean("damping")
    return xr.Dataset(found).transpose("width", "layer")
