"""Evidence on the interpolation between the first-order and the Gauss-Newton gradient."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.statistics.evidence import claim_tree
from widthscope.statistics.over_seeds import band, of_seeds
from widthscope.studies.mup_local.exponents_of_width import slope_evidence

NOTED_WIDTH = 512
"""M at which the theory notes put their margin; the width judged here is the largest."""

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]
TARGETS = {"bp": "back-propagation", "gn": "Gauss-Newton"}


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    table = shards["interpolation"].to_dataset().load()
    claims = {"pc-interpolation-curve": on_the_curve(table), "pc-interp-needs-gbar": at_fixed_energy(table)}
    return {**claim_tree(claims), "/curves/pc-interpolation": curve(table)}


def on_the_curve(table: xr.Dataset) -> Evidence:
    """Cosines at the largest width beside the curve, and how the distance from it falls.

    The control has the isotropic readout, whose gradients have one direction at every kappa, beside the
    curve of the anisotropic one.
    """
    right, wrong = table.sel(readout="anisotropic"), table.sel(readout="isotropic")
    predicted = {name: right[f"predicted_{name}"] for name in TARGETS}
    return {
        "limit": (_at_largest(right, predicted), _at_largest(wrong, predicted)),
        "shrinks": (
            slope_evidence(["largest over kappa"], [_distance(right, predicted)], -0.5),
            slope_evidence(["largest over kappa"], [_distance(wrong, predicted)], -0.5),
        ),
        "narrower": (_deviations(right.sel(width=NOTED_WIDTH, method="nearest"), predicted), None),
        "distance": (
            of_seeds(
                [f"M={width}" for width in table["width"].values],
                list(_distance(right, predicted).transpose("width", "member").values),
            ),
            None,
        ),
    }


def at_fixed_energy(table: xr.Dataset) -> Evidence:
    """The cosine to back-propagation where gamma_L is kept, beside that where it grows as M."""
    last, grown = table.isel(width=-1), table.sel(readout="anisotropic").isel(width=-1, kappa=-1)
    kappa = float(table["kappa"].values[-1])
    by_width = table["fixed_bp"].transpose("width", "member").values
    return {
        "cosine": (
            of_seeds([f"gamma={table.attrs['energy']:g}"], [last["fixed_bp"].values], 1.0),
            of_seeds([f"gamma={kappa:g} M/{table.attrs['base']}"], [grown["cosine_bp"].values], 1.0),
        ),
        "by-width": (of_seeds([f"M={width}" for width in table["width"].values], list(by_width), 1.0), None),
    }


def curve(table: xr.Dataset) -> xr.Dataset:
    """Cosines by width and kappa with their bands, the predicted curve, and the case of a fixed gamma_L."""
    shown = table.sel(readout="anisotropic")
    names = ("cosine_bp", "cosine_gn", "fixed_bp")
    return xr.merge(
        [band(shown[name], name, "member") for name in names] + [shown[["predicted_bp", "predicted_gn"]]],
        compat="override",
    ).assign_attrs(**table.attrs, seeds=table.sizes["member"])


def _at_largest(table: xr.Dataset, predicted: Mapping[str, xr.DataArray]) -> xr.Dataset:
    """Cosines at the largest width, one component for each kappa and target."""
    last = table.isel(width=-1)
    names, values, limits = [], [], []
    for name, target in TARGETS.items():
        for kappa in table["kappa"].values:
            names.append(f"{target}, kappa={kappa:g}")
            values.append(last[f"cosine_{name}"].sel(kappa=kappa).values)
            limits.append(float(predicted[name].sel(kappa=kappa)))
    return of_seeds(names, values, limits)


def _deviations(one: xr.Dataset, predicted: Mapping[str, xr.DataArray]) -> xr.Dataset:
    """Cosines of one width less those of the curve, one component for each kappa and target."""
    away = {
        f"{target}, kappa={kappa:g}": one[f"cosine_{name}"].sel(kappa=kappa)
        - predicted[name].sel(kappa=kappa)
        for name, target in TARGETS.items()
        for kappa in one["kappa"].values
    }
    return of_seeds(
        [f"M={int(one['width'])}, {name}" for name in away], [v.values for v in away.values()], 0.0
    )


def _distance(table: xr.Dataset, predicted: Mapping[str, xr.DataArray]) -> xr.DataArray:
    """Largest distance of each member from the curve (width, member)."""
    away = [abs(table[f"cosine_{name}"] - predicted[name]).max("kappa", skipna=False) for name in TARGETS]
    found: xr.DataArray = xr.concat(away, dim="target").max("target", skipna=False)
    return found
