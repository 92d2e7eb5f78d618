"""What training of perceptrons with policies costs, and how it is shared out among jobs."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import pairwise
from typing import Any

from widthscope.datasets.image_sizes import IMAGE_SIZES, stored_images
from widthscope.studies.adalase.arms import Arm, Recipe
from widthscope.studies.base import GPU_SPEEDUP, SHARD_SECONDS, Cost, Shard

ENTRY = "dense_policies"
STARTUP = 3.5

TOGETHER_SECONDS = 12.0
"""Experiments that take no longer than this in all share one job, whose start would cost as much."""

PRODUCT_SECONDS = 3e-11
"""Of one multiplication and addition, on one core."""

UNIT_SECONDS = 1.2e-8
"""Of one unit for one example, forward and backward, with its augmentation."""

WEIGHT_SECONDS = 2e-9
"""Of one weight in one update."""

STEP_SECONDS = 2e-3
"""Of one step, whatever the members."""

BASE_MEMORY_MB = 500
COPIES = 8
"""Arrays of the size of all weights: with velocities and gradients, and the state that is saved."""

Experiment = tuple[Recipe, Sequence[Arm]]


def network_of(dataset: str, width: int, hidden: int) -> dict[str, int]:
    """Fields of the network."""
    sizes = IMAGE_SIZES[dataset]
    return {"inputs": sizes.pixels, "width": width, "hidden": hidden, "classes": sizes.classes}


def shards_of(
    family: str,
    experiments: Mapping[str, Experiment],
    network: Mapping[str, int],
    dataset: str,
    seed: int,
    seeds: Sequence[int],
) -> list[Shard]:
    """One job for all experiments where they are short, else one each, with some of the seeds where long."""
    seconds = {name: _seconds(each, network, len(seeds)) for name, each in experiments.items()}

    def shard(name: str, names: Sequence[str], own: Sequence[int]) -> Shard:
        share = len(own) / len(seeds)
        settings = {
            "dataset": dataset,
            "seed": seed,
            "purpose": family,
            "network": dict(network),
            "seeds": list(own),
            "experiments": {each: _described(experiments[each]) for each in names},
        }
        memory = max(_megabytes(experiments[each], network, dataset, len(own)) for each in names)
        cost = Cost(STARTUP + share * sum(seconds[each] for each in names), BASE_MEMORY_MB + memory)
        return Shard(name, ENTRY, settings, cost, datasets=(dataset,), gpu_speedup=GPU_SPEEDUP)

    if sum(seconds.values()) <= TOGETHER_SECONDS:
        return [shard(family, list(experiments), seeds)]
    found = []
    for name, took in seconds.items():
        jobs = min(len(seeds), math.ceil(took / SHARD_SECONDS))
        size = math.ceil(len(seeds) / jobs)
        for first in range(0, len(seeds), size):
            suffix = f"-from{seeds[first]}" if jobs > 1 else ""
            found.append(shard(f"{family}-{name}{suffix}", [name], seeds[first : first + size]))
    return found


def _described(experiment: Experiment) -> dict[str, Any]:
    recipe, arms = experiment
    return {"recipe": asdict(recipe), "arms": [asdict(arm) for arm in arms]}


def _weights(network: Mapping[str, int]) -> int:
    sizes = [network["inputs"], *[network["width"]] * network["hidden"], network["classes"]]
    return sum(before * after for before, after in pairwise(sizes))


def _units(network: Mapping[str, int]) -> int:
    return network["inputs"] + network["width"] * network["hidden"] + network["classes"]


def _seconds(experiment: Experiment, network: Mapping[str, int], seeds: int) -> float:
    """Of all steps of all arms, and their tests."""
    recipe, arms = experiment
    weights, units = _weights(network), _units(network)
    example = 3 * weights * PRODUCT_SECONDS + units * UNIT_SECONDS
    found = 0.0
    for arm in arms:
        validation = min(recipe.validation or recipe.train, recipe.train) if arm.adapts else 0
        update = weights * WEIGHT_SECONDS * (2 if arm.adapts else 1)
        found += recipe.steps * ((recipe.batch + validation) * example + update)
        found += recipe.test * example
    return seeds * found + 2 * recipe.steps * STEP_SECONDS


def _megabytes(experiment: Experiment, network: Mapping[str, int], dataset: str, seeds: int) -> int:
    """Of weights, activations and images of all members, and the images as they are read."""
    recipe, arms = experiment
    members = seeds * len(arms)
    examples = recipe.batch + (recipe.validation or recipe.train)
    numbers = members * (COPIES * _weights(network) + 6 * examples * _units(network))
    pixels = IMAGE_SIZES[dataset].pixels
    numbers += seeds * 2 * (recipe.train + recipe.test) * pixels
    return math.ceil((4 * numbers + 2 * stored_images(dataset) * pixels) / 1e6)
