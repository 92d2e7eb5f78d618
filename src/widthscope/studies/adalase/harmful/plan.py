"""Shards of the family `harmful`: one, or some of the seeds each."""

from widthscope.studies.adalase.arms import Arm, Recipe
from widthscope.studies.adalase.dense_costs import network_of, shards_of
from widthscope.studies.adalase.harmful.settings import Harmful
from widthscope.studies.base import Shard

FAMILY = "harmful"
HIDDEN = 2
POSITIONS = HIDDEN + 1
CONTROLLED = 1
"""Where labels are destroyed in the arms that are there as controls."""


def shards(settings: Harmful, seed: int) -> list[Shard]:
    """All policies; a seed that is added never changes another's numbers."""
    recipe = Recipe(
        train=settings.train,
        test=settings.test,
        batch=settings.batch,
        steps=settings.steps,
        validation=min(settings.validation, settings.train),
        rate=settings.rate,
        momentum=settings.momentum,
        weight_decay=settings.weight_decay,
        least=settings.least,
    )
    network = network_of(settings.dataset, settings.width, HIDDEN)
    experiments = {"policies": (recipe, _arms(settings.ratio_rate))}
    return shards_of(FAMILY, experiments, network, settings.dataset, seed, range(settings.seeds))


def _arms(rate: float) -> list[Arm]:
    """Labels destroyed at each position and mixup elsewhere, and controls.

    With the sign of the update turned, or with labels of the pseudo-validation shuffled, the position that
    destroys labels should win; without a rate ratios should stay, and with the identity only drift.
    """
    found = [Arm(f"mixup-p{place}", ("mixup",) * POSITIONS, place) for place in range(POSITIONS)]
    for bad in range(POSITIONS):
        operations = _with_harm("mixup", bad)
        found += [
            Arm(f"harm{bad}-fixed", operations, bad),
            Arm(f"harm{bad}-uniform", operations),
            Arm(f"harm{bad}-adaptive", operations, rate=rate),
        ]
    operations = _with_harm("mixup", CONTROLLED)
    return [
        *found,
        Arm("harm-alone-adaptive", _with_harm("identity", CONTROLLED), rate=rate),
        Arm("harm-shuffled", operations, rate=rate, shuffled=True),
        Arm("harm-opposite", operations, rate=-rate),
        Arm("identity-adaptive", ("identity",) * POSITIONS, rate=rate),
    ]


def _with_harm(elsewhere: str, bad: int) -> tuple[str, ...]:
    return tuple("permutation" if place == bad else elsewhere for place in range(POSITIONS))
