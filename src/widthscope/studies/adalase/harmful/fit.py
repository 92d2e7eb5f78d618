"""Evidence of the family `harmful`: whether the position that destroys labels is driven to the floor."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from widthscope.statistics.evidence import claim_tree, of_counts
from widthscope.statistics.over_seeds import band, of_seeds
from widthscope.studies.adalase.harmful.policies import CONTROLLED, POSITIONS
from widthscope.studies.adalase.stored import NEAR_FLOOR, Policies, policies

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]
SHARE = (0.0, 1.0)
NULL = "identity-adaptive"
CONTROLS = {
    "harm-shuffled": "labels of the pseudo-validation shuffled",
    "harm-opposite": "sign of the update turned",
    "harm-alone-adaptive": "identity elsewhere",
    NULL: "identity everywhere",
}
"""Arms beside those of the claim, which have the harm at `CONTROLLED`."""


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claim of the family and the curves of its figure, by path."""
    found = trained(shards)
    return claim_tree({"ratio-harmful-layer": to_the_floor(found)}) | curves(found)


def trained(shards: Mapping[str, xr.DataTree]) -> Policies:
    """All policies of the family."""
    return policies(shards, "harmful")["policies"]


def driven(of: Policies, arm: str, position: int) -> np.ndarray:
    """Whether the position's ratio ends below twice the floor, (seed,)."""
    return np.asarray(of.ended(arm)[:, position] < NEAR_FLOOR * of.floor)


def to_the_floor(of: Policies) -> Evidence:
    """Shares of seeds, and what lies behind them."""
    bad = {f"position {k}": (f"harm{k}-adaptive", k) for k in range(POSITIONS)}
    everywhere = np.all([driven(of, arm, k) for arm, k in bad.values()], axis=0)
    shuffled = driven(of, "harm-shuffled", CONTROLLED)
    also = {words: (arm, CONTROLLED) for arm, words in CONTROLS.items()}
    shown = {**bad, **also}
    names = list(shown)
    passages = {name: _passage(of, arm, k) for name, (arm, k) in bad.items()}
    return {
        "driven": (
            of_counts("wherever the harm is", [everywhere.sum()], [len(everywhere)]),
            of_counts(CONTROLS["harm-shuffled"], [shuffled.sum()], [len(shuffled)]),
        ),
        "null": (
            of_counts(
                [f"position {k}" for k in range(POSITIONS)],
                [driven(of, NULL, k).sum() for k in range(POSITIONS)],
                [len(everywhere)] * POSITIONS,
            ),
            None,
        ),
        "ratio": (of_seeds(names, [of.ended(arm)[:, k] for arm, k in shown.values()], possible=SHARE), None),
        "steps": (of_seeds(list(passages), list(passages.values())), None),
        "alignment": (
            of_seeds(
                [f"harm at {k}, position {place}" for k in range(POSITIONS) for place in range(POSITIONS)],
                [
                    of.ratios["alignment"].sel(arm=f"harm{k}-adaptive").isel(position=place).values
                    for k in range(POSITIONS)
                    for place in range(POSITIONS)
                ],
            ),
            None,
        ),
    }


def _passage(of: Policies, arm: str, position: int) -> np.ndarray:
    """First step at which the ratio is below twice the floor, (seed,); NaN where it never is."""
    return np.asarray(of.ratios["first_passage"].sel(arm=arm).isel(position=position).values)


def curves(of: Policies) -> dict[str, xr.Dataset]:
    """Ratios of the position that destroys labels, over steps, (seed and band)."""
    arms = {f"harm{k}": (f"harm{k}-adaptive", k) for k in range(POSITIONS)}
    arms |= {arm: (arm, CONTROLLED) for arm in CONTROLS}
    found = {}
    for name, (arm, position) in arms.items():
        path = band(of.ratios["ratios"].sel(arm=arm, drop=True).isel(position=position, drop=True), "ratio")
        found[f"/curves/harmful/{name}"] = path.assign_attrs(
            seeds=of.ratios.sizes["seed"], position=position, floor=of.floor
        )
    return found
