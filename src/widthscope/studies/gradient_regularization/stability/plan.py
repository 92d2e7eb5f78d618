"""Shards of the family `stability`: all together, or where that is long one for each setup, arm and seeds."""

import math
from dataclasses import asdict
from itertools import pairwise
from typing import Any

from widthscope.studies.base import GPU_SPEEDUP, SHARD_SECONDS, Cost, Shard
from widthscope.studies.gradient_regularization.arms import Arm, grid
from widthscope.studies.gradient_regularization.stability.settings import (
    CLASSES,
    PIXELS,
    Setup,
    Stability,
)

NAME, ENTRY = "stability", "stability.experiment"
STARTUP = 3.5

TOGETHER_SECONDS = 60.0
"""Setups that take no longer than this in all share one job, whose start would cost as much."""

PRODUCT_SECONDS = 3e-11
"""Of one multiplication and addition of a gradient's three products, on one core."""

UNIT_SECONDS = 4e-9
"""Of one unit, forward and backward, for one image."""

WEIGHT_SECONDS = 4e-9
"""Of one weight in one update, for each gradient that it takes."""

STEP_SECONDS = 4e-4
"""Of one gradient of all members, whatever their size."""

BASE_MEMORY_MB = 500
SAMPLES = 60_000
MOMENTUM = 0.9


def shards(settings: Stability, seed: int) -> list[Shard]:
    """All trainings of both setups; a seed that is added never changes another one's numbers."""
    setups = {"strong": settings.strong, "clean": settings.clean}
    arms = {name: list(grid(setup.strength, setup.ascents)) for name, setup in setups.items()}
    seeds = {name: list(range(setup.seeds)) for name, setup in setups.items()}
    trainings = {name: _training(settings, setups[name], arms[name], seeds[name]) for name in setups}
    if sum(_seconds(settings, each) for each in trainings.values()) <= TOGETHER_SECONDS:
        return [_shard(settings, seed, NAME, trainings)]
    found = []
    for name, setup in setups.items():
        for arm in arms[name]:
            whole = _training(settings, setup, [arm], seeds[name])
            jobs = min(len(seeds[name]), math.ceil(_seconds(settings, whole) / SHARD_SECONDS))
            size = math.ceil(len(seeds[name]) / jobs)
            for first in range(0, len(seeds[name]), size):
                part = _training(settings, setup, [arm], seeds[name][first : first + size])
                suffix = f"-from{first}" if jobs > 1 else ""
                found.append(_shard(settings, seed, f"{NAME}-{name}-{arm.name}{suffix}", {name: part}))
    return found


def _training(settings: Stability, setup: Setup, arms: list[Arm], seeds: list[int]) -> dict[str, Any]:
    return {
        "train": setup.train,
        "recipe": {
            "batch": settings.batch,
            "steps": settings.steps,
            "rate": setup.rate,
            "momentum": MOMENTUM,
        },
        "arms": [asdict(arm) for arm in arms],
        "seeds": seeds,
    }


def _shard(settings: Stability, seed: int, name: str, trainings: dict[str, dict[str, Any]]) -> Shard:
    return Shard(
        name,
        ENTRY,
        {
            "dataset": settings.dataset,
            "seed": seed,
            "network": {
                "activation": "relu",
                "layers": settings.layers,
                "width": settings.width,
                "inputs": PIXELS[settings.dataset],
                "classes": CLASSES[settings.dataset],
            },
            "failed_below": settings.failed_below,
            "trainings": trainings,
        },
        Cost(
            STARTUP + sum(_seconds(settings, each) for each in trainings.values()),
            BASE_MEMORY_MB + max(_megabytes(settings, each) for each in trainings.values()),
        ),
        datasets=(settings.dataset,),
        gpu_speedup=GPU_SPEEDUP,
    )


def _seconds(settings: Stability, training: dict[str, Any]) -> float:
    """Of all gradients; the tests are a forward pass beside hundreds."""
    weights, units = _sizes(settings)
    gradients = sum(Arm(**arm).gradients for arm in training["arms"]) * settings.steps
    one = settings.batch * (3 * weights * PRODUCT_SECONDS + units * UNIT_SECONDS) + weights * WEIGHT_SECONDS
    return float(gradients * (STEP_SECONDS + len(training["seeds"]) * one))


def _megabytes(settings: Stability, training: dict[str, Any]) -> int:
    """Of every seed's images, those they come from, and of weights with all that an update holds."""
    weights, units = _sizes(settings)
    seeds = len(training["seeds"])
    members = seeds * len(training["arms"])
    images = PIXELS[settings.dataset] * SAMPLES * (5 * seeds + 6)
    if settings.dataset == "digits":
        images = images * 1797 // SAMPLES
    return int(4 * (images + members * (10 * weights + 12 * 500 * units)) / 2**20)


def _sizes(settings: Stability) -> tuple[int, int]:
    """Weights of the network, and its units."""
    sizes = (
        PIXELS[settings.dataset],
        *[settings.width] * (settings.layers - 1),
        CLASSES[settings.dataset],
    )
    return sum(a * b for a, b in pairwise(sizes)), sum(sizes)
