"""Shards of the family `dense`: one for each number of images trained on."""

from widthscope.studies.adalase.arms import Arm, Recipe
from widthscope.studies.adalase.dense.policies import HIDDEN, OTHERS, POSITIONS, arms_of
from widthscope.studies.adalase.dense.settings import Dense
from widthscope.studies.adalase.dense_costs import Experiment, network_of, shards_of
from widthscope.studies.base import Shard

FAMILY = "dense"


def shards(settings: Dense, seed: int) -> list[Shard]:
    """All policies at every size; a seed that is added never changes another's numbers."""
    experiments = {f"n{train}": _experiment(settings, train) for train in settings.train}
    network = network_of(settings.dataset, settings.width, HIDDEN)
    return shards_of(FAMILY, experiments, network, settings.dataset, seed, range(settings.seeds))


def _experiment(settings: Dense, train: int) -> Experiment:
    arms = arms_of("mixup", settings.ratio_rate)
    arms.append(Arm("identity-adaptive", ("identity",) * POSITIONS, rate=settings.ratio_rate))
    arms.append(Arm("mixup-opposite", ("mixup",) * POSITIONS, rate=-settings.ratio_rate))
    if train == settings.others_train:
        for operation in OTHERS:
            arms += arms_of(operation, settings.ratio_rate)
    return (
        Recipe(
            train=train,
            test=settings.test,
            batch=settings.batch,
            steps=settings.steps,
            validation=min(settings.validation, train),
            rate=settings.rate,
            momentum=settings.momentum,
            weight_decay=settings.weight_decay,
            least=settings.least,
        ),
        arms,
    )
