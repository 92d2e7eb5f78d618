"""Shards of the family `label_noise`: one for each activation, its arms or their seeds, as they are long."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from widthscope.datasets.image_sizes import IMAGE_SIZES
from widthscope.studies.base import GPU_SPEEDUP, SHARD_SECONDS, Cost, Shard
from widthscope.studies.gradient_regularization.arms import Arm, grid
from widthscope.studies.gradient_regularization.label_noise.settings import LabelNoise
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

NAME, ENTRY = "label-noise", "label_noise.experiment"
STARTUP = 3.5

TOGETHER_SECONDS = 12.0
"""Groups that take no longer than this in all share one job, whose start would cost as much."""

BASE_MEMORY_MB = 500
Group = Mapping[str, Any]


def shards(settings: LabelNoise, seed: int) -> list[Shard]:
    """All arms; a seed that is added never changes another's numbers."""
    groups = [group for activation in ("relu", "tanh") for group in _groups(settings, activation)]
    small = max(_megabytes(settings, group) for group in groups) <= SHARD_MB
    if small and sum(_seconds(settings, group) for group in groups) <= TOGETHER_SECONDS:
        return [_shard(settings, seed, NAME, groups)]
    found = []
    for activation in ("relu", "tanh"):
        own = [group for group in groups if group["activation"] == activation]
        small = max(_megabytes(settings, group) for group in own) <= SHARD_MB
        if small and sum(_seconds(settings, group) for group in own) <= SHARD_SECONDS:
            found.append(_shard(settings, seed, f"{NAME}-{activation}", own))
        else:
            found += [shard for group in own for shard in _by_arm(settings, seed, group)]
    return found


def _groups(settings: LabelNoise, activation: str) -> list[Group]:
    """Arms that are judged, with all seeds, and the others with fewer."""
    networks = settings.relu if activation == "relu" else settings.tanh
    judged_ascents = {settings.ascents[-1]} | ({settings.ascents[0]} if activation == "tanh" else set())
    arms = grid(settings.strength, settings.ascents)
    judged = [arm for arm in arms if not arm.ascent or arm.ascent in judged_ascents]
    others = [arm for arm in arms if arm not in judged]
    network = {
        "kind": getattr(networks, "kind", "perceptron"),
        "layers": networks.layers,
        "width": networks.width,
        "inputs": IMAGE_SIZES[settings.dataset].pixels,
        "classes": IMAGE_SIZES[settings.dataset].classes,
    }
    parts = (("judged", judged, networks.seeds), ("others", others, networks.curve_seeds))
    return [
        {
            "activation": activation,
            "group": group,
            "network": network,
            "arms": [asdict(arm) for arm in own],
            "seeds": list(range(seeds)),
        }
        for group, own, seeds in parts
        if own
    ]


def _by_arm(settings: LabelNoise, seed: int, group: Group) -> list[Shard]:
    """Shards of one arm each, with as many of its seeds as are not long together."""
    found = []
    for fields in group["arms"]:
        arm = {**group, "arms": [fields]}
        seeds: Sequence[int] = group["seeds"]

        def cost(count: int, arm: Group = arm, seeds: Sequence[int] = seeds) -> tuple[float, float]:
            few = {**arm, "seeds": seeds[:count]}
            return _seconds(settings, few), _megabytes(settings, few)

        parts = seed_parts(seeds, cost)
        name = f"{NAME}-{group['activation']}-{Arm(**fields).name.replace('.', '_')}"
        for part in parts:
            own = {**arm, "seeds": part}
            found.append(_shard(settings, seed, f"{name}-s{part[0]}" if len(parts) > 1 else name, [own]))
    return found


def _shard(settings: LabelNoise, seed: int, name: str, groups: Sequence[Group]) -> Shard:
    recipe = {key: getattr(settings, key) for key in ("batch", "steps", "rate", "weight_decay")}
    read = ("dataset", "train", "test", "random_labels", "strength")
    seconds = sum(_seconds(settings, group) for group in groups)
    return Shard(
        name,
        ENTRY,
        {
            **{key: getattr(settings, key) for key in read},
            "seed": seed,
            "recipe": recipe,
            "groups": [dict(group) for group in groups],
        },
        Cost(STARTUP + seconds, BASE_MEMORY_MB + max(_megabytes(settings, group) for group in groups)),
        datasets=(settings.dataset,),
        gpu_speedup=GPU_SPEEDUP,
    )


def _seconds(settings: LabelNoise, group: Group) -> float:
    """Of training, and of measuring at the end, in gradients of one image."""
    seeds = len(group["seeds"])
    size = size_of(group["network"])
    updates = settings.steps * gradient_seconds(size, seeds, settings.batch)
    measured = seeds * (settings.train * 2 + settings.test) / 2 * size.image_seconds
    # Double backpropagation of shallow perceptrons costs less than of deep networks; nothing hangs on it.
    return float(sum(Arm(**fields).gradients * updates + measured for fields in group["arms"]))


def _megabytes(settings: LabelNoise, group: Group) -> int:
    """Of images, weights with momentum and gradients, and what a batch leaves, float64 where measured."""
    members = len(group["seeds"]) * len(group["arms"])
    size = size_of(group["network"])
    pixels = IMAGE_SIZES[settings.dataset].pixels
    images = pixels * (len(group["seeds"]) * (settings.train + settings.test) * 3 + 60_000)
    each = member_megabytes(size, COPIES, images_left(settings.batch))
    return int(4 * (images + members * 2 * MEASURED_AT_ONCE * pixels) / 2**20 + members * each)
