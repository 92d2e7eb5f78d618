"""Shards of the family `flooding`: one, or several with some of the seeds each where one would be long."""

from itertools import pairwise

from widthscope.datasets.image_sizes import IMAGE_SIZES
from widthscope.studies.base import GPU_SPEEDUP, Cost, Shard
from widthscope.studies.gradient_regularization.flooding.settings import Flooding
from widthscope.studies.gradient_regularization.training_cost import seed_parts

STARTUP = 3.5
START_MB = 500

CLASSES = 10

GRADIENT_SECONDS = 0.0012
"""Of one gradient of all members, however small."""

MULTIPLY_SECONDS = 8e-11
"""Of one multiplication in float64 of matrices of the default size, on one core."""

GRADIENTS_OF_A_PAIR = 8
"""Two steps, two more of the same sign, the difference's two gradients, and two in the other order."""

LEFT = 10
"""Numbers for each unit and example that a pass leaves behind."""


def shards(settings: Flooding, seed: int) -> list[Shard]:
    """All seeds and rates at once where that is short."""
    own = {**settings.model_dump(mode="json", exclude={"seeds"}), "seed": seed}
    parts = seed_parts(
        list(range(settings.seeds)), lambda seeds: (_seconds(settings, seeds), _megabytes(settings, seeds))
    )
    return [
        Shard(
            "flooding" if len(parts) == 1 else f"flooding-from{part[0]}",
            "flooding.experiment",
            {**own, "seeds": list(part)},
            Cost(STARTUP + _seconds(settings, len(part)), START_MB + _megabytes(settings, len(part))),
            datasets=(settings.dataset,),
            gpu_speedup=GPU_SPEEDUP,
        )
        for part in parts
    ]


def _seconds(settings: Flooding, seeds: int) -> float:
    gradients = settings.steps + GRADIENTS_OF_A_PAIR * settings.pairs
    multiplied = 3 * seeds * len(settings.rates) * settings.train * _weights(settings)
    return gradients * (GRADIENT_SECONDS + multiplied * MULTIPLY_SECONDS)


def _megabytes(settings: Flooding, seeds: int) -> int:
    """In float64: images of each member and of the whole set once, weights of a few steps, activations."""
    members = seeds * len(settings.rates)
    pixels = IMAGE_SIZES[settings.dataset].pixels * (3 * members * settings.train + 60_000)
    units = settings.width * settings.layers + CLASSES
    return 8 * (pixels + members * (12 * _weights(settings) + LEFT * settings.train * units)) // 2**20


def _weights(settings: Flooding) -> int:
    sizes = (IMAGE_SIZES[settings.dataset].pixels, *[settings.width] * (settings.layers - 1), CLASSES)
    return sum(fan_in * fan_out for fan_in, fan_out in pairwise(sizes))
