"""What the figures of the family `digits` show: means over seeds with half-widths, and points."""

import numpy as np
import xarray as xr

from widthscope.statistics.over_seeds import band
from widthscope.studies.jacobian_dynamics.digits.scores import MODELS
from widthscope.studies.jacobian_dynamics.digits.tables import Runs
from widthscope.studies.jacobian_dynamics.digits.trade import points


def accuracy_curves(runs: Runs) -> xr.Dataset:
    """``accuracy`` and its half-width over (arm, iteration), with T in the attributes."""
    found = [band(runs.tables[arm]["accuracy"], "accuracy") for arm in MODELS]
    joined = xr.concat(found, dim=xr.Variable("arm", list(MODELS)), join="exact")
    return joined.assign_attrs(trained=runs.trained, dataset=str(runs.tables["rms"].attrs.get("dataset", "")))


def exponent_points(runs: Runs) -> xr.Dataset:
    """``before``, ``after`` and ``long_run`` exponents over (arm, seed), NaN beyond an arm's seeds."""
    found = [
        xr.Dataset(
            {
                "before": runs.exponent(arm, 0),
                "after": runs.exponent(arm),
                "long_run": runs.tables[arm]["long_run"],
                "accuracy": runs.accuracy(arm, runs.trained),
            }
        )
        for arm in MODELS
    ]
    joined = xr.concat(found, dim=xr.Variable("arm", list(MODELS)), join="outer")
    return joined.assign_attrs(trained=runs.trained)


def rescaled_points(runs: Runs) -> xr.Dataset:
    """``exponent`` and ``accuracy`` over (seed, point), with the coordinates ``arm`` and ``log_factor``."""
    return points(runs).assign_attrs(trained=runs.trained)


def penalty_points(runs: Runs) -> xr.Dataset:
    """``exponent`` and the accuracies after T and most iterations, with half-widths, over (run)."""
    names = ["rms", *(name for name in runs.tables if name not in MODELS)]
    found = [
        xr.merge(
            [
                band(runs.exponent(name), "exponent"),
                band(runs.trained_accuracy(name), "accuracy"),
                band(runs.accuracy(name, runs.longest), "long_accuracy"),
            ],
            compat="equals",
        )
        for name in names
    ]
    joined = xr.concat(found, dim=xr.Variable("run", names), join="exact")
    attrs = [runs.tables[name].attrs for name in names]
    return joined.assign(
        strength=("run", np.array([float(each["strength"]) for each in attrs])),
        penalty=("run", np.array([str(each["penalty"]) for each in attrs])),
    ).assign_attrs(trained=runs.trained, longest=runs.longest)
