"""Shards of the family `chaos`: one, or where it would cost too much one for each drive and gain."""

from typing import Any

from widthscope.studies.base import SHARD_SECONDS, Cost, Shard
from widthscope.studies.jacobian_dynamics.chaos.settings import Chaos

STARTUP = 3.0


def shards(settings: Chaos, seed: int) -> list[Shard]:
    """All gains without drive and with it, and one point under strong drive."""
    common = settings.model_dump(mode="json", exclude={"gains", "drive", "strong_drive"}) | {"seed": seed}
    points = [[drive, gain] for drive in (0.0, settings.drive) for gain in settings.gains]
    points.append([settings.strong_drive, settings.gains[0]])
    each = _seconds(settings)
    if each * len(points) <= SHARD_SECONDS:
        return [_shard("chaos", common, points, each, settings)]
    return [
        _shard(f"chaos-kappa{drive:g}-gain{gain:g}", common, [[drive, gain]], each, settings)
        for drive, gain in points
    ]


def _shard(
    name: str, common: dict[str, Any], points: list[list[float]], each: float, settings: Chaos
) -> Shard:
    """Two bases of 128 vectors and the linearised steps of the horizon are what grows with the state."""
    numbers = max(settings.seeds * settings.tokens * settings.width, 2**14)
    cost = Cost(STARTUP + each * len(points), round(700 + 4e-3 * numbers))
    return Shard(name, "chaos.experiment", {**common, "points": points}, cost)


def _seconds(settings: Chaos) -> float:
    """One point: steps and tangents in the long run, and some dozen of them through the horizon, twice."""
    applications = 2 * (2 * settings.warm_up + settings.steps) + 2 * 30 * settings.horizon
    applications += 2 * settings.followed
    one = 1.7e-9 * settings.tokens * settings.width**2 + 5e-9 * settings.heads * settings.tokens**2
    return settings.seeds * applications * one
