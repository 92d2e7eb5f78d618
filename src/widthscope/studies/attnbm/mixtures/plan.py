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
    """The parts, together or apart; apart, the likelihood has a shard for each way of training."""
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
        return [_shard(NAME, settings, seed, tuple(parts), Cost(seconds, memory), tuple(tried))]
    apart = [
        _shard(f"{NAME}-likelihood-{tried}", settings, seed, ("likelihood",), cost, (tried,))
        for tried, cost in tried_costs(settings.likelihood).items()
    ]
    return apart + [
        _shard(f"{NAME}-{part}", settings, seed, (part,), parts[part]) for part in ("threshold", "denoising")
    ]


def _shard(
    name: str, settings: Mixtures, seed: int, parts: tuple[str, ...], cost: Cost, tried: tuple[str, ...] = ()
) -> Shard:
    own = settings.model_dump(mode="json", include=set(parts))
    if tried:
        own["likelihood"]["tried"] = list(tried)
    return Shard(
        name,
        ENTRY,
        {**own, "parts": list(parts), "seed": seed},
        Cost(STARTUP + cost.seconds, cost.memory_mb),
        gpu_speedup=GPU_SPEEDUP,
    )


def training_seconds(members: int, examples: int, components: int, visible: int, steps: int) -> float:
    """Of steps whose batch has so many examples, of all members."""
    units = members * examples * components
    return steps * (STEP_SECONDS + units * (UNIT_SECONDS + 4 * visible / FLOPS))


def tried_costs(settings: Likelihood) -> dict[str, Cost]:
    """Of each way of training: full batches of every number of examples, and minibatches."""
    size = (settings.components, settings.visible)
    wide = (settings.wide_components, settings.wide_visible)
    many = (settings.many_components, settings.wide_visible)
    found = {
        f"full-batch-p{count}": _likelihood_cost(settings, size, count, 0, settings.restarts)
        for count in settings.examples
    }
    return found | {
        "constant-rate": _likelihood_cost(settings, size, settings.constant_examples, settings.batch, 0),
        "distant-means": _likelihood_cost(settings, wide, settings.wide_examples, settings.batch, 0),
        "many-distant-means": _likelihood_cost(settings, many, settings.wide_examples, settings.batch, 0),
    }


def _likelihood_cost(
    settings: Likelihood, size: tuple[int, int], examples: int, batch: int, restarts: int
) -> Cost:
    """Of `restarts` + 2 runs, or two in minibatches, one after the other, and of measuring them."""
    runs, seeds = (restarts + 2 if restarts else 2), settings.seeds
    seconds = runs * training_seconds(seeds, batch or examples, *size, settings.steps)
    # Float64, in which expectation maximisation and losses are computed, takes twice as long.
    maximised = training_seconds(seeds, examples, *size, min(EM_STEPS, settings.iterations))
    measured = training_seconds(seeds, examples + settings.test, *size, 1)
    seconds += 2 * (restarts + 1) * maximised + 2 * (runs + restarts + 2) * measured
    numbers = seeds * (examples * (3 * size[1] + 5 * size[0]) + settings.test * size[1])
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
    numbers = settings.seeds * 2 * settings.examples * settings.visible + 4 * settings.test * settings.visible
    return Cost(7 * once, BASE_MB + round(8e-6 * numbers))
