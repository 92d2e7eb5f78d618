"""Shards of the experiments beyond the paper."""

from widthscope.studies.base import Shard
from widthscope.studies.limit_law.extensions.settings import (
    Causal,
    Depth,
    Extensions,
    LayerNorm,
    Length,
    Universality,
    Witness,
)
from widthscope.studies.limit_law.packing import Part, Point, packed

SECONDS_PER_LAYER = 6e-7
"""Of one token of one draw of one head, on one core."""

SECONDS_PER_NORMAL = 1e-8
"""Of one random number, with what is done to it."""

SECONDS_PER_BLOCK = 1.2e-5
"""Of one layer of one stack: roots of Gram matrices are most of it."""

MEMORY_MB = 900
"""A Torch process with one chunk of draws; it does not grow with their number."""


def shards(settings: Extensions, seed: int) -> list[Shard]:
    """Three shards, or more where they would take too long: positions and lengths, stacks, weights."""
    sequence = [_causal(settings.causal, seed), _length(settings.length, seed)]
    stack = [
        _layernorm(settings.layernorm, seed),
        _depth(settings.depth, seed),
        _witness(settings.witness, seed),
    ]
    weights = [_universality(settings.universality, seed)]
    return [
        *packed("extensions-sequence", "extensions.sequence", sequence, MEMORY_MB),
        *packed("extensions-stack", "extensions.stack", stack, MEMORY_MB),
        *packed("extensions-weights", "extensions.weights", weights, MEMORY_MB),
    ]


def _causal(settings: Causal, seed: int) -> Part:
    layer = {"tokens": settings.tokens, "heads": settings.heads}
    points: list[Point] = [{"mask": "causal", **layer, "width": width} for width in settings.widths]
    points += [{"mask": mask, **layer, "width": settings.widths[-1]} for mask in ("none", "reversed")]
    cost = settings.draws * SECONDS_PER_LAYER * settings.heads * settings.tokens * max(1, settings.tokens / 4)
    common = {"seed": seed, "draws": settings.draws, "batches": settings.batches}
    return Part("causal", common, points, lambda point: cost)


def _length(settings: Length, seed: int) -> Part:
    points: list[Point] = [
        {"tokens": tokens, "seen": seen, "heads": settings.heads, "width": settings.width}
        for tokens in settings.lengths
        for seen in dict.fromkeys((tokens, settings.window))
    ]

    def seconds(point: Point) -> float:
        return settings.draws * settings.heads * 2 * SECONDS_PER_NORMAL * float(point["seen"] + 4)

    common = {"seed": seed, **settings.model_dump(include={"window", "draws", "batches"})}
    return Part("length", common, points, seconds)


def _layernorm(settings: LayerNorm, seed: int) -> Part:
    points: list[Point] = [
        {"outputs": outputs, "tokens": settings.tokens, "width": width}
        for outputs, widths in (("layer", settings.widths), ("gaussian", settings.widths[-2:]))
        for width in widths
    ]

    def seconds(point: Point) -> float:
        return settings.draws * 4 * SECONDS_PER_NORMAL * float(point["tokens"] * point["width"])

    common = {"seed": seed, "draws": settings.draws, "batches": settings.batches}
    return Part("layernorm", common, points, seconds)


def _depth(settings: Depth, seed: int) -> Part:
    points: list[Point] = [{"chain": "finite", "block": "plain", "width": width} for width in settings.widths]
    ends = (settings.widths[0], settings.widths[-1])
    points += [{"chain": "finite", "block": "skip-norm", "width": width} for width in ends]
    points += [{"chain": "limit", "block": block, "width": 0} for block in ("plain", "skip-norm")]
    points += [{"chain": "separate", "block": "plain", "width": width} for width in settings.widths[-2:]]
    cost = settings.draws * settings.layers * SECONDS_PER_BLOCK * settings.tokens / 4
    common = {
        "seed": seed,
        **settings.model_dump(include={"layers", "heads", "tokens", "skip", "draws", "batches"}),
    }
    return Part("depth", common, points, lambda point: cost)


def _witness(settings: Witness, seed: int) -> Part:
    points: list[Point] = [
        {"chain": chain, "block": block}
        for block in ("plain", "skip", "skip-norm")
        for chain in ("naive", "finite", "limit")
    ]

    def seconds(point: Point) -> float:
        weights = 16 * float(settings.width**2) * SECONDS_PER_NORMAL
        return settings.draws * (weights if point["chain"] == "naive" else 2 * SECONDS_PER_BLOCK)

    common = {"seed": seed, **settings.model_dump(include={"width", "draws"})}
    return Part("witness", common, points, seconds)


def _universality(settings: Universality, seed: int) -> Part:
    points: list[Point] = [
        {"weights": weights, "tokens": settings.tokens, "heads": 1, "width": width}
        for width in settings.widths
        for weights in ("gaussian", "rademacher", "uniform", "sparse")
    ]

    def seconds(point: Point) -> float:
        return settings.draws * SECONDS_PER_NORMAL * float(3 * point["width"] ** 2)

    common = {"seed": seed, **settings.model_dump(include={"coordinates", "draws", "batches"})}
    return Part("universality", common, points, seconds)
