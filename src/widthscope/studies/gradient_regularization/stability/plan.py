"""Shards of the family `stability`: all together, or where that is long one for each setup, arm and seeds."""

from dataclasses import asdict
from typing import Any

from widthscope.datasets.image_sizes import IMAGE_SIZES, stored_images
from widthscope.studies.base import GPU_SPEEDUP, Cost, Shard
from widthscope.studies.gradient_regularization.arms import Arm, grid
from widthscope.studies.gradient_regularization.stability.settings import Setup, Stability
from widthscope.studies.gradient_regularization.training_cost import (
    COPIES,
    MEASURED_AT_ONCE,
    SHARD_MB,
    gradient_seconds,
    images_left,
    member_megabytes,
    seed_parts,
    size_of,
)

NAME, ENTRY = "stability", "stability.experiment"
STARTUP = 3.5

TOGETHER_SECONDS = 60.0
"""Setups that take no longer than this in all share one job, whose start would cost as much."""

BASE_MEMORY_MB = 500
MOMENTUM = 0.9


def shards(settings: Stability, seed: int) -> list[Shard]:
    """All trainings of both setups; a seed that is added never changes another one's numbers."""
    setups = {"strong": settings.strong, "clean": settings.clean}
    arms = {name: list(grid(setup.strength, setup.ascents)) for name, setup in setups.items()}
    seeds = {name: list(range(setup.seeds)) for name, setup in setups.items()}
    trainings = {name: _training(settings, setups[name], arms[name], seeds[name]) for name in setups}
    small = max(_megabytes(settings, each) for each in trainings.values()) <= SHARD_MB
    if small and sum(_seconds(settings, each) for each in trainings.values()) <= TOGETHER_SECONDS:
        return [_shard(settings, seed, NAME, trainings)]
    found = []
    for name, setup in setups.items():
        for arm in arms[name]:
            plain = arm.name.replace(".", "_")

            def cost(count: int, setup: Setup = setup, arm: Arm = arm) -> tuple[float, float]:
                few = _training(settings, setup, [arm], list(range(count)))
                return _seconds(settings, few), _megabytes(settings, few)

            parts = seed_parts(seeds[name], cost)
            for part in parts:
                suffix = f"-from{part[0]}" if len(parts) > 1 else ""
                training = _training(settings, setup, [arm], list(part))
                found.append(_shard(settings, seed, f"{NAME}-{name}-{plain}{suffix}", {name: training}))
    return found


def _training(settings: Stability, setup: Setup, arms: list[Arm], seeds: list[int]) -> dict[str, Any]:
    return {
        "train": setup.train,
        "strength": setup.strength,
        "recipe": {
            "batch": settings.batch,
            "steps": settings.steps,
            "rate": setup.rate,
            "momentum": MOMENTUM,
            "weight_decay": settings.weight_decay,
        },
        "arms": [asdict(arm) for arm in arms],
        "seeds": seeds,
    }


def _network(settings: Stability) -> dict[str, Any]:
    """Fields of the network."""
    return {
        "activation": "relu",
        "kind": settings.kind,
        "layers": settings.layers,
        "width": settings.width,
        "inputs": IMAGE_SIZES[settings.dataset].pixels,
        "classes": IMAGE_SIZES[settings.dataset].classes,
    }


def _shard(settings: Stability, seed: int, name: str, trainings: dict[str, dict[str, Any]]) -> Shard:
    return Shard(
        name,
        ENTRY,
        {
            "dataset": settings.dataset,
            "seed": seed,
            "network": _network(settings),
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
    """Of all gradients, and of the accuracies at the end."""
    size = size_of(_network(settings))
    seeds = len(training["seeds"])
    updates = settings.steps * gradient_seconds(size, seeds, settings.batch)
    images = stored_images(settings.dataset) + training["train"]
    measured = seeds * images / 2 * size.image_seconds
    arms = [Arm(**fields) for fields in training["arms"]]
    return float(sum(arm.gradients * updates + measured for arm in arms))


def _megabytes(settings: Stability, training: dict[str, Any]) -> int:
    """Of every seed's images and those they come from, weights, and what a batch or a test leaves."""
    size = size_of(_network(settings))
    seeds = len(training["seeds"])
    members = seeds * len(training["arms"])
    pixels = IMAGE_SIZES[settings.dataset].pixels
    images = pixels * stored_images(settings.dataset) * (3 * seeds + 3)
    each = member_megabytes(size, COPIES, images_left(settings.batch))
    return int(4 * (images + members * 2 * MEASURED_AT_ONCE * pixels) / 2**20 + members * each)
