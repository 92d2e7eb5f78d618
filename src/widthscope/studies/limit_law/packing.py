"""How the experiments of a family share out its shards: together while they are small, else each on its own.

Imported at every parse of the Snakefile: no torch, no xarray.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from widthscope.studies.base import SHARD_SECONDS, Cost, Shard

Point = dict[str, Any]
"""One combination of settings at which an experiment is run."""


@dataclass(frozen=True)
class Part:
    """One experiment, with all the points at which it is run.

    Attributes:
        name: its place in the shard's settings and in its result.
        common: the settings that its points share.
        points: where it is run.
        seconds: expected time of one point, on one core of a laptop.
        datasets: names of the datasets that it reads.
    """

    name: str
    common: dict[str, Any]
    points: Sequence[Point]
    seconds: Callable[[Point], float]
    datasets: tuple[str, ...] = ()

    @property
    def cost(self) -> float:
        """Expected seconds of all points."""
        return sum(map(self.seconds, self.points))

    def settings(self, points: Sequence[Point]) -> dict[str, Any]:
        """Settings of the experiment at some of its points."""
        return {**self.common, "points": list(points)}


def packed(name: str, entry: str, parts: Sequence[Part], memory_mb: int) -> list[Shard]:
    """Shards of several experiments that share an entry module.

    All in one shard if that takes less than `SHARD_SECONDS`; else one for each experiment; and one for each
    of its points where an experiment alone takes longer. A shard's settings are those of its experiments by
    name.
    """
    if sum(part.cost for part in parts) <= SHARD_SECONDS:
        return [_shard(name, entry, [(part, part.points) for part in parts], memory_mb)]
    shards = []
    for part in parts:
        if part.cost <= SHARD_SECONDS:
            shards.append(_shard(f"{name}-{part.name}", entry, [(part, part.points)], memory_mb))
            continue
        for point in part.points:
            label = _label(f"{name}-{part.name}", point)
            shards.append(_shard(label, entry, [(part, [point])], memory_mb))
    return shards


def split(part: Part, entry: str, memory_mb: int) -> list[Shard]:
    """Shards of one experiment whose module is their entry: one, or one for each point if it takes too long.

    The shard has the experiment's name, and its settings are the experiment's own.
    """
    groups = {part.name: part.points}
    if part.cost > SHARD_SECONDS:
        groups = {_label(part.name, point): [point] for point in part.points}
    return [
        Shard(
            name, entry, part.settings(points), Cost(sum(map(part.seconds, points)), memory_mb), part.datasets
        )
        for name, points in groups.items()
    ]


def _label(name: str, point: Point) -> str:
    return "-".join([name, *map(str, point.values())])


def _shard(name: str, entry: str, content: Sequence[tuple[Part, Sequence[Point]]], memory_mb: int) -> Shard:
    seconds = sum(part.seconds(point) for part, points in content for point in points)
    settings = {part.name: part.settings(points) for part, points in content}
    datasets = tuple(dict.fromkeys(dataset for part, _ in content for dataset in part.datasets))
    return Shard(name, entry, settings, Cost(seconds, memory_mb), datasets)
