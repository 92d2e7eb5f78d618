"""Evidence on the largest exponent in the long run over the drive."""

import numpy as np
import xarray as xr

from widthscope.statistics.over_seeds import band, of_seeds
from widthscope.studies.jacobian_dynamics.normalisation import theory
from widthscope.studies.jacobian_dynamics.normalisation.fit_horizon import Evidence, falling

FINE = 121
"""Points of the law's curve."""


def tests(table: xr.Dataset) -> Evidence:
    """Exponents at the largest width paired with each draw's law, and beside the law itself; as a control,
    those under the strongest drive beside each draw's prediction for none."""
    last = table.isel(width=-1).transpose("kappa", "seed")
    names = [f"κ={kappa:g}" for kappa in table["kappa"].values]
    strongest, none = last.isel(kappa=-1), last.isel(kappa=0)
    swapped = f"{names[-1]} beside the law at {names[0]}"
    paired = last["measured"] - last["realised"]
    leading = last["measured"] - last["leading"]
    return {
        "paired": (
            of_seeds(names, list(paired.values), 0.0),
            of_seeds([swapped], [(strongest["measured"] - none["realised"]).values], 0.0),
        ),
        "limit": (of_seeds(names, list(last["measured"].values), law(table)), None),
        "without-projection": (of_seeds(names, list(leading.values), 0.0), None),
        "falls": (falling(table["measured"] - _law_array(table), "kappa"), None),
    }


def law(table: xr.Dataset) -> list[float]:
    """The limit of the exponent at each drive."""
    return [_law(table, kappa) for kappa in table["kappa"].values]


def curves(table: xr.Dataset) -> dict[str, xr.Dataset]:
    """What the figure shows, by path."""
    fine = np.linspace(0, 1.1 * float(table["kappa"][-1]), FINE)
    step = table.attrs["step_size"]
    shown = band(table["measured"], "measured").merge(band(table["realised"], "realised"))
    shown = shown.merge(band(table["measured"] - table["realised"], "deviation"))
    return {
        "/curves/critical-drive": shown.assign(
            fine=("point", fine),
            law=("point", [_law(table, kappa) for kappa in fine]),
            many_tokens=("point", [theory.critical_curve(step, step * kappa) for kappa in fine]),
        ).assign_attrs(table.attrs)
    }


def _law(table: xr.Dataset, kappa: float) -> float:
    step, tokens = table.attrs["step_size"], table.attrs["tokens"]
    return theory.long_run_exponent(step, step * float(kappa), tokens)


def _law_array(table: xr.Dataset) -> xr.DataArray:
    return xr.DataArray(law(table), dims="kappa", coords={"kappa": table["kappa"]})
