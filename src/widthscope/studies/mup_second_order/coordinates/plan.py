"""Shards of the family `coordinates`: one for each width, or one for all where they are short."""

from dataclasses import replace
from typing import Any

from widthscope.studies.base import GPU_SPEEDUP, Cost, Shard
from widthscope.studies.mup_second_order.arm_names import LABELS, method_of
from widthscope.studies.mup_second_order.coordinates.settings import Coordinates
from widthscope.width_sweeps.cost import Size, sweep_memory_mb, sweep_seconds
from widthscope.width_sweeps.sizes import EXAMPLES, INPUTS, examples

NAME, ENTRY = "coordinates", "coordinates.experiment"
STARTUP = 3.5

TOGETHER_SECONDS = 5.0
"""Widths that take no longer than this in all share one job, whose start would cost as much."""

ARMS = tuple(arm for arm in LABELS if arm != "kfac-foof")


def shards(settings: Coordinates, seed: int) -> list[Shard]:
    """All arms of a width in one job."""
    own = {**settings.model_dump(mode="json", exclude={"widths"}), "seed": seed, "arms": list(ARMS)}
    costs = {width: _cost(settings, width) for width in settings.widths}
    if sum(cost.seconds for cost in costs.values()) <= TOGETHER_SECONDS:
        total = Cost(
            sum(cost.seconds for cost in costs.values()), max(cost.memory_mb for cost in costs.values())
        )
        return [_shard(NAME, own, settings.widths, total)]
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


def _cost(settings: Coordinates, width: int) -> Cost:
    """Of all arms; recorded at four steps on a small probe, with the whole problem in memory."""
    size = Size(width, inputs=INPUTS[settings.dataset], batch=settings.batch, examples=128)
    held = replace(
        size, examples=examples(settings.dataset, settings.train), images=EXAMPLES[settings.dataset]
    )
    methods = [method_of(arm) for arm in ARMS]
    return Cost(
        sum(sweep_seconds(method, size, settings.seeds, settings.steps, 4) for method in methods),
        max(sweep_memory_mb(method, held, settings.seeds) for method in methods),
    )
