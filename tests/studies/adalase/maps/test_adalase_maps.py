"""Other augmentations on feature maps: a small run from plan to figures."""

import pytest
import xarray as xr
from pydantic import ValidationError

from widthscope.datasets.digits import prepare
from widthscope.feature_augmentation.operations.translation import Translation
from widthscope.statistics.claims import judge
from widthscope.studies.adalase import map_policies
from widthscope.studies.adalase.maps import claims, figures, fit, plan
from widthscope.studies.adalase.maps.settings import Maps
from widthscope.work import Work


def test_a_small_run_is_reported_and_drawn(tmp_path) -> None:
    small = Maps(channels=(4, 4), train=32, test=32, batch=8, validation=8, steps=4, seeds=3)
    (shard,) = plan.shards(small, 3)
    swept = map_policies.run(shard.settings, {"digits": prepare({}, tmp_path)}, Work())
    tree = xr.DataTree.from_dict(fit.fit({"maps": swept}, {}))
    assert {verdict.verdict for verdict in judge("adalase", "2408.13426", claims.CLAIMS, tree)} == {
        "reported"
    }
    ended = tree["/claims/ratio-trans-cnn/ratios/measured"]["estimate"].values
    assert abs(ended.sum() - 1) < 1e-9
    null = {
        name: tree[f"/claims/{claim}/null/measured"]["estimate"].values
        for name, claim in fit.CLAIM_OF.items()
    }
    assert null["cutout"].tolist() == null["mixup"].tolist() != null["translation"].tolist()
    (drawing,) = figures.draw(tree).values()
    assert "3 seeds" in drawing.caption


def test_translation_moves_small_maps_too() -> None:
    translation = map_policies.OPERATIONS_ON_MAPS["translation"]
    assert isinstance(translation, Translation)
    assert [translation.reach(side) for side in (8, 4, 2, 32)] == [1, 1, 1, 6]


def test_translation_is_refused_a_smaller_step_than_the_others() -> None:
    with pytest.raises(ValidationError, match=r"translation_rate 0.05 must be at least ratio_rate, 0.1"):
        Maps(translation_rate=0.05)
    assert Maps(translation_rate=0.1).translation_rate == 0.1
