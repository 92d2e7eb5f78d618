"""Shards of the family `costs`: one."""

from widthscope.studies.base import Cost, Shard
from widthscope.studies.gradient_regularization.costs.settings import Costs

STARTUP = 3.5
START_MB = 450

PRODUCTS = 3 + 6 + 9
"""Of a layer, in a plain gradient, a finite difference and double backpropagation."""

MULTIPLY_SECONDS = 2e-11
"""Of one multiplication in float32 of matrices of the default size, on one core."""

STEP_SECONDS = 0.002
"""Of a layer's operations in all steps, however small."""

KEPT = 16
"""Matrices of weights, and as many of activations, that are there at once for each layer at most."""


def shards(settings: Costs, seed: int) -> list[Shard]:
    """All depths in one job; they take seconds at any size of interest."""
    own = {**settings.model_dump(mode="json"), "seed": seed}
    layers = len(settings.activations) * sum(settings.depths)
    multiplied = PRODUCTS * settings.batch * settings.width**2
    seconds = layers * (STEP_SECONDS + multiplied * MULTIPLY_SECONDS)
    numbers = KEPT * settings.depths[-1] * settings.width * (settings.width + settings.batch)
    return [Shard("costs", "costs.experiment", own, Cost(STARTUP + seconds, START_MB + numbers // 2**18))]
