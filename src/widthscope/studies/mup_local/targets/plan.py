"""Shards of the family `targets`: one for each width, all cases."""

from widthscope.studies.base import Cost, Shard
from widthscope.studies.mup_local.shards_by_width import shards_by_width
from widthscope.studies.mup_local.targets.cases import CASES
from widthscope.studies.mup_local.targets.settings import Targets
from widthscope.width_sweeps.cost import Size, measurement_seconds, step_seconds, sweep_memory_mb

DRAW_SECONDS = 2.5e-8
"""Of one weight drawn, cast and checked, and of its map."""


def shards(settings: Targets, seed: int) -> list[Shard]:
    """A width's shard reads nothing of the other widths."""
    lists = ("widths", "trained_widths", "ridge_widths")
    common = {**settings.model_dump(mode="json", exclude=set(lists)), "seed": seed}
    every = sorted({width for name in lists for width in getattr(settings, name)})
    return shards_by_width(
        "targets",
        "targets.experiment",
        lambda widths: {
            **common,
            **{name: [width for width in widths if width in getattr(settings, name)] for name in lists},
        },
        {width: _cost(settings, width) for width in every},
    )


def _cost(settings: Targets, width: int) -> Cost:
    size = Size(width)
    seconds = 0.0
    for case in CASES.values():
        if width not in (settings.trained_widths if case.learned else settings.widths):
            continue
        steps = settings.steps if case.several else 1
        maps = settings.pretraining if case.learned else 0
        member = (steps + maps) * step_seconds("dtp", size) + 2 * measurement_seconds(size)
        seconds += settings.seeds * (member + DRAW_SECONDS * size.weights)
    if width in settings.ridge_widths:
        seconds += settings.seeds * (measurement_seconds(size) + DRAW_SECONDS * size.weights)
    return Cost(seconds, sweep_memory_mb("dtp", size, settings.seeds))
