"""Shards of the family `label_noise`: one for each activation, its arms or their seeds, as they are long."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import pairwise
from typing import Any

from widthscope.studies.base import GPU_SPEEDUP, SHARD_SECONDS, Cost, Shard
from widthscope.studies.gradient_regularization.arms import Arm, grid
from widthscope.studies.gradient_regularization.label_noise.settings import LabelNoise

NAME, ENTRY = "label-noise", "label_noise.experiment"
STARTUP = 3.5

TOGETHER_SECONDS = 12.0
"""Groups that take no longer than this in all share one job, whose start would cost as much."""

PRODUCT_SECONDS = 3e-11
"""Of one multiplication and addition, on one core."""

UNIT_SECONDS = 3e-9
"""Of one unit and image in a gradient, beside the products."""

STEP_SECONDS = 5e-4
"""Of one plain gradient of all members, whatever their size."""

MEMBER_SECONDS = 4e-5
"""Of one member in one plain gradient, whatever the size of its network: short loops of small products."""

BASE_MEMORY_MB = 500
PIXELS = {"digits": 64, "cifar10": 3072, "cifar100": 3072}
CLASSES = {"digits": 10, "cifar10": 10, "cifar100": 100}
RESNET_PRODUCTS = 0.56e9
"""Of ResNet-18 with 64 channels in its first stage on an image of 32 by 32 pixels, forward."""

WIDE_PRODUCTS = 5.2e9
"""Of a wide residual network of depth 28 and 160 channels in its first stage, forward."""

RESIDUAL_WEIGHTS = {"resnet-18": 11.2e6, "wide-resnet": 36.5e6}
RESIDUAL_UNITS = {"resnet-18": 1.3e6, "wide-resnet": 9e6}
"""Numbers that one image leaves for the backward pass, at the same sizes."""

Group = Mapping[str, Any]


def shards(settings: LabelNoise, seed: int) -> list[Shard]:
    """All arms; a seed that is added never changes another's numbers."""
    groups = [group for activation in ("relu", "tanh") for group in _groups(settings, activation)]
    if sum(_seconds(settings, group) for group in groups) <= TOGETHER_SECONDS:
        return [_shard(settings, seed, NAME, groups)]
    found = []
    for activation in ("relu", "tanh"):
        own = [group for group in groups if group["activation"] == activation]
        if sum(_seconds(settings, group) for group in own) <= SHARD_SECONDS:
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
        "inputs": PIXELS[settings.dataset],
        "classes": CLASSES[settings.dataset],
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
        jobs = min(len(seeds), math.ceil(_seconds(settings, arm) / SHARD_SECONDS))
        size = math.ceil(len(seeds) / jobs)
        name = f"{NAME}-{group['activation']}-{Arm(**fields).name.replace('.', '_')}"
        for first in range(0, len(seeds), size):
            part = {**arm, "seeds": seeds[first : first + size]}
            found.append(_shard(settings, seed, f"{name}-s{first}" if jobs > 1 else name, [part]))
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
    products, units, _ = _size(group["network"])
    image = 3 * products * PRODUCT_SECONDS + units * UNIT_SECONDS
    measured = (settings.train * 2 + settings.test) / 2
    total = 0.0
    for arm in (Arm(**fields) for fields in group["arms"]):
        # Double backpropagation of shallow perceptrons costs less than of deep networks; nothing hangs on it.
        step = STEP_SECONDS + seeds * (MEMBER_SECONDS + settings.batch * image)
        total += arm.gradients * settings.steps * step + seeds * measured * image
    return total


def _size(network: Mapping[str, Any]) -> tuple[float, float, float]:
    """Products of one image's forward pass, numbers that it leaves, and weights."""
    layers, width, kind = network["layers"], network["width"], network["kind"]
    if kind == "resnet-18":
        scale = width / 64
        return RESNET_PRODUCTS * scale**2, RESIDUAL_UNITS[kind] * scale, RESIDUAL_WEIGHTS[kind] * scale**2
    if kind == "wide-resnet":
        deep, wide = (layers - 4) / 24, width / 160
        weights = RESIDUAL_WEIGHTS[kind] * deep * wide**2
        return WIDE_PRODUCTS * deep * wide**2, RESIDUAL_UNITS[kind] * deep * wide, weights
    sizes = [network["inputs"], *[width] * (layers - 1), network["classes"]]
    products = sum(first * second for first, second in pairwise(sizes))
    return float(products), float(sum(sizes)), float(products + sum(sizes[1:]))


def _megabytes(settings: LabelNoise, group: Group) -> int:
    """Of images, weights with momentum and gradients, and what a batch leaves, float64 where measured."""
    members = len(group["seeds"]) * len(group["arms"])
    _, units, weights = _size(group["network"])
    pixels = PIXELS[settings.dataset]
    images = pixels * (len(group["seeds"]) * (settings.train + settings.test) * 3 + 60_000)
    left = max(6 * settings.batch, 2 * 500) * units
    return int(4 * (images + members * (8 * weights + left + 2 * 500 * pixels)) / 2**20)
