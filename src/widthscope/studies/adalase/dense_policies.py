"""Perceptrons trained with policies on flat features: what the families `harmful` and `dense` run."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.feature_augmentation.operations.catalogue import OPERATIONS
from widthscope.studies.adalase.arms import Arm, Recipe
from widthscope.studies.adalase.networks import MLP
from widthscope.studies.adalase.seed_images import images_of
from widthscope.studies.adalase.training import train_arms
from widthscope.work import Work


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """A node for each experiment, laid out as in `stored`.

    A seed's images, initial weights, minibatches and draws are keyed by the run's seed and its own alone, so
    that a smaller training set is a part of a larger one.

    Args:
        settings: `dataset`, `seed`, `purpose` (of the streams), `network` (fields of an `MLP`), `seeds`, and
            `experiments` by name, each with the fields of its `recipe` and those of each of its `arms`.
        datasets: the one that is named in `dataset`.
        work: what the job gives.
    """
    network, seeds = MLP(**settings["network"]), [int(seed) for seed in settings["seeds"]]
    purpose = ("adalase", settings["purpose"], settings["seed"])
    found: dict[str, xr.DataTree] = {}
    for name, each in settings["experiments"].items():
        recipe = Recipe(**each["recipe"])
        arms = [Arm(**{**arm, "operations": tuple(arm["operations"])}) for arm in each["arms"]]
        images = images_of(datasets[settings["dataset"]], recipe, seeds, purpose)
        found[name] = train_arms(network, arms, OPERATIONS, images, recipe, seeds, purpose, work, name)
    return xr.DataTree(children=found)
