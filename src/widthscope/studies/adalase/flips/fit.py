"""Evidence of the family `flips`: where ratios end, where flips do harm in advance at known positions."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from widthscope.statistics.evidence import claim_tree
from widthscope.statistics.over_seeds import of_seeds
from widthscope.studies.adalase import map_fit
from widthscope.studies.adalase.flips.policies import DESTROYING, HORIZONTAL, IDENTITY, VERTICAL
from widthscope.studies.adalase.map_fit import CHANGE, TWICE, Evidence
from widthscope.studies.adalase.stored import Policies, policies


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    found = policies(shards, "flips")
    vertical, horizontal, virtual = (found[name] for name in ("vertical", "horizontal", "virtual"))
    opposed = vertical.accuracy(f"{DESTROYING}-last") - map_fit.accuracies(vertical, VERTICAL)[:, -1]
    claims = {
        "ratio-natural-harmful": follows(horizontal, HORIZONTAL, horizontal, f"{IDENTITY}-adaptive", opposed),
        "ratio-vflip": follows(vertical, VERTICAL, virtual, f"{VERTICAL}-adaptive", opposed),
    }
    return claim_tree(claims) | {
        "/curves/flips-paths/vertical": map_fit.paths(vertical, [f"{VERTICAL}-adaptive"]),
        "/curves/flips-paths/virtual": map_fit.paths(virtual, [f"{VERTICAL}-adaptive"]),
        "/curves/flips-paths/horizontal": map_fit.paths(horizontal, [f"{HORIZONTAL}-adaptive"]),
        "/curves/flips-paths/identity": map_fit.paths(horizontal, [f"{IDENTITY}-adaptive"]),
        "/curves/flips-quality/vertical": map_fit.beside(vertical, VERTICAL, f"{VERTICAL}-adaptive"),
        "/curves/flips-quality/horizontal": map_fit.beside(horizontal, HORIZONTAL, f"{HORIZONTAL}-adaptive"),
    }


def follows(
    of: Policies, flip: str, null: Policies, null_arm: str, opposed: np.ndarray[Any, Any]
) -> Evidence:
    """Whether ratios leave the input for the last position.

    Args:
        of: the flip's experiment.
        flip: its operation.
        null: an experiment of the same seeds whose positions are all alike.
        null_arm: its arm, at the rate of the others.
        opposed: accuracy where the last position is harmed less that where nothing is, (seed,).
    """
    adaptive, opposite = f"{flip}-adaptive", f"{flip}-opposite"
    drift = map_fit.rise(null, null_arm)
    return {
        "ratios": (
            of_seeds("adaptive", [map_fit.rise(of, adaptive) - drift], possible=TWICE),
            of_seeds("sign turned", [map_fit.rise(of, opposite) - drift], possible=TWICE),
        ),
        "accuracy": (
            of_seeds(flip, [map_fit.gain_of_depth(of, flip)], possible=CHANGE),
            of_seeds("labels destroyed", [opposed], possible=CHANGE),
        ),
        "seeds": (map_fit.seeds_that_rise(of, [adaptive, opposite]), None),
        "by-position": (map_fit.by_position({arm: of.ended(arm) for arm in (adaptive, opposite)}), None),
        "null": (map_fit.by_position({"all alike": null.ended(null_arm)}), None),
        "rank": (map_fit.correlation_table({adaptive: (of, flip, adaptive)}), None),
        "accuracies": (map_fit.accuracy_table(of, flip, ["uniform", "adaptive"]), None),
    }
