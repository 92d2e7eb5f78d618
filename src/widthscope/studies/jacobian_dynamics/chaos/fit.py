"""Evidence on exponents over a finite horizon and in the long run."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from widthscope.statistics.evidence import claim_tree
from widthscope.statistics.over_seeds import band, of_seeds

EARLY, LATER = 10, 40
"""Steps between which near states are compared: after the first turn of their difference, and before it is as
large as the state, or as small as rounding."""


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claim of the family and the curves of its figure, by path."""
    table = joined(shards)
    return {
        **claim_tree({"chaos-finite-vs-asymptotic": tests(table)}),
        "/curves/chaos": curve(table),
    }


def joined(shards: Mapping[str, xr.DataTree]) -> xr.Dataset:
    """All points by drive and gain. Exponents over the horizon are NaN where they did not converge: such a
    seed counts as not measured."""
    tables = [shards[name].to_dataset().load() for name in sorted(shards) if name.startswith("chaos")]
    table = xr.concat(tables, dim="point", data_vars="minimal", combine_attrs="override")
    table = table.isel(point=np.lexsort((table["gain"].values, table["drive"].values)))
    return table.assign({name: table[name].where(table["converged"]) for name in ("finite", "late")})


def tests(table: xr.Dataset) -> dict[str, tuple[xr.Dataset, xr.Dataset | None]]:
    """Both exponents by drive and gain, each beside one of the other sign."""
    drives = sorted(set(table["drive"].values.tolist()))
    none, driven = (_at_drive(table, drive) for drive in drives[:2])
    strong, chaotic, calm = _at_drive(table, drives[-1])[:1], driven[-1:], none[-1:]
    every = [table.isel(point=[place]) for place in range(table.sizes["point"])]
    kinds = {"finite": "over the horizon", "late": "over it once settled", "long_run": "in the long run"}
    return {
        "finite-time": (_evidence(none, "finite"), _evidence(strong, "finite")),
        "long-run": (_evidence(none, "chaos"), _evidence(chaotic, "chaos")),
        "chaos": (_evidence(chaotic, "long_run"), _evidence(calm, "long_run")),
        "both-horizons": (
            of_seeds(
                [f"{words}, {_name(one)}" for one in every for words in kinds.values()],
                [one[kind].values.ravel() for one in every for kind in kinds],
            ),
            None,
        ),
        "pairs": (
            of_seeds(
                [_name(one) for one in every],
                [_pair_rate(one) for one in every],
                [float(one["long_run"].mean()) for one in every],
            ),
            None,
        ),
    }


def curve(table: xr.Dataset) -> xr.Dataset:
    """Means and bands over seeds of both exponents, of the running average, and of ln distances."""
    return (
        xr.merge(
            [
                band(table[name], name, "member")
                for name in ("finite", "late", "long_run", "history", "distance")
            ]
        )
        .assign_coords({name: table[name] for name in ("drive", "gain", "recorded")})
        .assign_attrs(table.attrs)
    )


def _at_drive(table: xr.Dataset, drive: float) -> list[xr.Dataset]:
    """The points of one drive by increasing gain, each (point = 1, member)."""
    return [table.isel(point=[place]) for place in np.flatnonzero(table["drive"].values == drive)]


def _evidence(points: list[xr.Dataset], name: str) -> xr.Dataset:
    values = [
        np.maximum(one["long_run"].values.ravel(), 0.0) if name == "chaos" else one[name].values.ravel()
        for one in points
    ]
    return of_seeds([_name(one) for one in points], values)


def _pair_rate(point: xr.Dataset) -> np.ndarray:
    """Of each seed, (member,)."""
    distance = point["distance"].isel(point=0)
    later = min(LATER, int(distance["time"][-1]))
    early = min(EARLY, later - 1)
    rate: np.ndarray = (distance.sel(time=later) - distance.sel(time=early)).values / (later - early)
    return rate


def _name(point: xr.Dataset) -> str:
    return f"kappa={float(point['drive'][0]):g}, gain={float(point['gain'][0]):g}"
