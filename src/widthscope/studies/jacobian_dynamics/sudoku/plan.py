"""Shards of the family `sudoku`."""

from widthscope.studies.base import Shard
from widthscope.studies.jacobian_dynamics.sudoku.settings import Sudoku


def shards(settings: Sudoku, seed: int) -> list[Shard]:
    """None so far."""
    return []
