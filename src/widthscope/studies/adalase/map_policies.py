"""Convolutional networks trained with policies on feature maps: what the families `flips` and `maps` run."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.feature_augmentation.operations.base import Operation
from widthscope.feature_augmentation.operations.catalogue import OPERATIONS
from widthscope.feature_augmentation.operations.translation import Translation
from widthscope.studies.adalase.arms import Arm, Recipe
from widthscope.studies.adalase.networks import CNN, Network, ResNet, WideResNet
from widthscope.studies.adalase.seed_images import images_of
from widthscope.studies.adalase.training import train_arms
from widthscope.studies.adalase.virtual_positions import VirtualPositions
from widthscope.work import Work

OPERATIONS_ON_MAPS: Mapping[str, Operation] = {**OPERATIONS, "translation": Translation(at_least=1)}
"""Translation moves by up to one cell even where a fifth of the side is less, as on small maps."""


def network_of(described: Mapping[str, Any]) -> Network:
    """The network with these fields; its `kind` is "cnn", "resnet" or "wide"."""
    fields: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in described.items()
        if name != "kind"
    }
    if described["kind"] == "cnn":
        return CNN(**fields)
    return ResNet(**fields) if described["kind"] == "resnet" else WideResNet(**fields)


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """A node for each experiment, laid out as in `stored`.

    A seed's images, initial weights, minibatches and draws are keyed by the run's seed and its own alone, so
    that augmentations of both families are compared on the same networks and images.

    Args:
        settings: `dataset`, `seed`, `network` (see `network_of`), `seeds`, and `experiments` by name, each
            with the fields of its `recipe`, those of each of its `arms`, and, where all positions are
            the input, how many `virtual` ones there are.
        datasets: the one that is named in `dataset`.
        work: what the job gives.
    """
    seeds = [int(seed) for seed in settings["seeds"]]
    purpose = ("adalase", "maps", settings["seed"])
    found: dict[str, xr.DataTree] = {}
    for name, each in settings["experiments"].items():
        network = network_of(settings["network"])
        if each.get("virtual"):
            network = VirtualPositions(network, each["virtual"])
        recipe = Recipe(**each["recipe"])
        arms = [Arm(**{**arm, "operations": tuple(arm["operations"])}) for arm in each["arms"]]
        images = images_of(datasets[settings["dataset"]], recipe, seeds, purpose)
        found[name] = train_arms(
            network, arms, OPERATIONS_ON_MAPS, images, recipe, seeds, purpose, work, name
        )
    return xr.DataTree(children=found)
