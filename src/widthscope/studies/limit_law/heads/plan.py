"""Shards of the experiments on the number of heads and on the head dimension."""

from widthscope.studies.base import Shard
from widthscope.studies.limit_law.heads.settings import HeadCounts, LowRank, ManyHeads, OrderOfLimits
from widthscope.studies.limit_law.packing import Part, Point, split

SECONDS_PER_HEAD = 6e-7
"""Of one draw of one head by the single-token sampler, on one core."""

SECONDS_PER_PAIR = 5e-6
"""Of one head of one coupled pair of four tokens."""

SECONDS_PER_FREQUENCY = 1e-8
"""Of one frequency of one coupled pair."""

MEMORY_MB = 700
"""A Torch process with one chunk of draws; it does not grow with their number."""


def shards(settings: HeadCounts, seed: int) -> list[Shard]:
    """One shard per experiment, or one per point where that would take longer than a job should."""
    return [
        *_head_count(settings.many_heads, seed),
        *_order_of_limits(settings.order_of_limits, seed),
        *_low_rank(settings.low_rank, seed),
    ]


def _head_count(settings: ManyHeads, seed: int) -> list[Shard]:
    points = [
        _single_token("fixed", settings.tokens, heads, settings.width, scores)
        for heads in settings.heads
        for scores in ("own", "shared")
    ]
    return _many_heads("heads-count", points, seed, settings.draws, settings.batches)


def _order_of_limits(settings: OrderOfLimits, seed: int) -> list[Shard]:
    points = [
        _single_token(law, settings.tokens, settings.heads, width, "own")
        for width in settings.widths
        for law in ("clip", "fixed")
    ]
    sizes = sorted({*settings.ladder, settings.heads})
    points += [
        _single_token(law, settings.tokens, heads, settings.ladder_width, "own")
        for heads in sizes
        for law in ("clip", "fixed")
    ]
    points = list({tuple(point.items()): point for point in points}.values())
    return _many_heads("heads-order-of-limits", points, seed, settings.draws, settings.batches)


def _low_rank(settings: LowRank, seed: int) -> list[Shard]:
    H = settings.heads
    points = [_layer("fixed", H, head_dim, 0) for head_dim in settings.head_dims]
    points += [_layer("clip", H, 0, width) for width in settings.widths]
    points += [_layer("clip", H, head_dim, settings.token_width) for head_dim in settings.head_dims]
    d = settings.paper_head_dim
    for heads in settings.paper_heads:  # the whole layer, and what head dimension and width do to it alone
        points += [
            _layer("clip", heads, d, heads * d),
            _layer("fixed", heads, d, 0),
            _layer("clip", heads, 0, heads * d),
        ]
    points = list({tuple(point.items()): point for point in points}.values())

    def seconds(point: Point) -> float:
        pair = SECONDS_PER_PAIR * float(point["heads"]) * (settings.tokens / 4) ** 2
        return settings.draws * (pair + 2 * settings.frequencies * SECONDS_PER_FREQUENCY)

    common = {
        "seed": seed,
        "draws": settings.draws,
        "batches": settings.batches,
        "tokens": settings.tokens,
        "coordinates": settings.coordinates,
        "frequencies": settings.frequencies,
    }
    return split(Part("heads-low-rank", common, points, seconds), "heads.low_rank", MEMORY_MB)


def _many_heads(name: str, points: list[Point], seed: int, draws: int, batches: int) -> list[Shard]:
    def seconds(point: Point) -> float:
        return draws * SECONDS_PER_HEAD * float(point["heads"])

    common = {"seed": seed, "draws": draws, "batches": batches}
    return split(Part(name, common, points, seconds), "heads.many_heads", MEMORY_MB)


def _single_token(law: str, tokens: int, heads: int, width: int, scores: str) -> Point:
    """A point of `many_heads`: `scores` says whether each head has its own or all share one."""
    return {"law": law, "tokens": tokens, "heads": heads, "width": width, "scores": scores}


def _layer(law: str, heads: int, head_dim: int, width: int) -> Point:
    """A point of `low_rank`; a head dimension or width of 0 is infinite (fixed tokens have no width)."""
    return {"law": law, "heads": heads, "head_dim": head_dim, "width": width}
