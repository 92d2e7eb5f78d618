"""Shards of the family `sparsity`: one, or one for each penalty where it takes long."""

from typing import Any

from widthscope.studies.base import GPU_SPEEDUP, SHARD_SECONDS, Cost, Shard
from widthscope.studies.pk_mixer.sparsity.settings import SIDES, Sparsity

STARTUP = 3.5
START_MB = 450

DENSE_FORMS, KRONECKER_FORMS = 2, 2

MULTIPLY_SECONDS = 1e-10
"""Of one multiply-add of a training step, forward and backward counted apart, on one core."""

STEP_SECONDS = 1.5e-3
"""Of a step of all members, beside what it multiplies."""

DRAW_SECONDS = 3.5e-8
"""Of one entry that is drawn and looked at."""

UPDATE_SECONDS = 3e-9
"""Of one number of one member in an update of Adam."""


def shards(settings: Sparsity, seed: int) -> list[Shard]:
    """All forms and penalties of the images in one job; products of Gaussian factors with the first."""
    own = {
        **settings.model_dump(mode="json"),
        "seed": seed,
        "sides": list(SIDES[settings.dataset]),
    }
    drawing = DRAW_SECONDS * settings.draws * 2 * settings.factor**4
    whole = drawing + _seconds(settings, len(settings.penalties))
    if whole <= SHARD_SECONDS:
        return [_shard("sparsity", settings, own, whole)]
    return [
        _shard(
            f"sparsity-l{penalty:g}".replace(".", "p"),
            settings,
            {**own, "penalties": [penalty], "draws": settings.draws if place == 0 else 0},
            drawing + _seconds(settings, 1),
        )
        for place, penalty in enumerate(settings.penalties)
    ]


def _shard(name: str, settings: Sparsity, own: dict[str, Any], seconds: float) -> Shard:
    units = SIDES[settings.dataset][0] * SIDES[settings.dataset][1]
    members = settings.seeds * len(own["penalties"])
    floats = members * (5 * units**2 + 6 * settings.batch * units)
    floats += settings.seeds * (settings.train + settings.test) * units * 2
    return Shard(
        name,
        "sparsity.experiment",
        own,
        Cost(STARTUP + seconds, START_MB + round(4e-6 * floats + 16e-6 * settings.factor**4)),
        datasets=(settings.dataset,),
        gpu_speedup=GPU_SPEEDUP,
    )


def _seconds(settings: Sparsity, penalties: int) -> float:
    tokens, channels = SIDES[settings.dataset]
    units = tokens * channels
    steps = settings.epochs * (settings.train // settings.batch)
    members = settings.seeds * penalties
    multiplied = (
        settings.batch
        * 3
        * (DENSE_FORMS * units**2 + KRONECKER_FORMS * units * (tokens + channels) + 4 * 10 * units)
    )
    numbers = DENSE_FORMS * units**2 + KRONECKER_FORMS * (tokens**2 + channels**2) + 4 * 10 * units
    return steps * (
        (DENSE_FORMS + KRONECKER_FORMS) * STEP_SECONDS
        + members * (multiplied * MULTIPLY_SECONDS + numbers * UPDATE_SECONDS)
    )
