"""Shards of the family `onestep`: one, or one for each width where that would take long."""

from widthscope.studies.base import SHARD_SECONDS, Cost, Shard
from widthscope.studies.mup_second_order.onestep.settings import Onestep

NAME, ENTRY = "onestep", "onestep.experiment"
STARTUP = 3.5
ROWS_SECONDS = 0.03
"""Of all rows in the space of a batch of 32."""

WEIGHT_SECONDS = 5e-8
"""Of one weight of the hidden layer: drawn, and multiplied by what goes forward and back."""

START_MB = 500


def shards(settings: Onestep, seed: int) -> list[Shard]:
    """All widths in one job, or each in its own."""
    own = {**settings.model_dump(mode="json"), "seed": seed}
    costs = {width: _seconds(settings, width) for width in settings.widths}
    if STARTUP + sum(costs.values()) <= SHARD_SECONDS:
        return [_shard(NAME, own, STARTUP + sum(costs.values()), settings.widths[-1])]
    return [
        _shard(f"{NAME}-n{width}", {**own, "widths": [width]}, STARTUP + seconds, width)
        for width, seconds in costs.items()
    ]


def _shard(name: str, own: dict[str, object], seconds: float, width: int) -> Shard:
    return Shard(name, ENTRY, own, Cost(seconds, START_MB + round(40e-6 * width**2)), datasets=("digits",))


def _seconds(settings: Onestep, width: int) -> float:
    batch = settings.batch / 32
    return settings.seeds * (ROWS_SECONDS * batch**2 + WEIGHT_SECONDS * batch * width**2)
