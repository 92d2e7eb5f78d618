"""Shards of the family `flips`: vertical and horizontal flips, and networks without any difference."""

from widthscope.studies.adalase.arms import Arm
from widthscope.studies.adalase.flips.policies import DESTROYING, HORIZONTAL, IDENTITY, VERTICAL
from widthscope.studies.adalase.flips.settings import Flips
from widthscope.studies.adalase.map_costs import Experiment, positions, shards_of
from widthscope.studies.adalase.map_plan import fixed, recipe
from widthscope.studies.base import Shard

FAMILY = "flips"


def shards(settings: Flips, seed: int) -> list[Shard]:
    """All policies of each flip; a seed that is added never changes another's numbers."""
    places, rate, how = positions(settings.described), settings.ratio_rate, recipe(settings)
    vertical, horizontal, identity = ((name,) * places for name in (VERTICAL, HORIZONTAL, IDENTITY))
    experiments = {
        "vertical": Experiment(
            how,
            (
                *fixed(VERTICAL, places),
                Arm(f"{VERTICAL}-uniform", vertical),
                Arm(f"{VERTICAL}-adaptive", vertical, rate=rate),
                Arm(f"{VERTICAL}-opposite", vertical, rate=-rate),
                Arm(f"{DESTROYING}-last", (DESTROYING,) * places, places - 1),
            ),
        ),
        "virtual": Experiment(how, (Arm(f"{VERTICAL}-adaptive", vertical, rate=rate),), virtual=places),
        "horizontal": Experiment(
            how,
            (
                *fixed(HORIZONTAL, places),
                Arm(f"{HORIZONTAL}-uniform", horizontal),
                Arm(f"{HORIZONTAL}-adaptive", horizontal, rate=rate),
                Arm(f"{HORIZONTAL}-opposite", horizontal, rate=-rate),
                Arm(f"{IDENTITY}-adaptive", identity, rate=rate),
            ),
        ),
    }
    return shards_of(FAMILY, experiments, settings.described, settings.dataset, seed, range(settings.seeds))
