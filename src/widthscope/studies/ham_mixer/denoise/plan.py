"""Shards of the family `denoise`: one for all where that is short, else groups of seeds, else each arm's.

A group has two seeds or more: on a CPU a lone network would train beside a copy of itself.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from widthscope.studies.base import GPU_SPEEDUP, SHARD_SECONDS, Cost, Shard
from widthscope.studies.ham_mixer.denoise.settings import PIXELS, Denoise
from widthscope.studies.ham_mixer.training_settings import IMAGES

NAME, ENTRY = "denoise", "denoise.experiment"
STARTUP = 3.5
ARMS = ("tied", "untied")
PAIR = 2
"""Fewest seeds of a job."""

PRODUCT_SECONDS = 4.5e-11
"""Of one multiply-add with what goes along with it, forward or backward, on one core."""

NUMBER_SECONDS = 3e-9
"""Of one number of a state or of a hidden layer in one update, forward and backward."""

START_MB = 450
STORED_BYTES = {"digits": 1797 * 64 * 8, "cifar10": 60_000 * 3072}
"""Of a data set itself; in shades of grey it exists besides until the seeds' images are chosen."""


def shards(settings: Denoise, seed: int) -> list[Shard]:
    """Groups of seeds that stay under the limit of a shard; arms are apart where a pair of seeds does not."""
    each = len(ARMS) * _seconds(settings)
    if settings.seeds * each <= SHARD_SECONDS:
        return [_shard(settings, NAME, range(settings.seeds), ARMS, seed)]
    size = max(PAIR, int(SHARD_SECONDS // each))
    starts = list(range(0, settings.seeds, size))
    if settings.seeds - starts[-1] < PAIR:
        starts.pop()
    groups = [range(*ends) for ends in pairwise([*starts, settings.seeds])]
    if PAIR * each <= SHARD_SECONDS:
        return [_shard(settings, f"{NAME}-from{group[0]}", group, ARMS, seed) for group in groups]
    return [
        _shard(settings, f"{NAME}-{arm}-from{group[0]}", group, (arm,), seed)
        for arm in ARMS
        for group in groups
    ]


def _shard(settings: Denoise, name: str, seeds: Sequence[int], arms: Sequence[str], seed: int) -> Shard:
    own: dict[str, Any] = settings.model_dump(mode="json")
    return Shard(
        name,
        ENTRY,
        {**own, "seeds": list(seeds), "arms": list(arms), "seed": seed},
        Cost(STARTUP + len(arms) * len(seeds) * _seconds(settings), _memory_mb(settings, len(seeds))),
        datasets=(settings.dataset,),
        gpu_speedup=GPU_SPEEDUP,
    )


def _seconds(settings: Denoise) -> float:
    """Of one arm of one seed."""
    pixels, units = PIXELS[settings.dataset], 2 * settings.hidden
    images = settings.epochs * settings.train
    products = 2 * pixels * units * (3 * images * settings.updates + 4 * settings.test * settings.longer)
    numbers = (6 * pixels + 2 * units) * (images * settings.updates + 2 * settings.test * settings.longer)
    return PRODUCT_SECONDS * products + NUMBER_SECONDS * numbers


def _memory_mb(settings: Denoise, seeds: int) -> int:
    """Images of all seeds, what a training step keeps for its gradient, and what is measured in float64."""
    pixels, units = PIXELS[settings.dataset], 2 * settings.hidden
    images = seeds * (settings.train + 2 * settings.test) * pixels * 4 + STORED_BYTES[settings.dataset]
    grey = IMAGES[settings.dataset] * pixels * 4
    step = 4 * seeds * settings.batch * settings.updates * (6 * pixels + 2 * units)
    tested = 8 * seeds * settings.test * (6 * pixels + 2 * units)
    weights = 4 * seeds * 16 * pixels * units
    return START_MB + round((images + max(grey, max(step, tested) + weights)) / 1e6)
