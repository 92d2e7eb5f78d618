"""Shards of the family `flatness`: all together, or where that is long one for each arm and some seeds."""

from dataclasses import asdict
from typing import Any

from widthscope.datasets.image_sizes import IMAGE_SIZES, stored_images
from widthscope.studies.base import GPU_SPEEDUP, Cost, Shard
from widthscope.studies.gradient_regularization.arms import Arm
from widthscope.studies.gradient_regularization.flatness.settings import Flatness
from widthscope.studies.gradient_regularization.training_cost import (
    DESCENT_COPIES,
    DESCENT_PASSES,
    SHARD_MB,
    gradient_seconds,
    member_megabytes,
    seed_parts,
    size_of,
)

NAME, ENTRY = "flatness", "flatness.experiment"
STARTUP = 3.5

TOGETHER_SECONDS = 60.0
"""All that takes no longer than this shares one job, whose start would cost as much."""

EXACT_PRODUCT_SECONDS = 3e-10
"""Of one multiplication and addition in the Hessian's recursion, in float64."""

REACHED = 0.25
"""Share of the allowed updates after which the slowest member has come to the loss, about."""

BASE_MEMORY_MB = 500
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
    small = max(_megabytes(settings, each) for each in whole.values()) <= SHARD_MB
    if small and sum(_seconds(settings, each) for each in whole.values()) <= TOGETHER_SECONDS:
        return [_shard(settings, seed, NAME, whole)]
    parts = []
    for activation, each in whole.items():
        for fields in each["arms"]:
            plain = fields["name"].replace(".", "_")

            def cost(count: int, fields: dict[str, Any] = fields) -> tuple[float, float]:
                few = {"arms": [fields], "seeds": every[:count]}
                return _seconds(settings, few), _megabytes(settings, few)

            jobs = seed_parts(every, cost)
            for seeds in jobs:
                suffix = f"-from{seeds[0]}" if len(jobs) > 1 else ""
                part = {activation: {"arms": [fields], "seeds": list(seeds)}}
                parts.append(_shard(settings, seed, f"{NAME}-{activation}-{plain}{suffix}", part))
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
            "network": _network(settings),
            "rate": settings.rate,
            "strength": settings.strength,
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


def _network(settings: Flatness) -> dict[str, Any]:
    """Fields of the network, without its activation."""
    return {
        "layers": settings.layers,
        "width": settings.width,
        "inputs": IMAGE_SIZES[settings.dataset].pixels,
        "classes": IMAGE_SIZES[settings.dataset].classes,
    }


def _seconds(settings: Flatness, each: dict[str, Any]) -> float:
    """Of the updates until the loss is reached, and of three Hessian traces."""
    members = len(each["seeds"])
    update = gradient_seconds(size_of(_network(settings)), members, settings.train)
    gradients = sum(Arm(**fields["arm"]).gradients / fields["share"] for fields in each["arms"])
    products = 2 * max(0, settings.layers - 2) * settings.width**3
    traces = 3 * members * len(each["arms"]) * settings.train * products * EXACT_PRODUCT_SECONDS
    return float(REACHED * settings.steps * gradients * update + traces)


def _megabytes(settings: Flatness, each: dict[str, Any]) -> int:
    """Of every seed's images, an update of all of them, and the Hessian's recursion in float64."""
    size = size_of(_network(settings))
    members = len(each["seeds"])
    pixels = IMAGE_SIZES[settings.dataset].pixels
    images = 4 * pixels * stored_images(settings.dataset) * (3 * members + 3)
    update = members * member_megabytes(size, DESCENT_COPIES, DESCENT_PASSES * settings.train)
    recursion = 8 * members * (CHUNK * 4 * settings.width**2 + settings.train * 2 * pixels)
    return int((images + recursion) / 2**20 + update)
