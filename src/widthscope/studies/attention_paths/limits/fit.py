"""Evidence of the family `limits`: deviations from the cubic, and slopes of the gaps over width."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.statistics.evidence import claim_tree, evidence
from widthscope.statistics.over_seeds import band, of_seeds
from widthscope.statistics.width_slopes import slope_evidence

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]
UNIT = 1e-6
"""Of deviations from the cubic: its tolerance."""

PARTS = {"order": "order parameters U", "predictor": "predictor"}


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    cubic, starts, approach = (
        shards["limits"][name].to_dataset().load() for name in ("cubic", "starts", "approach")
    )
    claims = {
        "h1-cubic": {**cubic_tests(cubic), "starts": (starts_test(starts), None)},
        "gp-limit": approach_tests(approach),
    }
    return {
        **claim_tree(claims),
        "/curves/h1-cubic": cubic_curve(cubic),
        "/curves/gp-limit": approach_curve(approach),
    }


def cubic_tests(table: xr.Dataset) -> Evidence:
    """Largest deviations in tolerances, beside the least ones from the cubic of permuted labels."""
    names = [f"N={width}" for width in table["width"].values]
    right = table["deviation"].sel(labels="own").max("seed", skipna=False).values / UNIT
    wrong = table["deviation"].sel(labels="permuted").min("seed", skipna=False).values / UNIT
    return {
        "deviation": (
            evidence(names, right, 0.0, 0.0, n=table.sizes["seed"]),
            evidence(names, wrong, 0.0, 0.0, n=table.sizes["seed"]),
        )
    }


def starts_test(table: xr.Dataset) -> xr.Dataset:
    """The largest spread of S over starts of any data set, in tolerances."""
    largest = float(table["spread"].max(skipna=False)) / UNIT
    return evidence(["four paths"], largest, 0.0, 0.0, n=table.sizes["seed"])


def approach_tests(table: xr.Dataset) -> Evidence:
    """Slopes of the gaps that the 1/N term leaves, beside those of a term without the common shift."""

    def slope(quantity: str, term: str) -> xr.Dataset:
        return slope_evidence([PARTS[quantity]], [table["gap"].sel(quantity=quantity, term=term)], -1.0)

    widest = table.isel(width=-1)
    gaps = [
        (f"{label}, {term}", widest["gap"].sel(quantity=name, term=term))
        for name, label in PARTS.items()
        for term in table["term"].values
    ]
    return {
        **{name: (slope(name, "whole"), slope(name, "without shift")) for name in PARTS},
        "distance": (
            slope_evidence(
                [PARTS[name] for name in PARTS],
                [table["distance"].sel(quantity=name) for name in PARTS],
                -1.0,
            ),
            None,
        ),
        "gap": (of_seeds([name for name, _ in gaps], [one.values for _, one in gaps]), None),
    }


def cubic_curve(table: xr.Dataset) -> xr.Dataset:
    """U of every data set by width beside the cubic's root; the largest deviation as a number."""
    own = table["deviation"].sel(labels="own")
    return table[["order", "root"]].assign_attrs(
        {**table.attrs, "deviation": float(own.max(skipna=False)), "seeds": table.sizes["seed"]}
    )


def approach_curve(table: xr.Dataset) -> xr.Dataset:
    """Gaps and distances from infinite width by width, with their bands."""
    return xr.merge([band(table["gap"], "gap"), band(table["distance"], "distance")]).assign_attrs(
        {**table.attrs, "seeds": table.sizes["seed"]}
    )
