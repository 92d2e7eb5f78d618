"""Shards of the family `limits`: one."""

from widthscope.studies.attention_paths.limits.settings import Limits
from widthscope.studies.base import Cost, Shard

STARTUP = 3.5
START_MB = 450

SOLVE_SECONDS = 0.01
"""Of one small minimum."""

RANDOM_STARTS = 8
"""Of each data set, whose minima of four paths cost as much as this many of one."""

MULTIPLY_SECONDS = 6e-11
"""Of one multiplication in float64, on one core."""

EVALUATIONS = 200
"""Of the action for one minimum of four paths, those of its Hessian included."""

PAIRS, HEADS, PATHS = 10, 4, 4
"""Of the four paths: kernels kept, heads whose attention is computed, and paths."""


def shards(settings: Limits, seed: int) -> list[Shard]:
    """The cubic and the approach to infinite width."""
    own = {**settings.model_dump(mode="json"), "seed": seed}
    cubic = settings.cubic.seeds * (len(settings.cubic.widths) + RANDOM_STARTS) * SOLVE_SECONDS
    approach = settings.approach
    width = approach.features + approach.tokens + 1
    drawing = (approach.examples + approach.tests) * width**2 * (approach.tokens + 1) * HEADS
    evaluation = approach.examples**2 * (approach.examples + 2 * PAIRS)
    solves = len(approach.widths) * (EVALUATIONS * (2e-4 + evaluation * MULTIPLY_SECONDS))
    seconds = STARTUP + cubic + approach.seeds * (drawing * MULTIPLY_SECONDS + solves)
    memory = START_MB + round(1e-6 * 8 * (2 * PAIRS * approach.examples**2))
    memory += round(1e-6 * 8 * PATHS * width * (approach.examples + 2 * approach.tests))
    return [Shard("limits", "limits.experiment", own, Cost(seconds, memory))]
