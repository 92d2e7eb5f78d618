"""How the sweep is cut into jobs. Read at every parse of the Snakefile: nothing heavy is imported here."""

from widthscope.studies._template.settings import Settings
from widthscope.studies.base import Cost, Shard

WEIGHTS_PER_SECOND = 4e7
"""Gaussian weights drawn and used by one core."""


def shards(settings: Settings, seed: int) -> list[Shard]:
    """The jobs of the sweep; each is given every value that it reads, and no other."""
    drawn = 2 * settings.batches * settings.draws * sum(settings.widths) * settings.inputs
    one_batch = settings.draws * settings.widths[-1] * settings.inputs * 8 / 1e6
    cost = Cost(seconds=1 + drawn / WEIGHTS_PER_SECOND, memory_mb=round(300 + 2 * one_batch))
    return [Shard("variance", "experiment", {**settings.model_dump(mode="json"), "seed": seed}, cost)]
