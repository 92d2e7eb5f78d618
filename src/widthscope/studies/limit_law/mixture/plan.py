"""Shards of the experiments on the Gaussian mixture of the outputs."""

from collections.abc import Callable
from typing import Any

from widthscope.studies.base import SHARD_SECONDS, Cost, Shard
from widthscope.studies.limit_law.mixture.settings import Coordinates, Kurtosis, Mixture

Point = dict[str, Any]
"""One combination of token Gram, tokens s, heads H and width n: ``{"gram", "tokens", "heads", "width"}``."""

SECONDS_PER_HEAD = 6e-7
"""Of one draw of one head, on one core: a term per token, from the score and value factors of the sampler."""

SECONDS_PER_COORDINATE = 1.5e-7
"""Of one sampled output coordinate of one token, with its moments."""

MEMORY_MB = 700
"""A Torch process with one chunk of draws; it does not grow with their number."""


def shards(settings: Mixture, seed: int) -> list[Shard]:
    """One shard per experiment, or one for each of its widths where that would take too long for one job."""
    return [
        *_kurtosis(settings.kurtosis, seed),
        *_coordinates(settings.coordinates, seed),
    ]


def _kurtosis(settings: Kurtosis, seed: int) -> list[Shard]:
    points = [
        _point(gram, settings.tokens, heads, width)
        for width in settings.widths
        for heads in settings.heads
        for gram in ("orthonormal", "identical")
    ]
    lengths = [_point("orthonormal", tokens, 1, settings.length_width) for tokens in settings.lengths]
    points += [point for point in lengths if point not in points]

    def seconds(point: Point) -> float:
        return settings.draws * SECONDS_PER_HEAD * float(point["tokens"] * point["heads"])

    common = {"seed": seed, "draws": settings.draws, "batches": settings.batches}
    return _split("mixture-kurtosis", "mixture.kurtosis", points, seconds, common)


def _coordinates(settings: Coordinates, seed: int) -> list[Shard]:
    points = [
        _point("orthonormal", settings.tokens, heads, width)
        for width in settings.widths
        for heads in settings.heads
    ]

    def seconds(point: Point) -> float:
        outputs = SECONDS_PER_COORDINATE * settings.coordinates
        return settings.draws * float(point["tokens"]) * (SECONDS_PER_HEAD * float(point["heads"]) + outputs)

    common = {
        "seed": seed,
        "draws": settings.draws,
        "batches": settings.batches,
        "coordinates": settings.coordinates,
    }
    return _split("mixture-coordinates", "mixture.coordinates", points, seconds, common)


def _point(gram: str, tokens: int, heads: int, width: int) -> Point:
    return {"gram": gram, "tokens": tokens, "heads": heads, "width": width}


def _split(
    name: str, entry: str, points: list[Point], seconds: Callable[[Point], float], common: dict[str, Any]
) -> list[Shard]:
    """All points in one shard, or those of each width in their own where all would take too long."""
    groups = {name: points}
    if sum(map(seconds, points)) > SHARD_SECONDS:
        widths = sorted({point["width"] for point in points})
        groups = {f"{name}-n{width}": [p for p in points if p["width"] == width] for width in widths}
    return [
        Shard(shard, entry, {**common, "points": inside}, Cost(sum(map(seconds, inside)), MEMORY_MB))
        for shard, inside in groups.items()
    ]
