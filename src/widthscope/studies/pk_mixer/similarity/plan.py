"""Shards of the family `similarity`: one, or several with seeds of their own, whose networks share images."""

from itertools import pairwise
from typing import Any

from widthscope.datasets.image_sizes import IMAGE_SIZES
from widthscope.studies.base import GPU_SPEEDUP, SHARD_SECONDS, Cost, Shard
from widthscope.studies.pk_mixer.similarity.settings import Similarity

NAME, ENTRY = "similarity", "similarity.experiment"
STARTUP = 3.5

FLOPS = 4e10
"""Multiplications and additions of a core in a second, in products of float32 matrices."""

WEIGHT_SECONDS = 2.5e-9
"""Of one weight in a step, besides products: its mask, its optimiser and their passes over memory."""

DENSE_ARMS = 6
"""Networks of a seed with a dense matrix of the full width: sparse ones keep their zeros."""

ARMS, PAIR_COUNT = 11, 17
BASE_MB = 650


def shards(settings: Similarity, seed: int) -> list[Shard]:
    """Trains all networks of some seeds and compares them; singular values have a job of their own.

    Seeds are shared out among the fewest jobs of at most `SHARD_SECONDS`, or have one each.
    """
    whole = training_seconds(settings) + comparing_seconds(settings)
    count = min(settings.seeds, max(1, -(-int(whole) // int(SHARD_SECONDS))))
    ends = [place * settings.seeds // count for place in range(count + 1)]
    return [
        _shard(NAME if count == 1 else f"{NAME}-r{first}", settings, first, last - first, seed)
        for first, last in pairwise(ends)
    ]


def _shard(name: str, settings: Similarity, first: int, count: int, seed: int) -> Shard:
    part = settings.model_copy(update={"seeds": count})
    own: dict[str, Any] = {**part.model_dump(mode="json"), "first_seed": first, "seed": seed}
    memory = memory_mb(part)
    return Shard(
        name,
        ENTRY,
        own,
        Cost(STARTUP + training_seconds(part) + comparing_seconds(part), memory),
        datasets=(settings.dataset,),
        gpu_speedup=GPU_SPEEDUP,
        spectra="similarity.singular_values",
        spectra_settings={**own, "inputs": IMAGE_SIZES[settings.dataset].pixels},
        spectra_cost=Cost(STARTUP + spectra_seconds(part), memory),
    )


def training_seconds(settings: Similarity) -> float:
    """Of all arms: those with dense matrices decide."""
    width, layers = settings.side**2, 2 * settings.blocks
    weights = layers * width**2 + (IMAGE_SIZES[settings.dataset].pixels + 10) * width
    step = weights * (WEIGHT_SECONDS + 6 * settings.batch / FLOPS)
    steps = settings.epochs * (settings.train // settings.batch)
    return 1.4 * DENSE_ARMS * settings.seeds * steps * step


def comparing_seconds(settings: Similarity) -> float:
    """Of every pair of features, layer by layer, in float64, and of each one's own norm."""
    products = (PAIR_COUNT + ARMS) * settings.seeds * 2 * settings.blocks
    return products * 8 * settings.test * settings.side**4 / FLOPS


def spectra_seconds(settings: Similarity) -> float:
    """Of singular values of three full matrices for each layer and seed, before and after training."""
    return 2 * 3 * settings.seeds * 2 * settings.blocks * 10 * settings.side**6 / FLOPS


def memory_mb(settings: Similarity) -> int:
    """Optimiser and gradients of one arm, all features, and the weights that are kept."""
    width, layers = settings.side**2, 2 * settings.blocks
    weights = settings.seeds * layers * width**2
    features = 2 * ARMS * settings.seeds * layers * settings.test * width
    return BASE_MB + round(4e-6 * (9 * weights + features))
