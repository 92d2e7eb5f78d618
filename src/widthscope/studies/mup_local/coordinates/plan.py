"""Shards of the family `coordinates`: one for each width, all rows."""

from widthscope.studies.base import Cost, Shard
from widthscope.studies.mup_local.coordinates.cases import CASES
from widthscope.studies.mup_local.coordinates.settings import Coordinates
from widthscope.studies.mup_local.shards_by_width import shards_by_width
from widthscope.width_sweeps.cost import Size, sweep_memory_mb, sweep_seconds

COMMON = ("base", "seeds", "judged", "steps", "sweeps", "tolerance")
RATES = ("rate", "control_rate", "target_rate", "target_control_rate")


def shards(settings: Coordinates, seed: int) -> list[Shard]:
    """A width's shard reads nothing of the other widths."""
    common = {**settings.model_dump(mode="json", include={*COMMON, *RATES}), "seed": seed}
    return shards_by_width(
        "coordinates",
        "coordinates.experiment",
        lambda widths: {
            **common,
            "widths": list(widths),
            "equilibrium_widths": [width for width in widths if width in settings.equilibrium_widths],
        },
        {width: _cost(settings, width) for width in settings.widths},
    )


def _cost(settings: Coordinates, width: int) -> Cost:
    size = Size(width)
    seconds, memory = 0.0, 0
    for case in CASES.values():
        if case.equilibrium and width not in settings.equilibrium_widths:
            continue
        method = "pc_eq" if case.equilibrium else "pc_si"
        steps = settings.judged if case.equilibrium else settings.steps
        seconds += sweep_seconds(method, size, settings.seeds, steps, records=3)
        memory = max(memory, sweep_memory_mb(method, size, settings.seeds))
    return Cost(seconds, memory)
