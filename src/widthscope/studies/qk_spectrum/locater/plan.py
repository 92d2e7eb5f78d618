"""Shards of the family `locater`: one for each arm and strength, with all its seeds."""

from typing import Any

from widthscope.studies.base import GPU_SPEEDUP, Cost, Shard
from widthscope.studies.qk_spectrum.locater.arms import ARMS
from widthscope.studies.qk_spectrum.locater.settings import Locater

SECONDS_PER_PRODUCT = 1.7e-11
"""Of one multiplication in one direction of the model, on one core."""

SECONDS_PER_NUMBER = 1.05e-9
"""Of one number of an activation, read and written once in each direction."""

START_MB = 350
"""A Torch process with a text."""

TOGETHER_SECONDS = 15.0
"""Runs that take no longer than this in all share one job, whose start would cost as much."""

SYMBOLS = {"text": 100, "wikitext2": 33_278}
"""About how many symbols each dataset has."""

HELD_OUT = {"text": 93_000, "wikitext2": 460_000}
"""Symbols of the test and validation parts together."""


def shards(settings: Locater, seed: int) -> list[Shard]:
    """One shard per arm and strength, so that another one trains alone; one for all where they are short."""
    runs = _runs(settings, seed)
    costs = {name: _cost(settings, run["seeds"]) for name, run in runs.items()}
    if sum(cost.seconds for cost in costs.values()) <= TOGETHER_SECONDS:
        together = Cost(
            sum(cost.seconds for cost in costs.values()), max(cost.memory_mb for cost in costs.values())
        )
        return [_shard("locater", runs, together, settings.dataset)]
    return [
        _shard(f"locater-{name}", {name: run}, costs[name], settings.dataset) for name, run in runs.items()
    ]


def _shard(name: str, runs: dict[str, dict[str, Any]], cost: Cost, dataset: str) -> Shard:
    return Shard(
        name, "locater.experiment", {"runs": runs}, cost, datasets=(dataset,), gpu_speedup=GPU_SPEEDUP
    )


def _runs(settings: Locater, seed: int) -> dict[str, dict[str, Any]]:
    """What each run reads, by name: every arm that has seeds, at every strength if it has a penalty."""
    common = settings.model_dump(mode="json", exclude={"seeds", "strengths"})
    found = {}
    for arm, treatment in ARMS.items():
        strengths = (0.0,) if treatment.penalty == "none" else settings.strengths
        for strength in strengths if settings.seeds.of(arm) else ():
            name = f"{arm}-{strength:g}" if strength else arm
            found[name] = {
                "seed": seed,
                "arm": arm,
                "strength": strength,
                "seeds": settings.seeds.of(arm),
                **common,
            }
    return found


def _cost(settings: Locater, seeds: int) -> Cost:
    """Of training `seeds` members and of measuring them at the end."""
    d, symbols = settings.width, SYMBOLS[settings.dataset]
    products = settings.layers * (4 * d**2 + 2 * d * settings.feedforward + 2 * settings.context * d)
    numbers = settings.layers * (12 * d + 2 * settings.feedforward + 4 * settings.heads * settings.context)
    forward = (products + symbols * d) * SECONDS_PER_PRODUCT + (numbers + 3 * symbols) * SECONDS_PER_NUMBER
    window = settings.batch * settings.context
    trained, measured = settings.steps * window, HELD_OUT[settings.dataset]
    held = seeds * window * (8 * numbers + 5 * symbols)
    return Cost(
        seconds=seeds * forward * (3 * trained + measured), memory_mb=START_MB + round(4 * held / 2**20)
    )
