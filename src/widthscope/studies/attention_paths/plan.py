"""Shards of the study, family by family."""

from widthscope.studies.attention_paths.exact import plan as exact
from widthscope.studies.attention_paths.hidden_markov import plan as hidden_markov
from widthscope.studies.attention_paths.limits import plan as limits
from widthscope.studies.attention_paths.one_shot import plan as one_shot
from widthscope.studies.attention_paths.sampling import plan as sampling
from widthscope.studies.attention_paths.settings import Settings
from widthscope.studies.base import Shard


def shards(settings: Settings, seed: int) -> list[Shard]:
    """Every shard of the study; the name of a shard starts with its family."""
    return [
        *limits.shards(settings.limits, seed),
        *exact.shards(settings.exact, seed),
        *sampling.shards(settings.sampling, seed),
        *hidden_markov.shards(settings.hidden_markov, seed),
        *one_shot.shards(settings.one_shot, seed),
    ]
