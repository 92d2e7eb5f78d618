"""Shards of the family `damping`: one for each width, or one for all where they are short."""

from typing import Any

from widthscope.studies.base import GPU_SPEEDUP, Cost, Shard
from widthscope.studies.mup_second_order.damping.settings import Damping
from widthscope.width_sweeps.cost import Size, sweep_memory_mb, sweep_seconds
from widthscope.width_sweeps.sizes import EXAMPLES, INPUTS, examples

NAME, ENTRY = "damping", "damping.experiment"
STARTUP = 3.5

TOGETHER_SECONDS = 5.0
"""Widths that take no longer than this in all share one job, whose start would cost as much."""


def shards(settings: Damping, seed: int) -> list[Shard]:
    """All dampings of a width in one job."""
    own = {**settings.model_dump(mode="json", exclude={"widths"}), "seed": seed}
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
        datasets=(own["dataset"],),
        gpu_speedup=GPU_SPEEDUP,
    )


def _cost(settings: Damping, width: int) -> Cost:
    """Of all dampings of both factors and of what they are told from, measured once."""
    size = Size(
        width,
        inputs=INPUTS[settings.dataset],
        batch=settings.batch,
        examples=examples(settings.dataset, settings.train),
        images=EXAMPLES[settings.dataset],
    )
    members = (settings.seeds + settings.rival_seeds) * (len(settings.outputs) + len(settings.inputs))
    return Cost(
        sweep_seconds("kfac", size, members, settings.steps, 1),
        sweep_memory_mb("kfac", size, members, seeds=max(settings.seeds, settings.rival_seeds)),
    )
