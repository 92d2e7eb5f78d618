"""Shards of the family `features`: one for each width, or one for all where they are short."""

from typing import Any

from widthscope.studies.base import GPU_SPEEDUP, Cost, Shard
from widthscope.studies.mup_second_order.features.settings import Features
from widthscope.width_sweeps.cost import Size, sweep_memory_mb, sweep_seconds

NAME, ENTRY = "features", "features.experiment"
STARTUP = 3.5

TOGETHER_SECONDS = 5.0
"""Widths that take no longer than this in all share one job, whose start would cost as much."""

ARMS = ("kfac-mup", "kfac-sp")
FROZEN = tuple(f"{arm}-frozen" for arm in ARMS)
"""The same with all layers but the readout frozen."""


def shards(settings: Features, seed: int) -> list[Shard]:
    """All arms of a width in one job."""
    own = {**settings.model_dump(mode="json", exclude={"widths"}), "seed": seed, "arms": [*ARMS, *FROZEN]}
    costs = {width: _cost(settings, width) for width in settings.widths}
    seconds = sum(cost.seconds for cost in costs.values())
    if seconds <= TOGETHER_SECONDS:
        memory = max(cost.memory_mb for cost in costs.values())
        return [_shard(NAME, own, settings.widths, Cost(seconds, memory))]
    return [_shard(f"{NAME}-n{width}", own, (width,), cost) for width, cost in costs.items()]


def _shard(name: str, own: dict[str, Any], widths: tuple[int, ...], cost: Cost) -> Shard:
    return Shard(
        name,
        ENTRY,
        {**own, "widths": list(widths)},
        Cost(STARTUP + cost.seconds, cost.memory_mb),
        gpu_speedup=GPU_SPEEDUP,
    )


def _cost(settings: Features, width: int) -> Cost:
    size = Size(
        width,
        inputs=settings.inputs,
        outputs=2,
        batch=settings.batch,
        examples=settings.train + settings.test,
    )
    return Cost(
        len(ARMS) * sweep_seconds("kfac", size, settings.seeds, settings.steps)
        + len(FROZEN) * sweep_seconds("kfac", size, settings.frozen_seeds, settings.steps),
        sweep_memory_mb("kfac", size, settings.seeds),
    )
