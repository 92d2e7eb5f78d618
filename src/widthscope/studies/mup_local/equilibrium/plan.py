"""Shards of the family `equilibrium`: one."""

from widthscope.studies.base import Cost, Shard
from widthscope.studies.mup_local.equilibrium.settings import Equilibrium

STARTUP = 3.5


def shards(settings: Equilibrium, seed: int) -> list[Shard]:
    """Identities in small networks, and the Hessian over widths."""
    own = {**settings.model_dump(mode="json"), "seed": seed}
    per_member = sum((1e-8 + 6e-9 * settings.products) * width**2 for width in settings.widths)
    seconds = 0.02 * settings.networks + settings.seeds * per_member
    memory = round(600 + 100e-6 * settings.widths[-1] ** 2)
    return [Shard("equilibrium", "equilibrium.experiment", own, Cost(STARTUP + seconds, memory))]
