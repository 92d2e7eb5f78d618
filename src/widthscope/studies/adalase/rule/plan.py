"""Shards of the family `rule`."""

from widthscope.studies.adalase.rule.settings import Rule
from widthscope.studies.base import Shard


def shards(settings: Rule, seed: int) -> list[Shard]:
    """None yet."""
    return []
