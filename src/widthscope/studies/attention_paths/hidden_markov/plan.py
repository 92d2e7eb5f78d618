"""Shards of the family `hidden_markov`."""

from widthscope.studies.attention_paths.hidden_markov.settings import HiddenMarkov
from widthscope.studies.base import Shard


def shards(settings: HiddenMarkov, seed: int) -> list[Shard]:
    """None yet."""
    return []
