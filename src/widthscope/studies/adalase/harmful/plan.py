"""Shards of the family `harmful`: one, or some of the seeds each."""

from widthscope.studies.adalase.arms import Recipe
from widthscope.studies.adalase.dense_costs import network_of, shards_of
from widthscope.studies.adalase.harmful.policies import HIDDEN, arms_of
from widthscope.studies.adalase.harmful.settings import Harmful
from widthscope.studies.base import Shard

FAMILY = "harmful"


def shards(settings: Harmful, seed: int) -> list[Shard]:
    """All policies; a seed that is added never changes another's numbers."""
    recipe = Recipe(
        train=settings.train,
        test=settings.test,
        batch=settings.batch,
        steps=settings.steps,
        validation=settings.validation,
        rate=settings.rate,
        momentum=settings.momentum,
        weight_decay=settings.weight_decay,
        least=settings.least,
    )
    network = network_of(settings.dataset, settings.width, HIDDEN)
    experiments = {"policies": (recipe, arms_of(settings.ratio_rate))}
    return shards_of(FAMILY, experiments, network, settings.dataset, seed, range(settings.seeds))
