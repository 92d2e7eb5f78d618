"""Evidence on the energy along continuous time: draws of weights are the sampling units."""

import numpy as np
import xarray as xr

from widthscope.statistics.evidence import evidence, of_counts
from widthscope.statistics.over_seeds import BAND_LEVEL
from widthscope.statistics.quantiles import share_limits
from widthscope.studies.jacobian_dynamics.energy.names import ASYMMETRIC, CONTROLS, ROUNDING

Tests = dict[str, tuple[xr.Dataset, xr.Dataset | None]]


def identity_tests(table: xr.Dataset, condition: str, wrong: str) -> Tests:
    """The closed form of a condition against autograd, and the weights for which a rise was found.

    Args:
        table: of the experiment.
        condition: one with a closed form.
        wrong: the condition that serves as control of the descent.
    """
    right, without = (
        _largest(table[name].sel(formula=condition)) for name in ("formula_error", "wrong_formula_error")
    )
    return {
        "descent": (rising_weights(table, {"": condition}), rising_weights(table, {"": wrong})),
        "identity": (right, without),
    }


def projected(table: xr.Dataset, condition: str) -> Tests:
    """Weights for which a random state gains energy if tokens are kept on the sphere all the same."""
    chosen = table["random_share"].sel(condition=condition) > 0
    return {"projected": (_counts(chosen, ""), None)}


def asymmetric_tests(table: xr.Dataset) -> Tests:
    """The paper's condition as it is read here, beside the exact one on the same weights."""
    opposite = rising_weights(table, {"opposite": "opposite value"})
    exact = {"Prop. 4.1": "matched", "Prop. 4.2": "symmetrised blocks"}
    random = [_counts(table["random_share"].sel(condition=c) > 0, label) for label, c in ASYMMETRIC.items()]
    return {
        "every-beta": (rising_weights(table, ASYMMETRIC), opposite),
        "symmetrised": (rising_weights(table, exact), opposite),
        "random-states": (_joined(random), None),
    }


def control_rises(table: xr.Dataset) -> tuple[xr.Dataset, xr.Dataset]:
    """Weights whose first random state gains energy: one state for each draw of weights, so exact counts."""
    first = table["random_first"] > 0
    controls = [_counts(first.sel(condition=name), label) for label, name in CONTROLS.items()]
    return _joined(controls), _counts(first.sel(condition="matched"), "value A")


def rising_weights(table: xr.Dataset, conditions: dict[str, str]) -> xr.Dataset:
    """Draws of weights for which any state was found, at random or by climbing, that gains energy."""
    found = table["largest"] > ROUNDING
    return _joined([_counts(found.sel(condition=name), label) for label, name in conditions.items()])


def curve(table: xr.Dataset) -> xr.Dataset:
    """Shares of weights with a rise, at random states alone and found by climbing, with exact limits."""
    shown = [*ASYMMETRIC.values(), "matched", "symmetrised blocks"]
    chosen = table.sel(condition=shown)
    curves: dict[str, xr.DataArray] = {}
    for name, rises in (("climbed", chosen["largest"] > ROUNDING), ("random", chosen["random_share"] > 0)):
        count = rises.sum("draw")
        low, high = share_limits(count.values, table.sizes["draw"], BAND_LEVEL)
        curves |= {name: count / table.sizes["draw"]}
        curves |= {f"{name}_low": count.copy(data=low), f"{name}_high": count.copy(data=high)}
    curves["states"] = chosen["random_share"].mean("draw")
    return xr.Dataset(curves, attrs=table.attrs | {"draws": table.sizes["draw"]})


def _counts(rises: xr.DataArray, label: str) -> xr.Dataset:
    """Counts over the draws, one component for each inverse temperature."""
    start = f"{label}, " if label else ""
    names = [f"{start}β={beta:g}" for beta in rises["beta"].values]
    return of_counts(names, rises.sum("draw").values, rises.sizes["draw"])


def _joined(tables: list[xr.Dataset]) -> xr.Dataset:
    return xr.concat(tables, dim="component", combine_attrs="override")


def _largest(errors: xr.DataArray) -> xr.Dataset:
    """The largest relative error over all draws, one component for each inverse temperature."""
    names = [f"β={beta:g}" for beta in errors["beta"].values]
    return evidence(names, errors.max("draw").values, np.zeros(len(names)), prediction=0.0)
