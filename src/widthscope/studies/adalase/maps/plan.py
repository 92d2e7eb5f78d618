"""Shards of the family `maps`: one for each augmentation."""

from widthscope.studies.adalase.arms import Arm
from widthscope.studies.adalase.map_costs import Experiment, positions, shards_of
from widthscope.studies.adalase.map_plan import fixed, recipe
from widthscope.studies.adalase.maps.policies import AUGMENTATIONS
from widthscope.studies.adalase.maps.settings import Maps
from widthscope.studies.base import Shard

FAMILY = "maps"


def shards(settings: Maps, seed: int) -> list[Shard]:
    """Fixed positions and the adaptive choice of each augmentation."""
    places = positions(settings.described)
    experiments = {
        name: Experiment(
            recipe(settings),
            (
                *fixed(name, places),
                Arm(
                    f"{name}-adaptive",
                    (name,) * places,
                    rate=settings.translation_rate if name == "translation" else settings.ratio_rate,
                ),
            ),
        )
        for name in AUGMENTATIONS
    }
    return shards_of(FAMILY, experiments, settings.described, settings.dataset, seed, range(settings.seeds))
