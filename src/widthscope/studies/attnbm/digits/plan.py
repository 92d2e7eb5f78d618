"""Shards of the family `digits`: machines by gradient descent, and attention by Adam and maximisation."""

from math import ceil
from typing import Any

from widthscope.studies.attnbm.digits.settings import PIXELS, Digits
from widthscope.studies.base import GPU_SPEEDUP, SHARD_SECONDS, Cost, Shard

ENTRY = "digits.experiment"
STARTUP = 3.5

TOGETHER_SECONDS = 6.0
"""Parts that take no longer than this in all share one job, whose start would cost as much."""

MACHINES = ("attention", "few", "exact", "contrastive")
OPTIMUM = "optimum"

FLOP_SECONDS = 5e-11
"""Of one floating-point operation in a product of matrices, in float32 on one core."""

NUMBER_SECONDS = 4e-9
"""Of each responsibility or random number in an update."""

UPDATE_SECONDS = 3e-4
"""Of one update of all members, whatever its size."""

SOLVE_SECONDS = 1.5e-4
"""Of a small linear system, with what it takes to call for it."""

START_MB = 450


def shards(settings: Digits, seed: int) -> list[Shard]:
    """All machines in one job if they are short, else one for the optimum and one for each machine."""
    costs = {name: _descent(settings, name) for name in MACHINES} | {OPTIMUM: _optimum(settings)}
    seconds = sum(cost.seconds for cost in costs.values())
    if seconds <= TOGETHER_SECONDS:
        return [_shard("digits", [*MACHINES, OPTIMUM], settings, seed, _joined(list(costs.values())))]
    descents = [costs[name] for name in MACHINES]
    found = [_shard("digits-optimum", [OPTIMUM], settings, seed, costs[OPTIMUM])]
    if sum(cost.seconds for cost in descents) <= SHARD_SECONDS / 10:
        return [*found, _shard("digits-descent", list(MACHINES), settings, seed, _joined(descents))]
    return found + [_shard(f"digits-{name}", [name], settings, seed, costs[name]) for name in MACHINES]


def _shard(name: str, machines: list[str], settings: Digits, seed: int, cost: Cost) -> Shard:
    own: dict[str, Any] = {**settings.model_dump(mode="json"), "seed": seed, "machines": machines}
    return Shard(
        name,
        ENTRY,
        own,
        Cost(STARTUP + cost.seconds, START_MB + cost.memory_mb),
        datasets=(settings.dataset,),
        gpu_speedup=GPU_SPEEDUP if cost.seconds > SHARD_SECONDS else 1.0,
    )


def _joined(costs: list[Cost]) -> Cost:
    return Cost(sum(cost.seconds for cost in costs), max(cost.memory_mb for cost in costs))


def _descent(settings: Digits, name: str) -> Cost:
    """Of one machine: updates, and its likelihood after every epoch."""
    pixels = PIXELS[settings.dataset]
    units = {"attention": settings.components, "few": settings.few_components}.get(
        name, settings.binary_units
    )
    listed = 2**units if name == "exact" else 0
    members = settings.seeds * (len(settings.rates) + len(settings.rates_doubled))
    images = settings.epochs * (settings.train // settings.batch) * settings.batch
    others = (settings.epochs + 1) * (settings.validation + settings.test)
    drawn = (pixels + units) * (2 if name == "contrastive" else 0)
    products = 4 * pixels * units * (2 if name == "contrastive" else 1)
    updates = images // settings.batch
    seconds = updates * (UPDATE_SECONDS + members * listed * units * NUMBER_SECONDS)
    seconds += members * images * (products * FLOP_SECONDS + (units + pixels + drawn) * NUMBER_SECONDS)
    seconds += members * others * (4 * pixels * units * FLOP_SECONDS + (pixels + units) * NUMBER_SECONDS)
    numbers = members * (8 * units * pixels + 4 * settings.batch * (pixels + units) + 4 * listed * units)
    return Cost(seconds, ceil(4 * (numbers + _stored(settings)) / 2**20))


def _optimum(settings: Digits) -> Cost:
    """Of Adam from two starts, maximisation in float64, and completion; as measured at both sizes."""
    pixels, units = PIXELS[settings.dataset], settings.components
    weights = 2 * settings.seeds * pixels * units
    shown = 2 * settings.seeds * settings.adam_steps * settings.adam_batch
    seconds = settings.adam_steps * (2 * UPDATE_SECONDS + 2 * weights * NUMBER_SECONDS)
    seconds += shown * (4 * pixels * units * FLOP_SECONDS + units * NUMBER_SECONDS)
    maximised = settings.seeds * settings.em_iterations * settings.train
    seconds += maximised * (8 * pixels * units * FLOP_SECONDS + units * NUMBER_SECONDS)
    seen = pixels * (1 - settings.hidden_share)
    seconds += settings.seeds * settings.test * (SOLVE_SECONDS + seen**2 * pixels * FLOP_SECONDS)
    responsibilities = 8 * settings.seeds * settings.train * units
    return Cost(seconds, ceil(4 * (6 * weights + responsibilities + 2 * _stored(settings)) / 2**20))


def _stored(settings: Digits) -> int:
    """Numbers of all images of all seeds, and of one float64 copy."""
    images = settings.train + settings.validation + settings.test
    return 3 * settings.seeds * images * PIXELS[settings.dataset]
