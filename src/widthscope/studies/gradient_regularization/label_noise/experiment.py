"""Networks trained on labels of which a share is random, arm by arm, and what they do on true ones."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.studies.gradient_regularization.arms import Arm
from widthscope.studies.gradient_regularization.images import images_of
from widthscope.studies.gradient_regularization.networks import Network
from widthscope.studies.gradient_regularization.training import Recipe, train_arms
from widthscope.work import Work

PURPOSE = ("gradient_regularization", "label_noise")


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """A node /activation/group for each group of arms with their seeds.

    All that is random is keyed by the run's seed and the seed alone: arms, and activations where
    networks have one shape, share images, random labels, initial weights and minibatches.

    Args:
        settings: `dataset`, `seed`, `train`, `test`, `random_labels`, `strength`, `recipe`, and `groups`:
            each with `activation`, `group`, the fields of its `network`, `arms` and `seeds`.
        datasets: the one that is named in `dataset`.
        work: what the job gives.

    Returns:
        as `training.train_arms`, with `method` and `ascent` as coordinates of the arms.
    """
    dataset = datasets[settings["dataset"]]
    purpose = (*PURPOSE, settings["seed"])
    found = {}
    for each in settings["groups"]:
        seeds = [int(seed) for seed in each["seeds"]]
        images = images_of(
            dataset, settings["train"], seeds, purpose, settings["test"], settings["random_labels"]
        )
        arms = [Arm(**fields) for fields in each["arms"]]
        place = f"{each['activation']}/{each['group']}"
        table = train_arms(
            Network(activation=each["activation"], **each["network"]),
            images,
            Recipe(**settings["recipe"]),
            seeds,
            arms,
            purpose,
            work,
            place.replace("/", "-"),
        )
        by_name = {arm.name: arm for arm in arms}
        ordered = [by_name[str(name)] for name in table["arm"].values]
        found[f"/{place}"] = table.assign_coords(
            method=("arm", [arm.method for arm in ordered]), ascent=("arm", [arm.ascent for arm in ordered])
        ).assign_attrs(
            {name: settings[name] for name in ("dataset", "train", "test", "random_labels", "strength")}
        )
    return xr.DataTree.from_dict(found)
