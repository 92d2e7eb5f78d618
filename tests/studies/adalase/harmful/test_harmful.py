"""The family `harmful`: its policies, and ratios that are planted."""

import numpy as np
import pytest
import xarray as xr
from pydantic import ValidationError

from widthscope.statistics.claims import judge
from widthscope.studies.adalase.harmful import claims, fit, plan
from widthscope.studies.adalase.harmful.policies import CONTROLLED, POSITIONS, arms_of
from widthscope.studies.adalase.harmful.settings import Harmful

SEEDS, LEAST = 16, 0.1


def planted(sunk: int) -> dict[str, xr.DataTree]:
    """Ratios at the floor, at the end, where labels are destroyed, in so many seeds; equal in all others."""
    arms = [arm for arm in arms_of(0.1) if arm.adapts]
    ended = np.full((len(arms), SEEDS, POSITIONS), 1 / POSITIONS)
    floor = LEAST / POSITIONS
    for row, arm in enumerate(arms):
        if arm.name.endswith("-adaptive") and "permutation" in arm.operations:
            bad = arm.operations.index("permutation")
            ended[row, :sunk] = (1 - floor) / (POSITIONS - 1)
            ended[row, :sunk, bad] = floor
    names, attrs = [arm.name for arm in arms], {"least": LEAST, "positions": POSITIONS}
    coords = {"arm": names, "seed": range(SEEDS)}
    dims = ("arm", "seed", "position")
    ratios = xr.Dataset(
        {
            "ratios": (("arm", "seed", "step", "position"), np.repeat(ended[:, :, None], 2, axis=2)),
            "ratios_end": (dims, ended),
            "alignment": (dims, np.zeros_like(ended)),
            "first_passage": (dims, np.full_like(ended, 7.0)),
        },
        {**coords, "step": [0, 10]},
        attrs,
    )
    outcomes = xr.Dataset({"accuracy": (("arm", "seed"), np.full((len(arms), SEEDS), 0.5))}, coords, attrs)
    return {"harmful": xr.DataTree.from_dict({"/policies/outcomes": outcomes, "/policies/ratios": ratios})}


@pytest.mark.parametrize(
    ("sunk", "verdict"), [(SEEDS, "supported"), (SEEDS // 2, "undecided"), (0, "refuted")]
)
def test_ratios_are_judged_by_how_many_are_at_the_floor(sunk: int, verdict: str) -> None:
    tree = xr.DataTree.from_dict(fit.fit(planted(sunk), {}))
    (judged,) = judge("adalase", "2408.13426", claims.CLAIMS, tree)
    assert {test.name: test.verdict for test in judged.tests}["driven"] == verdict
    share = tree["/claims/ratio-harmful-layer/driven/measured"]["estimate"].values
    assert share == pytest.approx([sunk / SEEDS])


def test_labels_are_destroyed_at_each_position_once_and_controls_share_one() -> None:
    arms = {arm.name: arm for arm in arms_of(0.2)}
    for bad in range(POSITIONS):
        assert [name == "permutation" for name in arms[f"harm{bad}-adaptive"].operations] == [
            place == bad for place in range(POSITIONS)
        ]
    assert arms["harm-shuffled"].operations == arms[f"harm{CONTROLLED}-adaptive"].operations
    assert (arms["harm-shuffled"].shuffled, arms["harm-shuffled"].rate) == (True, 0.2)
    assert arms["harm-opposite"].rate == -arms[f"harm{CONTROLLED}-adaptive"].rate
    assert not any(arm.adapts for name, arm in arms.items() if name.endswith(("fixed", "uniform")))


def test_the_validation_batch_is_of_what_is_trained_on() -> None:
    with pytest.raises(ValidationError, match="validation 100 needs as many images to train on, not 60"):
        Harmful(train=60)
    (shard,) = plan.shards(Harmful(train=60, validation=60), 0)
    assert shard.settings["experiments"]["policies"]["recipe"]["validation"] == 60
