"""The shard of the family `algorithms`."""

from widthscope.studies.base import Cost, Shard
from widthscope.studies.jacobian_dynamics.algorithms.settings import Algorithms

STARTUP = 3.0
STATES = 30
"""Models times kinds of states."""


def shards(settings: Algorithms, seed: int) -> list[Shard]:
    """All models in one job."""
    own = {**settings.model_dump(mode="json"), "seed": seed}
    n = settings.tokens * settings.width
    # Dense matrices and their eigenvalues, and some hundred steps and tangents of each state.
    one = 30e-9 * n**3 + 200 * (3e-4 + 2e-9 * settings.tokens * settings.width**2)
    return [
        Shard(
            "algorithms",
            "algorithms.experiment",
            own,
            Cost(STARTUP + STATES * settings.states * one, round(600 + settings.states * 200e-6 * n**2)),
        )
    ]
