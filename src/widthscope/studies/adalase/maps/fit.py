"""Evidence of the family `maps`: ratios beside the accuracies of fixed positions."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from widthscope.statistics.evidence import claim_tree
from widthscope.statistics.over_seeds import of_seeds
from widthscope.studies.adalase import map_fit
from widthscope.studies.adalase.map_fit import CHANGE, Evidence
from widthscope.studies.adalase.maps.policies import AUGMENTATIONS, NULL, NULL_OF
from widthscope.studies.adalase.stored import Policies, policies

CLAIM_OF = {"translation": "ratio-trans-cnn", "cutout": "ratio-cutout-cnn", "mixup": "ratio-mixup-cnn"}


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    found = policies(shards, "maps")
    claims = {CLAIM_OF[name]: shown(found[name], name, found[NULL_OF[name]]) for name in AUGMENTATIONS}
    curves = {
        f"/curves/maps-quality/{name}": map_fit.beside(found[name], name, f"{name}-adaptive")
        for name in AUGMENTATIONS
    }
    return claim_tree(claims) | curves


def shown(of: Policies, operation: str, alike: Policies) -> Evidence:
    """Ratios and accuracies by position, and how far their orders agree.

    Args:
        of: the augmentation's experiment.
        operation: its name.
        alike: what holds the same networks without augmentation, at the same rate of the ratios.
    """
    arm = f"{operation}-adaptive"
    ended, fixed = of.ended(arm), map_fit.accuracies(of, operation)
    means = fixed.mean(axis=0)
    highest, lowest = (int(place) for place in (np.argmax(means), np.argmin(means)))
    places = [f"{name}, position {place}" for name, place in (("highest", highest), ("lowest", lowest))]
    return {
        "ratios": (map_fit.by_position({"adaptive": ended}), None),
        "null": (map_fit.by_position({"without augmentation": alike.ended(NULL)}), None),
        "rank": (map_fit.correlation_table({arm: (of, operation, arm)}), None),
        "accuracies": (map_fit.accuracy_table(of, operation, ["adaptive"]), None),
        "spread": (
            of_seeds("highest less lowest", [fixed[:, highest] - fixed[:, lowest]], possible=CHANGE),
            None,
        ),
        "found": (of_seeds(places, [ended[:, highest], ended[:, lowest]], possible=map_fit.SHARE), None),
    }
