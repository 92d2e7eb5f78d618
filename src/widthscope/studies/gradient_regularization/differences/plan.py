"""Shards of the family `differences`: one."""

from widthscope.studies.base import GPU_SPEEDUP, Cost, Shard
from widthscope.studies.gradient_regularization.differences.settings import Differences

STARTUP = 3.5
START_MB = 450

PASSES = 330
"""Of 110 gradients of each seed, of one multiplication for each weight and example each."""

MULTIPLY_SECONDS = 2.5e-10
"""Of a multiplication in float64, on one core."""


def shards(settings: Differences, seed: int) -> list[Shard]:
    """All differences in one job; seeds follow one another in groups of `experiment.AT_ONCE`."""
    own = {**settings.model_dump(mode="json"), "seed": seed}
    seconds = PASSES * MULTIPLY_SECONDS * settings.seeds * settings.examples * settings.weights
    memory = START_MB + round(8e-6 * 2 * settings.numbers * min(settings.seeds, 8))
    return [
        Shard(
            "differences",
            "differences.experiment",
            own,
            Cost(STARTUP + 1.0 + seconds, memory),
            gpu_speedup=GPU_SPEEDUP,
        )
    ]
