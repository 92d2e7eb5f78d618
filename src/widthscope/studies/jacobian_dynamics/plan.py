"""Shards of the study, family by family."""

from widthscope.studies.base import Shard
from widthscope.studies.jacobian_dynamics.algorithms import plan as algorithms
from widthscope.studies.jacobian_dynamics.chaos import plan as chaos
from widthscope.studies.jacobian_dynamics.digits import plan as digits
from widthscope.studies.jacobian_dynamics.energy import plan as energy
from widthscope.studies.jacobian_dynamics.normalisation import plan as normalisation
from widthscope.studies.jacobian_dynamics.settings import Settings
from widthscope.studies.jacobian_dynamics.sudoku import plan as sudoku
from widthscope.studies.jacobian_dynamics.width import plan as width


def shards(settings: Settings, seed: int) -> list[Shard]:
    """Every shard of the study; the name of a shard starts with its family."""
    return [
        *energy.shards(settings.energy, seed),
        *normalisation.shards(settings.normalisation, seed),
        *width.shards(settings.width, seed),
        *chaos.shards(settings.chaos, seed),
        *algorithms.shards(settings.algorithms, seed),
        *digits.shards(settings.digits, seed),
        *sudoku.shards(settings.sudoku, seed),
    ]
