"""Shards of the experiments on the scores: samplers, moments of the scores, and the wrong scaling."""

from widthscope.studies.base import Cost, Shard
from widthscope.studies.limit_law.scores.settings import Scores

STARTUP = 3.0
NAIVE_SECONDS_PER_DRAW = 60e-6
SCORE_SECONDS_PER_DRAW = 1.5e-6
SCALING_SECONDS_PER_DRAW = 5e-6


def shards(settings: Scores, seed: int) -> list[Shard]:
    """One shard per experiment; no cost depends on the width."""
    sampler, law, scaling = settings.sampler, settings.score_law, settings.wrong_scaling
    return [
        Shard(
            name="scores-sampler",
            entry="scores.sampler",
            settings={"draws": sampler.draws, "seed": seed},
            cost=Cost(STARTUP + NAIVE_SECONDS_PER_DRAW * sampler.draws, 700),
        ),
        Shard(
            name="scores-law",
            entry="scores.score_law",
            settings={"widths": list(law.widths), "draws": law.draws, "seed": seed},
            cost=Cost(STARTUP + SCORE_SECONDS_PER_DRAW * law.draws * (len(law.widths) + 2), 600),
        ),
        Shard(
            name="scores-scaling",
            entry="scores.wrong_scaling",
            settings={"widths": list(scaling.widths), "draws": scaling.draws, "seed": seed},
            cost=Cost(STARTUP + SCALING_SECONDS_PER_DRAW * scaling.draws * 2 * len(scaling.widths), 600),
        ),
    ]
