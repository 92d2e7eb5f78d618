"""Shards of the family `diagonal`: flows with a mean, centred and verified flows, and trainings."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from widthscope.studies.base import SHARD_SECONDS, Cost, Shard
from widthscope.studies.gradient_regularization.diagonal.settings import Diagonal

NAME, ENTRY = "diagonal", "diagonal.experiment"
STARTUP = 3.5
BASE_MEMORY_MB = 600

TOGETHER_SECONDS = 30.0
"""Experiments that take no longer than this in all share one job: three would cost two starts more."""

RATE_SECONDS = 4.0e-10
"""Of one product of an input and a weight in one evaluation of the flow's rates, four products in all."""

ELEMENT_SECONDS = 3.0e-8
"""Of one feature of one trajectory in one evaluation, beside the products."""

EVALUATION_SECONDS = 6.0e-5
"""Of one evaluation, however small."""

DUAL_SECONDS = 1.1e-7
"""Of one input's weight in one solution of the dual problem."""

VERIFIED_DUALS = 6
"""Scales that are put into the solution of a verified flow."""

STEP_SECONDS = 6e-4
"""Of one gradient in one step of training, however small."""

PRODUCT_SECONDS = 1.5e-9
"""Of one product of an input and a weight in one gradient of a step of training."""


def experiments(settings: Diagonal) -> list[dict[str, Any]]:
    """Every experiment, in the order of the jobs that do them."""
    of_flow = {"strength": settings.strength}
    verified = {
        "kind": "verified",
        "scale": settings.scale,
        "ascents": [-settings.judged, 0.0, settings.judged],
        "seeds": list(range(settings.verified.seeds)),
        "tolerance": settings.verified.tolerance,
        "loss": settings.verified.loss,
        **of_flow,
    }
    explored = {
        "kind": "explored",
        "tolerance": settings.tolerance,
        "loss": settings.loss,
        **of_flow,
    }
    centred = [0.0, settings.judged]
    rising = [ascent for ascent in settings.ascents if 0 <= ascent <= settings.judged]
    flooded = {
        "kind": "flooding",
        "scale": settings.scale,
        "level": settings.flooding.level,
        "steps": settings.flooding.steps,
        "seeds": list(range(settings.flooding.seeds)),
    }
    return [
        {
            **explored,
            "name": "uncentred",
            "mean": settings.mean,
            "scale": settings.scale,
            "ascents": list(settings.ascents),
            "seeds": list(range(settings.seeds)),
            "predicted": list(settings.predicted),
        },
        {
            **explored,
            "name": "centred",
            "mean": 0.0,
            "scale": settings.scale,
            "ascents": centred,
            "seeds": list(range(settings.centred_seeds)),
        },
        {
            **explored,
            "name": "larger",
            "mean": settings.mean,
            "scale": settings.larger_scale,
            "ascents": rising,
            "seeds": list(range(settings.larger_seeds)),
        },
        {**verified, "name": "verified-uncentred", "mean": settings.mean},
        {**verified, "name": "verified-centred", "mean": 0.0},
        {
            "kind": "descent",
            "name": "descent",
            "mean": settings.mean,
            "scale": settings.scale,
            "ascents": [-settings.judged, settings.judged],
            "rate": settings.descent.rate,
            "steps": settings.descent.steps,
            "seeds": list(range(settings.descent.seeds)),
            **of_flow,
        },
        {**flooded, "name": "flooded-uncentred", "mean": settings.mean, "rate": settings.flooding.rate},
        {**flooded, "name": "flooded-centred", "mean": 0.0, "rate": settings.flooding.centred_rate},
    ]


GROUPS: Mapping[str, Sequence[str]] = {
    "flow": ("explored",),
    "verified": ("verified",),
    "descent": ("descent", "flooding"),
}
"""Jobs by the kinds of their experiments."""


def shards(settings: Diagonal, seed: int) -> list[Shard]:
    """One job where all is short, else one for each group, in parts by seeds where that would be long."""
    every = experiments(settings)
    if sum(_seconds(settings, each) for each in every) <= TOGETHER_SECONDS:
        return [_shard(settings, seed, NAME, every)]
    found = []
    for group, kinds in GROUPS.items():
        of_group = [each for each in every if each["kind"] in kinds]
        if sum(_seconds(settings, each) for each in of_group) <= SHARD_SECONDS:
            found.append(_shard(settings, seed, f"{NAME}-{group}", of_group))
            continue
        for each in of_group:
            for part in _by_seeds(settings, each):
                name = f"{NAME}-{each['name']}-from{part['seeds'][0]}"
                found.append(_shard(settings, seed, name, [part]))
    return found


def _by_seeds(settings: Diagonal, each: dict[str, Any]) -> list[dict[str, Any]]:
    """The experiment with some of its seeds in each part."""
    seeds = each["seeds"]
    parts = min(len(seeds), math.ceil(_seconds(settings, each) / SHARD_SECONDS))
    size = math.ceil(len(seeds) / parts)
    return [{**each, "seeds": seeds[first : first + size]} for first in range(0, len(seeds), size)]


def _shard(settings: Diagonal, seed: int, name: str, every: Sequence[Mapping[str, Any]]) -> Shard:
    problem = {
        "examples": settings.examples,
        "features": settings.features,
        "support": settings.support,
    }
    seconds = sum(_seconds(settings, each) for each in every)
    memory = max(_megabytes(settings, each) for each in every)
    return Shard(
        name,
        ENTRY,
        {"seed": seed, "problem": problem, "experiments": list(every)},
        Cost(STARTUP + seconds, BASE_MEMORY_MB + memory),
    )


def _seconds(settings: Diagonal, each: Mapping[str, Any]) -> float:
    """Of an experiment: evaluations of a flow's rates, or steps of a training."""
    trajectories = len(each["seeds"]) * len(each.get("ascents", (0,)))
    products = trajectories * settings.examples * settings.features
    if "steps" in each:
        gradients = each["steps"] * (2 if each["kind"] == "descent" else 1)
        return float(gradients * (STEP_SECONDS + products * PRODUCT_SECONDS))
    one = EVALUATION_SECONDS + products * RATE_SECONDS + trajectories * settings.features * ELEMENT_SECONDS
    duals = (VERIFIED_DUALS if each["kind"] == "verified" else 1) * products * DUAL_SECONDS
    return _evaluations(settings, each) * one + duals


def _evaluations(settings: Diagonal, each: Mapping[str, Any]) -> float:
    """Of the rates of one flow: accuracy asks for steps at first, then stability, until the loss is small.

    The more the further the scale shifts (to first order). Fitted to the counts at n = 50, d = 100.
    """
    shift = (
        settings.strength
        * each["mean"] ** 2
        * settings.support
        / (8 * each["scale"] ** 2 * settings.features)
    )
    accurate = 4500 * (1e-6 / each["tolerance"]) ** (1 / 3) * (1 + 6 * shift)
    decades = math.log10(1 / each["loss"])
    rate = (
        2 * each["mean"] ** 2 * max(2 * each["scale"] ** 2 * settings.features, math.sqrt(settings.support))
    )
    stiff = 40 * decades * math.sqrt(1 + rate * (1 + settings.strength * rate))
    return float(accurate + stiff)


def _megabytes(settings: Diagonal, each: Mapping[str, Any]) -> int:
    """Of the inputs, twice, and of some twenty states with four numbers for each weight."""
    seeds, values = len(each["seeds"]), len(each.get("ascents", (0,)))
    inputs = 3 * seeds * settings.examples * settings.features * (values if "steps" in each else 1)
    states = 80 * seeds * values * settings.features
    return int(8 * (inputs + states) / 2**20)
