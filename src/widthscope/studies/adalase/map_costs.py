"""What training of convolutional networks with policies costs, and how it is shared out among jobs."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from widthscope.datasets.image_sizes import IMAGE_SIZES, stored_images
from widthscope.models.residual_counts import Counts, counted, of_resnet, of_wide_resnet
from widthscope.studies.adalase.arms import Arm, Recipe
from widthscope.studies.base import GPU_SPEEDUP, SHARD_SECONDS, Cost, Shard

ENTRY = "map_policies"
STARTUP = 3.5

TOGETHER_SECONDS = 12.0
"""Experiments that take no longer than this in all share one job, whose start would cost as much."""

EXPERIMENT_SECONDS = 65.0
"""An experiment that takes no longer than this has one job for all of its arms."""

PRODUCT_SECONDS = 1.4e-11
"""Of one multiplication and addition, on one core."""

UNIT_SECONDS = 1.8e-8
"""Of one convolution's output for one example, forward and backward: normalisation, ReLU, pooling."""

STEP_SECONDS = 4e-3
"""Of one step, whatever the members."""

TEST_SHARE = 0.35
"""Of a gradient's cost, that an image costs which is tested on."""

BASE_MEMORY_MB = 550
COPIES = 8
"""Arrays of the size of all weights: with velocities and gradients, and the state that is saved."""

KEPT = 8
"""Numbers that stay of each convolution's output for the backward pass, and in it."""

TESTED = 4
"""Arrays of a layer's outputs that are there at once where no gradient is taken."""


@dataclass(frozen=True)
class Experiment:
    """Arms that are trained alike.

    Attributes:
        recipe: how.
        arms: which.
        virtual: how many positions there are that all are the input; 0 for the network's own.
    """

    recipe: Recipe
    arms: tuple[Arm, ...]
    virtual: int = 0


def positions(network: Mapping[str, Any]) -> int:
    """K of a network."""
    return len(network["channels"]) + 1 if network["kind"] == "cnn" else 6


def size_of(network: Mapping[str, Any], side: int) -> Counts:
    """What the convolutions of a network count on images with that side."""
    if network["kind"] == "cnn":
        pairs = itertools.pairwise((network["inputs"], *network["channels"]))
        return counted((before, after, 3, side // 2**place) for place, (before, after) in enumerate(pairs))
    channels = network["channels"]
    if network["kind"] == "resnet":
        return counted(of_resnet(network["blocks"], network["width"], channels, side))
    return counted(of_wide_resnet(network["depth"], network["widening"], channels, side))


def shards_of(
    family: str,
    experiments: Mapping[str, Experiment],
    network: Mapping[str, Any],
    dataset: str,
    seed: int,
    seeds: Sequence[int],
) -> list[Shard]:
    """One job for all experiments where they are short, else one each, or one for each arm and some seeds."""
    size = size_of(network, IMAGE_SIZES[dataset].side)

    def shard(name: str, parts: Mapping[str, Experiment], own: Sequence[int]) -> Shard:
        settings = {
            "dataset": dataset,
            "seed": seed,
            "network": dict(network),
            "seeds": list(own),
            "experiments": {each: _described(part) for each, part in parts.items()},
        }
        took = sum(_seconds(part, size, len(own)) for part in parts.values())
        memory = max(_megabytes(part, size, dataset, len(own)) for part in parts.values())
        cost = Cost(STARTUP + took, BASE_MEMORY_MB + memory)
        return Shard(name, ENTRY, settings, cost, datasets=(dataset,), gpu_speedup=GPU_SPEEDUP)

    if sum(_seconds(each, size, len(seeds)) for each in experiments.values()) <= TOGETHER_SECONDS:
        return [shard(family, experiments, seeds)]
    found = []
    for name, each in experiments.items():
        if _seconds(each, size, len(seeds)) <= EXPERIMENT_SECONDS:
            found.append(shard(f"{family}-{name}", {name: each}, seeds))
            continue
        for arm in each.arms:
            alone = Experiment(each.recipe, (arm,), each.virtual)
            jobs = min(len(seeds), math.ceil(_seconds(alone, size, len(seeds)) / SHARD_SECONDS))
            share = math.ceil(len(seeds) / jobs)
            for first in range(0, len(seeds), share):
                suffix = f"-from{seeds[first]}" if jobs > 1 else ""
                part = {name: alone}
                found.append(shard(f"{family}-{name}-{arm.name}{suffix}", part, seeds[first : first + share]))
    return found


def _described(experiment: Experiment) -> dict[str, Any]:
    return {
        "recipe": asdict(experiment.recipe),
        "arms": [asdict(arm) for arm in experiment.arms],
        "virtual": experiment.virtual,
    }


def _validated(experiment: Experiment, arm: Arm) -> int:
    """V of an arm."""
    recipe = experiment.recipe
    return min(recipe.validation or recipe.train, recipe.train) if arm.adapts else 0


def _seconds(experiment: Experiment, size: Counts, seeds: int) -> float:
    """Of all steps of all arms, and their tests."""
    recipe = experiment.recipe
    example = 3 * size.products * PRODUCT_SECONDS + size.units * UNIT_SECONDS
    images = sum(
        recipe.steps * (recipe.batch + _validated(experiment, arm)) + TEST_SHARE * recipe.test
        for arm in experiment.arms
    )
    return seeds * images * example + 2 * recipe.steps * STEP_SECONDS


def _megabytes(experiment: Experiment, size: Counts, dataset: str, seeds: int) -> int:
    """Of weights, activations and images of all members, and the images as they are read."""
    recipe = experiment.recipe
    members = seeds * len(experiment.arms)
    shown = max(max(recipe.batch, _validated(experiment, arm)) for arm in experiment.arms)
    pixels = IMAGE_SIZES[dataset].pixels
    numbers = members * (COPIES * size.weights + KEPT * shown * size.units)
    numbers += seeds * min(recipe.test, 512) * TESTED * size.largest  # tested at once
    numbers += seeds * 3 * (recipe.train + recipe.test) * pixels
    return math.ceil((4 * numbers + 6 * stored_images(dataset) * pixels) / 1e6)
