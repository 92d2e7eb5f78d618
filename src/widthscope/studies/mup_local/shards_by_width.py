"""Shards of trainings over widths: one for each width, or one in all where they are short. No Torch here."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from widthscope.studies.base import GPU_SPEEDUP, Cost, Shard

STARTUP = 3.5
"""Seconds of a process before it trains."""

TOGETHER_SECONDS = 6.0
"""Trainings of all widths that take no longer than this share one job, whose start costs nearly as much."""


def shards_by_width(
    name: str,
    entry: str,
    settings: Callable[[Sequence[int]], dict[str, Any]],
    costs: Mapping[int, Cost],
    datasets: tuple[str, ...] = ("digits",),
) -> list[Shard]:
    """One shard for each width, so that a width that is added leaves the others as they are.

    Args:
        name: the shards are ``name-n64`` and so on, or ``name`` alone.
        entry: of the shards.
        settings: of the shard with these widths.
        costs: of each width's trainings, without the start of a process.
        datasets: of the shards.
    """
    if sum(cost.seconds for cost in costs.values()) <= TOGETHER_SECONDS:
        groups = {name: tuple(costs)}
    else:
        groups = {f"{name}-n{width}": (width,) for width in costs}
    return [
        Shard(
            name=shard,
            entry=entry,
            settings=settings(widths),
            cost=Cost(
                STARTUP + sum(costs[width].seconds for width in widths),
                max(costs[width].memory_mb for width in widths),
            ),
            datasets=datasets,
            gpu_speedup=GPU_SPEEDUP,
        )
        for shard, widths in groups.items()
    ]
