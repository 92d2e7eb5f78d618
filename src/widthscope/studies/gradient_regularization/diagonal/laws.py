"""Evidence of identities: the laws of w₊w₋, and the solution that the flow tends to."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from widthscope.statistics.over_seeds import of_seeds
from widthscope.studies.gradient_regularization.diagonal.naming import named

Array = np.ndarray[Any, np.dtype[np.float64]]
Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]

WRONG = ("squared", "initial", "mean", "permuted")
SAID = {
    "squared": "integral of the squared gradient",
    "initial": "initial scale",
    "mean": "mean over coordinates",
    "permuted": "coordinates permuted",
}


def log10(values: xr.DataArray) -> Array:
    """Decimal logarithms, from 1e-17 up: below that a deviation is rounding."""
    return np.asarray(np.log10(np.maximum(values.values, 1e-17)))


def product_law(uncentred: xr.Dataset, centred: xr.Dataset, found: Mapping[str, xr.Dataset]) -> Evidence:
    """Deviations of log(w₊w₋) from the laws of the flow and of finite steps, and from wrong ones."""
    every = {"uncentred": uncentred, "centred": centred}

    def of_flow(formula: str, exact: bool) -> xr.Dataset:
        names, values = [], []
        for setting, table in every.items():
            for ascent in table["ascent"].values:
                if ascent or exact:  # for double backpropagation the two integrals are one
                    names.append(f"{setting}, {named(ascent)}")
                    values.append(log10(table["deviation"].sel(formula=formula, ascent=ascent)))
        return of_seeds(names, values)

    descent = found["descent"]

    def of_descent(formula: str) -> xr.Dataset:
        table = descent["deviation"].sel(formula=formula)
        names = [named(ascent) for ascent in descent["ascent"].values]
        return of_seeds(names, list(log10(table.transpose("ascent", "seed"))))

    return {
        "flow": (of_flow("right", exact=True), of_flow("wrong", exact=False)),
        "descent": (of_descent("right"), of_descent("wrong")),
    }


def argmin(uncentred: xr.Dataset, centred: xr.Dataset) -> Evidence:
    """Distance of trained solutions from those of the dual problem, and how much larger with wrong scales."""
    every = {"uncentred": uncentred, "centred": centred}

    def gaps(candidate: str) -> xr.Dataset:
        found = {
            f"{setting}, {named(ascent)}": log10(table["gap"].sel(candidate=candidate, ascent=ascent))
            for setting, table in every.items()
            for ascent in table["ascent"].values
        }
        return of_seeds(list(found), list(found.values()))

    def ratios(table: xr.Dataset, candidates: Sequence[str], reference: str) -> xr.Dataset:
        found = {}
        for candidate in candidates:
            for ascent in table["ascent"].values[table["ascent"].values != 0]:
                found[f"{SAID[candidate]}, {named(ascent)}"] = log10(
                    table["gap"].sel(candidate=candidate, ascent=ascent)
                ) - log10(table["gap"].sel(candidate=reference, ascent=ascent))
        return of_seeds(list(found), list(found.values()))

    return {
        "gap": (gaps("exact"), gaps("permuted")),
        "ratio": (ratios(uncentred, WRONG, "exact"), ratios(uncentred, WRONG[1:], WRONG[0])),
        "centred": (ratios(centred, WRONG, "exact"), None),
    }


def flooding(uncentred: xr.Dataset, centred: xr.Dataset) -> Evidence:
    """The law of w₊w₋ under flooding, and test errors after flooding and the plain flow."""
    every = {"with a mean": uncentred, "centred": centred}

    def deviations(formula: str) -> xr.Dataset:
        return of_seeds(
            list(every), [log10(each["deviation"].sel(formula=formula)) for each in every.values()]
        )

    def error(name: str) -> xr.Dataset:
        return of_seeds(name, [every[name]["test_error"] - every[name]["plain_error"]])

    even = of_seeds("centred, spread evenly", [centred["even_error"] - centred["plain_error"]])

    shifts = [each["log_shift"].mean("feature", skipna=False) for each in every.values()]
    return {
        "identity": (deviations("right"), deviations("wrong")),
        "uncentred": (error("with a mean"), error("centred")),
        "centred": (error("centred"), even),
        "shift": (of_seeds(list(every), shifts), None),
        "loss": (of_seeds(list(every), [each["loss"] for each in every.values()]), None),
    }
