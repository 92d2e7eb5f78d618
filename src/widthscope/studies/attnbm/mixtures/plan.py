"""Shards of the family `mixtures`: one for all its parts where they are short, else one for each."""

from widthscope.studies.attnbm.mixtures.settings import Denoising, Likelihood, Mixtures, Threshold
from widthscope.studies.base import GPU_SPEEDUP, Cost, Shard

NAME, ENTRY = "mixtures", "mixtures.experiment"
STARTUP = 3.5

TOGETHER_SECONDS = 60.0
"""Parts that take no longer than this in all share one job."""

FLOPS = 2e10
"""Multiplications and additions of a core in a second, in products of matrices."""

UNIT_SECONDS = 1e-8
"""Of one responsibility in a step, besides products: exponentials and passes over memory."""

STEP_SECONDS = 2e-4
"""Of a step, however small."""

EM_STEPS = 100
"""After about so many iterations expectation maximisation has converged."""

BASE_MB = 500


def shards(settings: Mixtures, seed: int) -> list[Shard]:
    """The parts, together or apart; apart, the likelihood has a shard for each number of examples."""
    parts = {
        "likelihood": likelihood_cost(settings.likelihood),
        "threshold": threshold_cost(settings.threshold),
        "denoising": denoising_cost(settings.denoising),
    }
    seconds = sum(cost.seconds for cost in parts.values())
    if seconds <= TOGETHER_SECONDS:
        memory = max(cost.memory_mb for cost in parts.values())
        return [_shard(NAME, settings, seed, tuple(parts), Cost(seconds, memory))]
    return [_shard(f"{NAME}-{part}", settings, seed, (part,), cost) for part, cost in parts.items()]


def _shard(name: str, settings: Mixtures, seed: int, parts: tuple[str, ...], cost: Cost) -> Shard:
    return Shard(
        name,
        ENTRY,
        {**settings.model_dump(mode="json", include=set(parts)), "parts": list(parts), "seed": seed},
        Cost(STARTUP + cost.seconds, cost.memory_mb),
        gpu_speedup=GPU_SPEEDUP,
    )


def training_seconds(members: int, examples: int, components: int, visible: int, steps: int) -> float:
    """Of steps whose batch has so many examples, of all members."""
    units = members * examples * components
    return steps * (STEP_SECONDS + units * (UNIT_SECONDS + 4 * visible / FLOPS))


def likelihood_cost(settings: Likelihood) -> Cost:
    """Of the full-batch runs of every number of examples, and of the runs in minibatches."""
    size = (settings.components, settings.visible)
    runs = settings.seeds * (settings.restarts + 2)
    seconds = sum(training_seconds(runs, count, *size, settings.steps) for count in settings.examples)
    tries = settings.seeds * (settings.restarts + 1)
    seconds += sum(
        2 * training_seconds(tries, count, *size, min(EM_STEPS, settings.iterations))
        for count in settings.examples
    )
    wide = (settings.wide_components, settings.wide_visible)
    seconds += training_seconds(2 * settings.seeds, settings.batch, *size, settings.steps)
    many = (settings.many_components, settings.wide_visible)
    for each in (wide, many):
        seconds += training_seconds(2 * settings.seeds, settings.batch, *each, settings.steps)
        seconds += 2 * training_seconds(settings.seeds, settings.wide_examples, *each, EM_STEPS)
    seconds += training_seconds(4 * settings.seeds, settings.test, *size, 6)
    largest = settings.seeds * max(settings.examples[-1], settings.wide_examples)
    numbers = largest * (3 * settings.visible + 6 * settings.components)
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
    """Of three trainings of autoencoders, twice as long for autograd and fresh data, and of one more."""
    members = settings.seeds * settings.restarts
    once = training_seconds(
        members, settings.batch, settings.components, settings.visible + 100, settings.steps
    )
    numbers = settings.seeds * (settings.examples + settings.test) * 3 * settings.visible
    return Cost(7 * once, BASE_MB + round(8e-6 * numbers))
