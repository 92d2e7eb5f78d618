"""Shards of the experiments on token Grams."""

from typing import Any

from widthscope.studies.base import Shard
from widthscope.studies.limit_law.packing import Part, Point, packed
from widthscope.studies.limit_law.tokens.settings import DataGram, JointGram, ReluGram, TokenGrams

SECONDS_PER_LAYER = 4e-6
"""Of one draw of one head of four tokens, with its counts, on one core."""

SECONDS_PER_NORMAL = 1.6e-8
"""Of one normal random number, with what is done to it."""

MEMORY_MB = 900
"""A Torch process with one chunk of draws; it does not grow with their number."""

WRONG_LAWS = ("iid scores", "independent rows", "same row")


def shards(settings: TokenGrams, seed: int) -> list[Shard]:
    """One shard for ReLU tokens and one for images, or more where they would take too long."""
    images = [_data_gram(settings.data_gram, seed), _joint_gram(settings.joint_gram, seed)]
    return [
        *packed("tokens-relu", "tokens.relu", [_relu_gram(settings.relu_gram, seed)], MEMORY_MB),
        *packed("tokens-digits", "tokens.digits", images, MEMORY_MB),
    ]


def _relu_gram(settings: ReluGram, seed: int) -> Part:
    points: list[Point] = [{"sampler": "bartlett", "width": width} for width in settings.widths]
    points += [
        {"sampler": "naive", "width": settings.witness_width},
        {"sampler": "limit", "width": 0},
        {"sampler": "wrong", "width": 0},
    ]
    if settings.witness_width not in settings.widths:
        points.append({"sampler": "bartlett", "width": settings.witness_width})
    s, H = settings.tokens, settings.heads

    def seconds(point: Point) -> float:
        n = point["width"]
        if point["sampler"] == "naive":
            return settings.witness_draws * SECONDS_PER_NORMAL * float((s + 3 * H) * n**2)
        return settings.draws * (SECONDS_PER_LAYER * H * s / 4 + SECONDS_PER_NORMAL * float(n * s))

    common: dict[str, Any] = {
        "seed": seed,
        **settings.model_dump(include={"heads", "tokens", "draws", "witness_draws", "batches"}),
    }
    return Part("relu-gram", common, points, seconds)


def _data_gram(settings: DataGram, seed: int) -> Part:
    common = {"seed": seed, **settings.model_dump(include={"width", "heads", "draws", "batches"})}
    cost = 3 * SECONDS_PER_LAYER * settings.heads * settings.draws
    points: list[Point] = [{"image": image} for image in range(settings.images)]
    return Part("data-gram", common, points, lambda point: cost, datasets=("digits",))


def _joint_gram(settings: JointGram, seed: int) -> Part:
    common = {"seed": seed, **settings.model_dump(include={"image", "width", "heads", "draws"})}
    cost = 1.2 * SECONDS_PER_LAYER * settings.heads * settings.draws
    points: list[Point] = [{"law": law} for law in ("finite", "limit", *WRONG_LAWS)]
    return Part("joint-gram", common, points, lambda point: cost, datasets=("digits",))
