"""Shards of the family `flatness`: all together, or where that is long one for each arm and some seeds."""

import math
from dataclasses import asdict
from itertools import pairwise
from typing import Any

from widthscope.studies.base import GPU_SPEEDUP, SHARD_SECONDS, Cost, Shard
from widthscope.studies.gradient_regularization.arms import Arm
from widthscope.studies.gradient_regularization.flatness.settings import PIXELS, Flatness

NAME, ENTRY = "flatness", "flatness.experiment"
STARTUP = 3.5

TOGETHER_SECONDS = 60.0
"""All that takes no longer than this shares one job, whose start would cost as much."""

PRODUCT_SECONDS = 3e-11
"""Of one multiplication and addition of a gradient's three products, on one core."""

UNIT_SECONDS = 4e-9
"""Of one unit, forward and backward, for one image."""

WEIGHT_SECONDS = 4e-9
"""Of one weight in one update, for each gradient that it takes."""

STEP_SECONDS = 4e-4
"""Of one gradient of all members, whatever their size."""

EXACT_PRODUCT_SECONDS = 3e-10
"""Of one multiplication and addition in the Hessian's recursion, in float64."""

REACHED = 0.25
"""Share of the allowed updates after which the slowest member has come to the loss, about."""

CLASSES, SAMPLES, BASE_MEMORY_MB = 10, 60_000, 500
CHUNK = 64
"""Images at once in the Hessian's recursion."""


def arms(settings: Flatness) -> dict[str, list[tuple[Arm, float]]]:
    """For each activation its arms, each with its share of the learning rate.

    The ascent step matters at kinks, so that ReLU has all of them; plain descent at a lower rate, whose
    implicit penalty is smaller, tells most where the loss is smooth.
    """
    plain, double = Arm("plain"), Arm("double", strength=settings.strength)
    forward = [Arm("forward", ascent, settings.strength) for ascent in settings.ascents]
    return {
        "tanh": [(plain, 1.0), (plain, settings.slower), (double, 1.0), (forward[-1], 1.0)],
        "relu": [(plain, 1.0), (double, 1.0), *((arm, 1.0) for arm in forward)],
    }


def shards(settings: Flatness, seed: int) -> list[Shard]:
    """All trainings; a seed that is added never changes another one's numbers."""
    every = list(range(settings.seeds))
    whole: dict[str, dict[str, Any]] = {
        activation: {"arms": [_fields(*arm) for arm in found], "seeds": every}
        for activation, found in arms(settings).items()
    }
    if sum(_seconds(settings, each) for each in whole.values()) <= TOGETHER_SECONDS:
        return [_shard(settings, seed, NAME, whole)]
    parts = []
    for activation, each in whole.items():
        for fields in each["arms"]:
            alone = {"arms": [fields], "seeds": every}
            jobs = min(len(every), math.ceil(_seconds(settings, alone) / SHARD_SECONDS))
            size = math.ceil(len(every) / jobs)
            for first in range(0, len(every), size):
                suffix = f"-from{first}" if jobs > 1 else ""
                part = {activation: {**alone, "seeds": every[first : first + size]}}
                parts.append(_shard(settings, seed, f"{NAME}-{activation}-{fields['name']}{suffix}", part))
    return parts


def _fields(arm: Arm, share: float) -> dict[str, Any]:
    """An arm as a job reads it."""
    return {"name": arm.name if share == 1 else "slower", "arm": asdict(arm), "share": share}


def _shard(settings: Flatness, seed: int, name: str, networks: dict[str, dict[str, Any]]) -> Shard:
    return Shard(
        name,
        ENTRY,
        {
            "dataset": settings.dataset,
            "seed": seed,
            "train": settings.train,
            "network": {
                "layers": settings.layers,
                "width": settings.width,
                "inputs": PIXELS[settings.dataset],
                "classes": CLASSES,
            },
            "rate": settings.rate,
            "loss": settings.loss,
            "steps": settings.steps,
            "alike": settings.alike,
            "networks": networks,
        },
        Cost(
            STARTUP + sum(_seconds(settings, each) for each in networks.values()),
            BASE_MEMORY_MB + max(_megabytes(settings, each) for each in networks.values()),
        ),
        datasets=(settings.dataset,),
        gpu_speedup=GPU_SPEEDUP,
    )


def _seconds(settings: Flatness, each: dict[str, Any]) -> float:
    """Of the updates until the loss is reached, and of three Hessian traces."""
    weights, units = _sizes(settings)
    one = settings.train * (3 * weights * PRODUCT_SECONDS + units * UNIT_SECONDS) + weights * WEIGHT_SECONDS
    members = len(each["seeds"])
    updates = REACHED * settings.steps
    gradients = sum(Arm(**fields["arm"]).gradients / fields["share"] for fields in each["arms"])
    traces = 3 * settings.train * (settings.layers - 1) * 2 * settings.width**3 * EXACT_PRODUCT_SECONDS
    return float(gradients * updates * (STEP_SECONDS + members * one) + members * len(each["arms"]) * traces)


def _megabytes(settings: Flatness, each: dict[str, Any]) -> int:
    """Of every seed's images, an update of all of them, and the Hessian's recursion in float64."""
    weights, units = _sizes(settings)
    members = len(each["seeds"])
    pixels = PIXELS[settings.dataset]
    source = pixels * (1797 if settings.dataset == "digits" else SAMPLES)
    images = 4 * source * (6 + 3 * members)
    update = 4 * members * (16 * weights + 8 * settings.train * units)
    recursion = 8 * members * (CHUNK * 4 * max(settings.width, CLASSES) ** 2 + settings.train * 2 * pixels)
    return int((images + update + recursion) / 2**20)


def _sizes(settings: Flatness) -> tuple[int, int]:
    """Weights of the network, and its units."""
    sizes = (PIXELS[settings.dataset], *[settings.width] * (settings.layers - 1), CLASSES)
    return sum(a * b for a, b in pairwise(sizes)), sum(sizes)
