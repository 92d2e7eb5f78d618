"""Shards of the experiments on the Gaussian mixture of the outputs."""

from widthscope.studies.base import Shard
from widthscope.studies.limit_law.mixture.settings import Coordinates, Kurtosis, Mixture
from widthscope.studies.limit_law.packing import Part, Point, split

SECONDS_PER_HEAD = 6e-7
"""Of one draw of one head, on one core: a term per token, from the score and value factors of the sampler."""

SECONDS_PER_COORDINATE = 1.5e-7
"""Of one sampled output coordinate of one token, with its moments."""

MEMORY_MB = 700
"""A Torch process with one chunk of draws; it does not grow with their number."""


def shards(settings: Mixture, seed: int) -> list[Shard]:
    """One shard per experiment, or one for each of its points where that would take too long for one job."""
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
    return split(Part("mixture-kurtosis", common, points, seconds), "mixture.kurtosis", MEMORY_MB)


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
    return split(Part("mixture-coordinates", common, points, seconds), "mixture.coordinates", MEMORY_MB)


def _point(gram: str, tokens: int, heads: int, width: int) -> Point:
    """Token Gram, tokens s, heads H and width n of one run."""
    return {"gram": gram, "tokens": tokens, "heads": heads, "width": width}
