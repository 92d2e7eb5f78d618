"""Flips: plan, evidence and claims; planted ratios are judged as they should be."""

from typing import Any

import numpy as np
import pytest
import xarray as xr
from pydantic import ValidationError
from tests.studies.controls import assert_judged_tests_have_controls, assert_only_controls_are_refuted

from widthscope.datasets.digits import prepare
from widthscope.studies.adalase import map_costs, map_fit, map_policies
from widthscope.studies.adalase.flips import claims, figures, fit, plan
from widthscope.studies.adalase.flips.settings import Flips
from widthscope.work import Work

SMALL: dict[str, Any] = {
    "channels": (4, 4),
    "train": 32,
    "test": 32,
    "batch": 8,
    "validation": 8,
    "steps": 4,
    "seeds": 3,
}
K, SEEDS = 4, 12


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> xr.Dataset:
    return prepare({}, tmp_path_factory.mktemp("digits"))


def planted(step: float, harm: float) -> dict[str, xr.DataTree]:
    """Shards in which ratios rise by `step`, and flips cost `harm`, from each position to the one before."""
    generator = np.random.default_rng(5)
    found = {}
    for shard in plan.shards(Flips(seeds=SEEDS), 0):
        for name, each in shard.settings["experiments"].items():
            arms = [arm["name"] for arm in each["arms"]]
            places = np.arange(K)
            accuracy, ended = np.empty((len(arms), SEEDS)), np.empty((len(arms), SEEDS, K))
            for row, arm in enumerate(arms):
                fixed = each["arms"][row]["position"]
                level = 0.9 - harm * max(0, K - 1 - fixed) if fixed >= 0 else 0.88
                accuracy[row] = 0.1 if arm == "permutation-last" else level
                sign = -1 if arm.endswith("opposite") else 1
                moves = step if name != "virtual" and not arm.startswith("identity") else 0.0
                ended[row] = 0.25 + sign * moves * (places - 1.5)
            accuracy += 0.002 * generator.normal(size=accuracy.shape)
            ended += 0.01 * generator.normal(size=ended.shape)
            attrs = {"least": 0.1, "positions": K}
            coords = {"arm": arms, "seed": range(SEEDS)}
            ratios = np.repeat(ended[:, :, None], 2, axis=2)
            found[shard.name] = xr.DataTree.from_dict(
                {
                    f"/{name}/outcomes": xr.Dataset({"accuracy": (("arm", "seed"), accuracy)}, coords, attrs),
                    f"/{name}/ratios": xr.Dataset(
                        {
                            "ratios": (("arm", "seed", "step", "position"), ratios),
                            "ratios_end": (("arm", "seed", "position"), ended),
                        },
                        {**coords, "step": [0, 10]},
                        attrs,
                    ),
                }
            )
    return found


def test_planted_ratios_that_follow_are_supported_and_controls_refuted() -> None:
    tree = xr.DataTree.from_dict(fit.fit(planted(0.1, 0.02), {}))
    assert_judged_tests_have_controls(claims.CLAIMS, tree)
    assert_only_controls_are_refuted("adalase", "2408.13426", claims.CLAIMS, tree)
    rank = tree["/claims/ratio-vflip/rank/measured"]["estimate"].values
    assert rank == pytest.approx([1.0])
    for drawing in figures.draw(tree).values():
        assert f"{SEEDS} seeds" in drawing.caption


@pytest.mark.parametrize(("step", "harm", "test"), [(-0.1, 0.02, "ratios"), (0.1, -0.02, "accuracy")])
def test_what_is_planted_the_other_way_round_is_refuted(step: float, harm: float, test: str) -> None:
    from widthscope.statistics.claims import judge

    tree = xr.DataTree.from_dict(fit.fit(planted(step, harm), {}))
    for verdict in judge("adalase", "2408.13426", claims.CLAIMS, tree):
        assert {each.name: each.verdict for each in verdict.tests}[test] == "refuted"


def test_a_small_run_ends_in_evidence_that_does_not_depend_on_how_it_is_shared_out(
    digits: xr.Dataset,
) -> None:
    (shard,) = plan.shards(Flips(**SMALL), 3)
    whole = map_policies.run(shard.settings, {"digits": digits}, Work())
    parts: dict[str, xr.DataTree] = {}
    for name, each in shard.settings["experiments"].items():
        for arm in each["arms"]:
            for seeds in ([0, 1], [2]):
                own = {**shard.settings, "seeds": seeds, "experiments": {name: {**each, "arms": [arm]}}}
                if name == "vertical" and arm["name"].endswith(("p1", "opposite")):
                    key = f"flips-{name}-{arm['name']}-from{seeds[0]}"
                    parts[key] = map_policies.run(own, {"digits": digits}, Work())
    from widthscope.studies.adalase.stored import policies

    together, apart = policies({"flips": whole}, "flips"), policies(parts, "flips")
    whole_of, part_of = together["vertical"], apart["vertical"]
    for arm in part_of.outcomes["arm"].values:
        assert np.array_equal(whole_of.accuracy(arm), part_of.accuracy(arm))
    assert list(part_of.ratios["arm"].values) == ["vertical_flip-opposite"]
    assert np.array_equal(whole_of.ended("vertical_flip-opposite"), part_of.ended("vertical_flip-opposite"))
    assert set(fit.fit({"flips": whole}, {})) >= {"/curves/flips-paths/vertical"}


def test_ranks_agree_with_scipy_and_ties_share_theirs() -> None:
    from scipy import stats

    joined = np.random.default_rng(1).normal(size=(5, 2, 6))
    joined[:, 0, 1] = joined[:, 0, 0]
    wanted = stats.spearmanr(*joined.mean(axis=0)).statistic
    assert map_fit.rank_correlation(joined) == pytest.approx(wanted, abs=1e-12)
    assert np.isnan(map_fit.rank_correlation(np.ones((3, 2, 4))))


def test_sizes_count_what_convolutions_do() -> None:
    size = map_costs.size_of({"kind": "cnn", "channels": (16, 32, 32), "inputs": 1}, 8)
    assert size.products == 9 * (64 * 16 + 16 * 16 * 32 + 4 * 32 * 32)
    assert (size.units, size.largest, size.weights) == (1664, 1024, 9 * (16 + 512 + 1024))
    resnet = map_costs.size_of({"kind": "resnet", "blocks": (2, 2, 2, 2), "width": 64, "channels": 3}, 32)
    assert resnet.products == 555_417_600  # 0.56 GMAC of the usual ResNet-18 for 32 x 32, less its head
    assert resnet.weights == 11_159_232


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"batch": 101}, "batch 101 needs as many images"),
        ({"validation": 101}, "validation 101 needs as many images"),
        ({"test": 1700}, "the digits have 1797"),
        ({"channels": (4,) * 5}, "no whole number"),
        ({"network": "resnet-18"}, "needs images with sides of 32"),
    ],
)
def test_what_cannot_work_is_refused(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Flips(**changed)


def test_a_long_run_is_shared_out_by_policy_and_seed() -> None:
    long = Flips(
        dataset="cifar10", network="resnet-18", train=50000, test=10000, batch=128, validation=128, steps=500
    )
    shards = plan.shards(long, 0)
    names = [shard.name for shard in shards]
    assert len(set(names)) == len(names)
    assert all(len(shard.settings["seeds"]) == 1 for shard in shards)
    assert sum(shard.name.startswith("flips-virtual") for shard in shards) == long.seeds


def test_every_ratio_moves_at_the_rate_of_its_null() -> None:
    (shard,) = plan.shards(Flips(**SMALL), 0)
    arms = [arm for each in shard.settings["experiments"].values() for arm in each["arms"]]
    assert {abs(arm["rate"]) for arm in arms if arm["rate"]} == {Flips().ratio_rate}
