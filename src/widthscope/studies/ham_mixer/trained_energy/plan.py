"""Shards of the family `trained_energy`: one, or for each arm, or for pairs of its seeds, by their length.

A pair is the least: on a CPU a lone network would train beside a copy of itself.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Literal

from widthscope.mixers.designs import ARMS as DESIGNS
from widthscope.mixers.designs import Shape
from widthscope.studies.base import GPU_SPEEDUP, SHARD_SECONDS, Cost, Shard
from widthscope.studies.ham_mixer.trained_energy.settings import TrainedEnergy
from widthscope.studies.ham_mixer.training_cost import hidden_units, train_memory_mb, train_seconds
from widthscope.studies.ham_mixer.training_plans import images_mb, in_pairs, shape_of

NAME, ENTRY = "trained-energy", "trained_energy.experiment"
STARTUP = 3.5
TOGETHER_SECONDS = 40.0
"""Trainings that take no longer than this in all share one job."""

ARMS = ("sym", "para", "neg", "parasym")
"""Symmetric couplings, free ones, anti-tied ones, and free ones that start symmetric."""

UNIT_SECONDS = 1e-8
"""Of one hidden unit in one application of a block, with its energy, in float64 on one core."""

Runs = Sequence[tuple[Literal["relu", "gelu"], str, Sequence[int]]]
"""Activation, arm and seeds of each training."""


def shards(settings: TrainedEnergy, seed: int) -> list[Shard]:
    """All trainings in one job where they are short."""
    seeds = range(settings.seeds)
    runs = [(activation, arm, seeds) for activation in settings.activations for arm in ARMS]
    if _seconds(settings, runs) <= TOGETHER_SECONDS:
        return [_shard(settings, seed, NAME, runs)]
    found = []
    for activation, arm, _ in runs:
        name = f"{NAME}-{activation}-{arm}"
        if _seconds(settings, [(activation, arm, seeds)]) <= SHARD_SECONDS:
            found.append(_shard(settings, seed, name, [(activation, arm, seeds)]))
        else:
            found += [
                _shard(settings, seed, f"{name}-s{pair[0]}", [(activation, arm, pair)])
                for pair in in_pairs(tuple(seeds))
            ]
    return found


def _shard(settings: TrainedEnergy, seed: int, name: str, runs: Runs) -> Shard:
    own: dict[str, Any] = settings.model_dump(mode="json", exclude={"seeds", "activations", *asdict(Shape())})
    shapes = {activation: asdict(shape_of(settings, activation)) for activation, _, _ in runs}
    listed = [{"activation": activation, "arm": arm, "seeds": list(seeds)} for activation, arm, seeds in runs]
    return Shard(
        name,
        ENTRY,
        {**own, "shapes": shapes, "runs": listed, "seed": seed},
        Cost(STARTUP + _seconds(settings, runs), _memory_mb(settings, runs)),
        datasets=(settings.dataset,),
        gpu_speedup=GPU_SPEEDUP,
    )


def _seconds(settings: TrainedEnergy, runs: Runs) -> float:
    """Of training and of recognising, and of applying one block to the test images."""
    steps = settings.epochs * (settings.train // settings.batch)
    total = 0.0
    for activation, arm, seeds in runs:
        shape = shape_of(settings, activation)
        images = steps * settings.batch + (settings.train + settings.test) // 3
        total += train_seconds(shape, DESIGNS[arm], len(seeds) * images)
        units = hidden_units(shape, DESIGNS[arm]) / shape.blocks
        total += len(seeds) * settings.test * (settings.iterations + 1) * units * UNIT_SECONDS
    return total


def _memory_mb(settings: TrainedEnergy, runs: Runs) -> int:
    largest = 0
    for activation, arm, seeds in runs:
        shape = shape_of(settings, activation)
        images = images_mb(settings, len(seeds))
        training = train_memory_mb(shape, DESIGNS[arm], settings.batch, len(seeds), images)
        units = hidden_units(shape, DESIGNS[arm]) / shape.blocks
        applied = round(8 * 6 * units * len(seeds) * settings.test / 1e6)
        largest = max(largest, training + applied)
    return largest
