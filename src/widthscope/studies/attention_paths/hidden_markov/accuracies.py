"""Accuracies read from the tables of the experiments, by seed."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from widthscope.studies.attention_paths.hidden_markov.variants import CALLED

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]
Tables = Mapping[str, xr.Dataset]


def narrowest(table: xr.Dataset) -> xr.Dataset:
    """The table at its smallest width."""
    return table.sel(width=table["width"].min())


def tuned(by_temperature: xr.DataArray) -> xr.DataArray:
    """Accuracy on test sequences at the temperature that is best on validation sequences, the coldest such.

    Args:
        by_temperature: accuracies with dimensions `temperature` and `part` (validation, test). One that was
            not measured leaves the choice open, and the result NaN.
    """
    chosen_on, judged_on = by_temperature.sel(part="validation"), by_temperature.sel(part="test")
    found = judged_on.isel(temperature=chosen_on.fillna(-1.0).argmax("temperature"))
    every = by_temperature.notnull().all(["temperature", "part"])
    return found.drop_vars(("temperature", "part")).where(every)


def chosen_temperature(by_temperature: xr.DataArray) -> xr.DataArray:
    """The temperature that is best on validation sequences, the coldest such."""
    validation = by_temperature.sel(part="validation")
    return validation["temperature"][validation.fillna(-1.0).argmax("temperature")].drop_vars("temperature")


def called(variants: tuple[str, ...]) -> list[str]:
    """Names of variants for readers."""
    return [CALLED[variant] for variant in variants]


def finite(table: xr.Dataset) -> np.ndarray:
    """Accuracy of the narrowest network with all paths, by seed."""
    return np.asarray(narrowest(table)["accuracy"].sel(subset="all").values)


def infinite(table: xr.Dataset) -> np.ndarray:
    """Accuracy of the Gaussian process with all paths, by seed."""
    return np.asarray(table["infinite_accuracy"].sel(subset="all").values)


def restricted(table: xr.Dataset, restriction: str) -> np.ndarray:
    """Accuracy of the narrowest network with another order parameter in the place of its own, by seed."""
    return np.asarray(table["restricted_accuracy"].sel(restriction=restriction).values)


def rescaled(table: xr.Dataset) -> np.ndarray:
    """Accuracy of the narrowest network with order parameters that are multiples of the identity, by seed."""
    return np.asarray(narrowest(table)["rescaled_accuracy"].values)
