"""Shards of the width sweep, family by family."""

from widthscope.studies.base import Shard
from widthscope.studies.limit_law.convergence import plan as convergence
from widthscope.studies.limit_law.extensions import plan as extensions
from widthscope.studies.limit_law.heads import plan as heads
from widthscope.studies.limit_law.mixture import plan as mixture
from widthscope.studies.limit_law.scores import plan as scores
from widthscope.studies.limit_law.settings import Settings
from widthscope.studies.limit_law.tokens import plan as tokens


def shards(settings: Settings, seed: int) -> list[Shard]:
    """Every shard of the study; the name of a shard starts with its family."""
    return [
        *scores.shards(settings.scores, seed),
        *convergence.shards(settings.convergence, seed),
        *mixture.shards(settings.mixture, seed),
        *heads.shards(settings.heads, seed),
        *tokens.shards(settings.tokens, seed),
        *extensions.shards(settings.extensions, seed),
    ]
