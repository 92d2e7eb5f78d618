"""Shards of the family `training`: one for each width, with both arms and all seeds."""

from widthscope.studies.base import Cost, Shard
from widthscope.studies.qk_spectrum.training.settings import Training

SECONDS_PER_NUMBER = 1e-8
"""Of one coordinate of one token of one sequence in one update, drawn and trained on, on one core."""

SECONDS_PER_UPDATE = 1e-4
"""Of one update of one member, whatever its width."""

SECONDS_PER_HEAD = 6e-8
"""Of the spectrum of one recorded head, times the square of its dimension."""

START_MB = 350
"""A Torch process that holds no data."""


def shards(settings: Training, seed: int) -> list[Shard]:
    """One shard per width, so that another width trains alone."""
    return [_shard(settings, width, seed) for width in settings.widths]


def _shard(settings: Training, width: int, seed: int) -> Shard:
    numbers = 2 * settings.seeds * settings.batch * settings.tokens * width
    heads = 2 * settings.seeds * (settings.recorded + 1)
    recorded_mb = heads * width * width * 4 / 2**20
    return Shard(
        name=f"training-w{width}",
        entry="training.experiment",
        settings={
            "seed": seed,
            "width": width,
            "head_dim": width // 2,
            **settings.model_dump(mode="json", exclude={"widths"}),
        },
        cost=Cost(
            seconds=settings.steps * (numbers * SECONDS_PER_NUMBER + 2 * settings.seeds * SECONDS_PER_UPDATE),
            memory_mb=START_MB + round(2 * recorded_mb + 10 * numbers * 4 / 2**20),
        ),
        spectra="training.spectra",
        spectra_cost=Cost(
            seconds=1 + heads * SECONDS_PER_HEAD * width**2, memory_mb=START_MB + round(recorded_mb)
        ),
    )
