"""Shards of the family `energy`."""

from widthscope.studies.base import SHARD_SECONDS, Cost, Shard
from widthscope.studies.jacobian_dynamics.energy.settings import Energy, Flows, Steps

STARTUP = 3.0
MEMORY_MB = 600
"""A process with Torch."""

COPIES = 10
"""Arrays of the size of what several heads see of all states, held at a time."""

CONDITIONS, SEVERAL_HEADS = 14, 5
"""Kinds of weights, and those among them with several heads."""

SECONDS_PER_PAIR = 3e-9
"""Of one pair of tokens under one head, in each coordinate: scores, shares and rates."""

GRADIENT = 3.0
"""Cost of a step of a climb in evaluations of a rate."""


def shards(settings: Energy, seed: int) -> list[Shard]:
    """One job for all experiments, or one each where that would take longer than a job should."""
    flows = settings.flows.model_dump(mode="json")
    parts = {
        "flows": ({**flows, "seed": seed}, _flows(settings.flows)),
        "counter_examples": (
            {**flows, **settings.counter_examples.model_dump(mode="json"), "seed": seed},
            1.0,
        ),
        "steps": ({**settings.steps.model_dump(mode="json"), "seed": seed}, _steps(settings.steps)),
    }
    seconds = STARTUP + sum(cost for _, cost in parts.values())
    memory = _memory(settings)
    if seconds <= SHARD_SECONDS:
        own = {name: values for name, (values, _) in parts.items()}
        return [Shard("energy", "energy.experiment", own, Cost(seconds, memory))]
    return [
        Shard(
            f"energy-{name.replace('_', '-')}",
            "energy.experiment",
            {name: values},
            Cost(STARTUP + cost, memory),
        )
        for name, (values, cost) in parts.items()
    ]


def _flows(settings: Flows) -> float:
    """Seconds of the rates at random states and along the climbs."""
    states = settings.draws * (3 * settings.states + GRADIENT * settings.starts * settings.climb)
    single = (CONDITIONS - SEVERAL_HEADS) * settings.width
    several = SEVERAL_HEADS * settings.heads * settings.heads_width
    return len(settings.betas) * states * settings.tokens**2 * (single + several) * SECONDS_PER_PAIR


def _steps(settings: Steps) -> float:
    """Seconds of the runs at all step sizes."""
    runs = settings.draws * len(settings.betas) * (len(settings.small) + len(settings.large) + 2)
    return runs * settings.iterations * settings.tokens**2 * settings.width * 2 * SECONDS_PER_PAIR


def _memory(settings: Energy) -> int:
    """MB for the states of one condition with several heads, or of the discrete steps."""
    flows, steps = settings.flows, settings.steps
    seen = flows.draws * flows.states * flows.heads * flows.tokens * max(flows.heads_width, flows.tokens)
    stepped = steps.draws * steps.tokens * max(steps.width, steps.tokens)
    return round(MEMORY_MB + COPIES * 8e-6 * max(seen, stepped))
