"""Shards of the family `mixtures`: one for all its parts where they are short, else one for each."""

from itertools import pairwise
from math import ceil
from typing import Any

from widthscope.studies.attnbm.mixtures.settings import Denoising, Likelihood, Mixtures, Threshold
from widthscope.studies.base import GPU_SPEEDUP, SHARD_SECONDS, Cost, Shard

NAME, ENTRY = "mixtures", "mixtures.experiment"
STARTUP = 3.5

TOGETHER_SECONDS = 80.0
"""Parts that take no longer than this in all share one job."""

GPU_SECONDS = 120.0
"""A longer job asks for a GPU, where there is one."""

FLOPS = 2e10
"""Multiplications and additions of a core in a second, in products of matrices."""

NUMBER_SECONDS = 4e-9
"""Of one responsibility or one coordinate of an example in a step, besides products: passes over memory."""

GATHERED_SECONDS = 8e-9
"""Of one coordinate of an example that is gathered for a minibatch, or drawn."""

STEP_SECONDS = 3e-4
"""Of a step, however small."""

EM_STEPS = 100
"""After about so many iterations expectation maximisation has converged."""

BASE_MB = 500


def shards(settings: Mixtures, seed: int) -> list[Shard]:
    """The parts, together or apart; apart, the likelihood has a shard for each way of training.

    What would still pass `SHARD_SECONDS` is split by seeds, whose results do not depend on each other.
    """
    tried = tried_costs(settings.likelihood)
    parts = {
        "likelihood": Cost(
            sum(cost.seconds for cost in tried.values()), max(cost.memory_mb for cost in tried.values())
        ),
        "threshold": threshold_cost(settings.threshold),
        "denoising": denoising_cost(settings.denoising),
    }
    seconds = sum(cost.seconds for cost in parts.values())
    if seconds <= TOGETHER_SECONDS:
        memory = max(cost.memory_mb for cost in parts.values())
        together = {part: _own(settings, part) for part in parts}
        together["likelihood"]["tried"] = list(tried)
        return [_shard(NAME, together, seed, Cost(seconds, memory))]
    found = []
    for way, cost in tried.items():
        own = {**_own(settings, "likelihood"), "tried": [way]}
        found += _by_seeds(f"{NAME}-likelihood-{way}", "likelihood", own, seed, cost)
    for part in ("threshold", "denoising"):
        found += _by_seeds(f"{NAME}-{part}", part, _own(settings, part), seed, parts[part])
    return found


def _own(settings: Mixtures, part: str) -> dict[str, Any]:
    """A part's settings, and all its seeds as one block."""
    own: dict[str, Any] = getattr(settings, part).model_dump(mode="json")
    return {**own, "block": [0, own["seeds"]]}


def _by_seeds(name: str, part: str, own: dict[str, Any], seed: int, cost: Cost) -> list[Shard]:
    """A part in as many shards as are needed, with about as many seeds each."""
    most = max(1, int((SHARD_SECONDS - STARTUP) * own["seeds"] / cost.seconds))
    count = ceil(own["seeds"] / most)
    if count == 1:
        return [_shard(name, {part: own}, seed, cost)]
    ends = [own["seeds"] * place // count for place in range(count + 1)]
    return [
        _shard(
            f"{name}-from{begin}",
            {part: {**own, "block": [begin, end]}},
            seed,
            _share(cost, (end - begin) / own["seeds"]),
        )
        for begin, end in pairwise(ends)
    ]


def _share(cost: Cost, share: float) -> Cost:
    return Cost(share * cost.seconds, BASE_MB + round(share * (cost.memory_mb - BASE_MB)))


def _shard(name: str, parts: dict[str, dict[str, Any]], seed: int, cost: Cost) -> Shard:
    seconds = STARTUP + cost.seconds
    return Shard(
        name,
        ENTRY,
        {**parts, "parts": list(parts), "seed": seed},
        Cost(seconds, cost.memory_mb),
        # Where a job takes minutes its products are large enough for a GPU; small steps gain nothing there.
        gpu_speedup=GPU_SPEEDUP if seconds > GPU_SECONDS else 1.0,
    )


def training_seconds(
    members: int, examples: int, components: int, visible: int, steps: int, gathered: bool = False
) -> float:
    """Of steps whose batch has so many examples, of all members; in float64 it is twice as much."""
    each = (components + visible) * NUMBER_SECONDS + 4 * components * visible / FLOPS
    if gathered:
        each += visible * GATHERED_SECONDS
    return steps * (STEP_SECONDS + members * examples * each)


def tried_costs(settings: Likelihood) -> dict[str, Cost]:
    """Of each way of training: full batches of every number of examples, and minibatches."""
    size = (settings.components, settings.visible)
    wide = (settings.wide_components, settings.wide_visible)
    many = (settings.many_components, settings.wide_visible)
    steps, restarts = settings.steps, settings.restarts
    short, long = [2 * settings.wide_steps + sum(settings.shorter)], [2 * settings.wide_steps]
    examples, batch = settings.wide_examples, settings.batch
    found = {
        f"full-batch-p{count}": _likelihood_cost(settings, size, count, 0, [steps] * (restarts + 2), restarts)
        for count in settings.examples
    }
    return found | {
        "constant-rate": _likelihood_cost(
            settings, size, settings.constant_examples, batch, [3 * steps], restarts=0
        ),
        "distant-means": _likelihood_cost(settings, wide, examples, batch, short, restarts=0),
        "many-distant-means": _likelihood_cost(settings, many, examples, batch, long, restarts=0),
    }


def _likelihood_cost(
    settings: Likelihood, size: tuple[int, int], examples: int, batch: int, steps: list[int], restarts: int
) -> Cost:
    """Of runs of so many steps, one after the other, of expectation maximisation, and of measuring them."""
    seeds = settings.seeds
    seconds = training_seconds(seeds, batch or examples, *size, sum(steps), gathered=bool(batch))
    # Float64, in which expectation maximisation and losses are computed, takes twice as long.
    maximised = training_seconds(seeds, examples, *size, min(EM_STEPS, settings.iterations))
    measured = training_seconds(seeds, examples + settings.test, *size, 1)
    seconds += 2 * (restarts + 1) * maximised + 2 * (len(steps) + restarts + 4) * measured
    numbers = seeds * (examples * (3 * size[1] + 5 * size[0]) + settings.test * size[1])
    if batch:
        numbers += seeds * sum(steps) * batch // 2
    return Cost(seconds, BASE_MB + round(8e-6 * numbers))


def threshold_cost(settings: Threshold) -> Cost:
    """Of two trainings to the optimum, and of the growth in float64."""
    visible = len(settings.below) + len(settings.above)
    size = (settings.seeds, settings.examples)
    growth = training_seconds(*size, settings.growth_components, visible, 2 * settings.growth_steps)
    seconds = 2 * training_seconds(*size, settings.components, visible, settings.steps) + growth
    numbers = settings.seeds * settings.examples * (2 * visible + 4 * settings.components)
    return Cost(seconds, BASE_MB + round(8e-6 * numbers))


def denoising_cost(settings: Denoising) -> Cost:
    """Of three trainings of autoencoders on fresh data, and of one by the likelihood."""
    members = settings.seeds * settings.restarts
    size = (settings.batch, settings.components, settings.visible)
    once = training_seconds(members, *size, settings.steps, gathered=True)
    numbers = settings.seeds * 2 * settings.examples * settings.visible + 4 * settings.test * settings.visible
    numbers += members * settings.steps * settings.batch // 2
    return Cost(4 * once, BASE_MB + round(8e-6 * numbers))
