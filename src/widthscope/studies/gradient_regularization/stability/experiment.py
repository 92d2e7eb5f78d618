"""Images with true labels: every arm trained with every seed, under a strong and under a mild penalty."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.studies.gradient_regularization.arms import Arm
from widthscope.studies.gradient_regularization.images import images_of
from widthscope.studies.gradient_regularization.networks import Network
from widthscope.studies.gradient_regularization.training import Recipe, train_arms
from widthscope.work import Work

STUDY, FAMILY = "gradient_regularization", "stability"


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """A node for each setup: how its networks do after training, by arm and seed.

    Split, weights and minibatches are keyed by setup, run seed and seed alone, so that arms of a seed differ
    in nothing but the step.

    Args:
        settings: `dataset`, `seed`, `network`, the fields of a `Network`, `failed_below`, and `trainings` by
            setup, each with `train`, `strength`, `recipe`, `arms`, the fields of an `Arm` each, and `seeds`.
        datasets: the one that is named in `dataset`.
        work: what the job gives.

    Returns:
        What `training.train_arms` returns, with `method` and `ascent` of the arms as coordinates.
    """
    network = Network(**settings["network"])
    found = {}
    for name, each in settings["trainings"].items():
        arms = [Arm(**fields) for fields in each["arms"]]
        seeds = [int(seed) for seed in each["seeds"]]
        purpose = (STUDY, f"{FAMILY}.{name}", settings["seed"])
        images = images_of(datasets[settings["dataset"]], each["train"], seeds, purpose)
        table = train_arms(network, images, Recipe(**each["recipe"]), seeds, arms, purpose, work, name)
        of_name = {arm.name: arm for arm in arms}
        ordered = [of_name[arm] for arm in table["arm"].values]
        found[f"/{name}"] = table.assign_coords(
            method=("arm", [arm.method for arm in ordered]), ascent=("arm", [arm.ascent for arm in ordered])
        ).assign_attrs(
            dataset=settings["dataset"],
            train=each["train"],
            rate=each["recipe"]["rate"],
            steps=each["recipe"]["steps"],
            strength=each["strength"],
            failed_below=settings["failed_below"],
        )
    return xr.DataTree.from_dict(found)
