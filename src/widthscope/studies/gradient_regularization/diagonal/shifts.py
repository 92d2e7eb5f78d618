"""Evidence of the shift of scale: its trend, its prediction, and where it falls."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from widthscope.diagonal_networks.effective_scale import linearised_shift
from widthscope.diagonal_networks.mean_field import scale_shift
from widthscope.statistics.over_seeds import of_seeds
from widthscope.studies.gradient_regularization.diagonal.naming import by_ascent, named

Array = np.ndarray[Any, np.dtype[np.float64]]
Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]


def mean_shift(table: xr.Dataset) -> xr.DataArray:
    """Mean of log(α/α₀) over the coordinates, (seed, ascent)."""
    return table["log_shift"].mean("feature", skipna=False)


def monotone(uncentred: xr.Dataset, larger: xr.Dataset) -> Evidence:
    """Slopes of the mean shift between neighbouring ascent steps, paired by seed."""
    return {
        "slope": (slopes(uncentred), slopes(larger)),
        "shift": (by_ascent(mean_shift(uncentred)), None),
    }


def slopes(table: xr.Dataset) -> xr.Dataset:
    """Differences of the mean shift of neighbours, over those of their ascent steps."""
    ascents = table["ascent"].values
    shift = mean_shift(table).transpose("ascent", "seed").values
    names = [
        f"{ascents[k]:g} to {ascents[k + 1]:g} at scale {table.attrs['scale']:g}"
        for k in range(len(ascents) - 1)
    ]
    return of_seeds(names, list(np.diff(shift, axis=0) / np.diff(ascents)[:, None]))


def predictions(uncentred: xr.Dataset) -> xr.Dataset:
    """Mean shift off the support, and what the scalar flow predicts of it.

    Returns:
        `observed` and `data` (seed, ascent), predicted with the seed's own means of inputs and outputs;
        `population` and `linearised` (ascent,), with the means that the data are drawn with; and
        `linearised_data` (seed, ascent).
    """
    attrs, ascents = uncentred.attrs, uncentred["ascent"].values
    observed = (
        uncentred["log_shift"].isel(feature=slice(attrs["support"], None)).mean("feature", skipna=False)
    )
    fixed = (attrs["scale"], attrs["strength"])
    features, mean, target_sum = attrs["features"], attrs["mean"], float(np.sqrt(attrs["support"]))
    own = [
        (float(of_inputs), float(of_outputs / of_inputs))
        for of_inputs, of_outputs in zip(
            uncentred["input_mean"].values, uncentred["output_mean"].values, strict=True
        )
    ]
    data = [[scale_shift(*fixed, ascent, m, features, total) for ascent in ascents] for m, total in own]
    linearised = [linearised_shift(*fixed, ascents, m, features, total) for m, total in own]
    return xr.Dataset(
        {
            "observed": observed.transpose("seed", "ascent"),
            "data": (("seed", "ascent"), data),
            "linearised_data": (("seed", "ascent"), linearised),
            "population": (
                "ascent",
                [scale_shift(*fixed, ascent, mean, features, target_sum) for ascent in ascents],
            ),
            "linearised": ("ascent", linearised_shift(*fixed, ascents, mean, features, target_sum)),
        },
        attrs={"predicted": attrs["predicted"]},
    )


def mean_field(shifts: xr.Dataset) -> Evidence:
    """Observed over predicted shifts, at the ascent steps that the settings name."""
    ascents = np.atleast_1d(shifts.attrs["predicted"]).tolist()

    def ratios(name: str, among: Sequence[float]) -> xr.Dataset:
        of = shifts.sel(ascent=list(among))
        values = (of["observed"] / of[name]).transpose("ascent", "seed").values
        return of_seeds([named(ascent) for ascent in among], list(values), prediction=1.0)

    return {
        "ratio": (ratios("data", ascents), ratios("linearised_data", ascents)),
        "population": (ratios("population", ascents), None),
        "all": (by_ascent(shifts["observed"] - shifts["data"]), None),
    }


def places(table: xr.Dataset, ascent: float) -> tuple[Array, Array]:
    """Mean shift on the support and elsewhere, (seed,) each."""
    shift = table["log_shift"].sel(ascent=ascent).transpose("seed", "feature").values
    support = table.attrs["support"]
    return shift[:, :support].mean(axis=1), shift[:, support:].mean(axis=1)


def support_ratio(table: xr.Dataset) -> Array:
    """Logarithm of the mean shift's size on the support over that elsewhere, (seed,)."""
    on, off = places(table, 0.0)
    return np.asarray(np.log(np.abs(on) / np.abs(off)))
