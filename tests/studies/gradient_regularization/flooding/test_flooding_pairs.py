"""Pairs of flooding steps: by hand, the verdict and its controls, shards, and settings that are refused."""

from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr
from pydantic import ValidationError
from tests.studies.controls import assert_judged_tests_have_controls, assert_only_controls_are_refuted

from widthscope.content import flatten
from widthscope.datasets import digits
from widthscope.ensembles.optimisers import SGD
from widthscope.ensembles.parameters import Parameters
from widthscope.gradient_regularisation.flooding import FloodingStep
from widthscope.statistics.claims import judge
from widthscope.studies.base import SHARD_SECONDS
from widthscope.studies.gradient_regularization.flooding import experiment, figures, fit, plan
from widthscope.studies.gradient_regularization.flooding.claims import CLAIMS
from widthscope.studies.gradient_regularization.flooding.pairs import compared
from widthscope.studies.gradient_regularization.flooding.settings import Flooding
from widthscope.work import Work

SETTINGS = Flooding(train=30, layers=2, width=8, level=2.0, rates=(0.2, 0.5), steps=60, pairs=10, seeds=3)

Images = dict[str, xr.Dataset]


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Images:
    return {"digits": digits.prepare({}, tmp_path_factory.mktemp("digits"))}


@pytest.fixture(scope="module")
def stored(images: Images) -> dict[str, xr.DataTree]:
    (shard,) = plan.shards(SETTINGS, seed=103)
    return {shard.name: experiment.run(shard.settings, images, Work())}


@pytest.fixture(scope="module")
def tree(stored: dict[str, xr.DataTree]) -> xr.DataTree:
    return xr.DataTree.from_dict(fit.fit(stored, {}))


def quartic(parameters: Parameters, batch: object) -> torch.Tensor:
    """L = w^4 / 4 of each member, whose gradient is w^3."""
    return parameters["w"].square().square().sum(dim=1) / 4


def test_a_pair_by_hand() -> None:
    """L = w^4/4 from w = 1 with b = 1/5: eta = 0.2 goes to 0.8 and back up by 0.2 * 0.8^3."""
    rate = torch.tensor([0.2, 0.2], dtype=torch.float64)
    start = {"w": torch.tensor([[1.0], [0.8]], dtype=torch.float64)}
    found = compared(FloodingStep(quartic, 0.2, SGD(rate)), rate, start, {})
    # From 1 down to 0.8, then up; from 0.8 up to 0.8 + 0.2 * 0.8^3 = 0.9024, where L = 0.166: no pair.
    assert np.isfinite(found["right"].numpy()).tolist() == [[True, False], [False, False]]
    assert float(found["right"][0, 0]) < 1
    g, between = 1.0, 0.8
    up = between + 0.2 * between**3
    rounding = 2.0**-53 * (between + up + 8 * 0.2 * (g + between**3))
    forward = -0.2 * ((1 + 0.2 * g) ** 3 - g)
    assert float(found["swapped"][0, 0]) == pytest.approx(abs(up - 1 - forward) / rounding, rel=1e-9)
    twice = between - 0.2 * between**3
    assert float(found["same_sign"][0, 0]) == pytest.approx(abs(twice - up) / rounding, rel=1e-9)


def test_the_pair_that_ascends_first_by_hand() -> None:
    rate = torch.tensor([0.5, 0.5], dtype=torch.float64)
    start = {"w": torch.tensor([[0.8], [0.8]], dtype=torch.float64)}
    found = compared(FloodingStep(quartic, 0.2, SGD(rate)), rate, start, {})
    assert np.isfinite(found["right"].numpy()).tolist() == [[False, True]] * 2
    assert bool((found["right"][:, 1] < 1).all())
    assert bool((found["swapped"][:, 1] > 1e6).all())


def test_the_claim_is_supported_and_its_control_refuted(tree: xr.DataTree) -> None:
    assert_only_controls_are_refuted("gradient_regularization", "2210.02720", CLAIMS, tree)
    assert_judged_tests_have_controls(CLAIMS, tree)
    (verdict,) = judge("gradient_regularization", "2210.02720", CLAIMS, tree)
    assert verdict.verdict == "supported"
    control = tree["/claims/flood-two-step/deviation/control"]["estimate"].values
    assert (control > 100).all()  # every component, not just one


def test_a_pair_off_by_a_few_roundings_refutes(stored: dict[str, xr.DataTree]) -> None:
    pairs = stored["flooding"]["pairs"].to_dataset().copy(deep=True)
    pairs["right"] = pairs["right"] * 10
    found = fit.fit({"flooding": xr.DataTree.from_dict({"pairs": pairs})}, {})
    (verdict,) = judge("gradient_regularization", "2210.02720", CLAIMS, xr.DataTree.from_dict(found))
    assert verdict.verdict == "refuted"


def test_a_seed_that_never_alternated_leaves_the_claim_undecided(stored: dict[str, xr.DataTree]) -> None:
    pairs = stored["flooding"]["pairs"].to_dataset().copy(deep=True)
    pairs["right"][0] = np.nan
    found = fit.fit({"flooding": xr.DataTree.from_dict({"pairs": pairs})}, {})
    (verdict,) = judge("gradient_regularization", "2210.02720", CLAIMS, xr.DataTree.from_dict(found))
    assert verdict.verdict == "undecided"


def test_shares_and_means_count_from_when_the_level_was_reached() -> None:
    losses = [[3.0, 2.0, 0.9, 1.1, 0.9, 0.8], [3.0, 3.0, 3.0, 3.0, 3.0, 3.0]]
    pairs = xr.Dataset({"loss": (("member", "update"), losses)}, attrs={"level": 1.0})
    share, mean = fit.share_alternating(pairs), fit.mean_loss(pairs)
    assert share[0] == pytest.approx(2 / 3)
    assert mean[0] == pytest.approx((0.9 + 1.1 + 0.9 + 0.8) / 4)
    assert np.isnan(share[1])
    assert np.isnan(mean[1])


def test_members_of_one_seed_share_images_and_weights(stored: dict[str, xr.DataTree]) -> None:
    first = stored["flooding"]["pairs"]["loss"].isel(update=0).values.reshape(3, 2)
    assert (first[:, 0] == first[:, 1]).all()
    assert len(np.unique(first[:, 0])) == 3


def test_seeds_in_jobs_of_their_own_find_the_same(images: Images, stored: dict[str, xr.DataTree]) -> None:
    (shard,) = plan.shards(SETTINGS, seed=103)
    parts = {
        f"flooding-from{seed}": experiment.run({**shard.settings, "seeds": [seed]}, images, Work())
        for seed in range(3)
    }
    whole, joined = fit.fit(stored, {}), fit.fit(parts, {})
    for path, table in whole.items():
        xr.testing.assert_identical(table, joined[path])


def test_long_runs_are_split_by_seeds() -> None:
    many = Flooding(dataset="cifar10", train=200, layers=5, width=512, steps=2000, pairs=60)
    shards = plan.shards(many, seed=0)
    assert sorted(seed for shard in shards for seed in shard.settings["seeds"]) == list(range(many.seeds))
    assert all(shard.cost.seconds <= SHARD_SECONDS for shard in shards)
    assert all(fit.is_own(shard.name) for shard in shards)


def test_pairs_start_in_the_last_third_at_different_steps() -> None:
    for steps, pairs in ((600, 40), (15, 5), (100, 33), (60, 10)):
        found = np.array(experiment.starts(steps, pairs))
        apart = set(np.diff(found))
        assert len(found) == pairs
        assert len(apart) == 1
        assert apart.pop() % 2 == 1  # else steps that alternate are seen in one order only
        assert found[0] > 2 * steps / 3
        assert found[-1] == steps


def test_names_in_the_store_have_no_blanks_and_the_figure_is_drawn(
    stored: dict[str, xr.DataTree], tree: xr.DataTree
) -> None:
    assert all(" " not in name for name in flatten(stored["flooding"]).variables)
    assert flatten(tree).variables
    (drawing,) = figures.draw(tree).values()
    assert "level 2" in drawing.caption
    assert "on 30 images" in drawing.caption


def test_an_unfinished_run_goes_on_to_the_same_bits(
    images: Images, stored: dict[str, xr.DataTree], tmp_path: Path
) -> None:
    """As after a kill in the middle of the pairs: the second run has the first's state."""

    class KilledError(Exception):
        pass

    def until(steps: int):
        def progress(values, **_):
            for place, value in enumerate(values):
                if place == steps:
                    raise KilledError
                yield value

        return progress

    (shard,) = plan.shards(SETTINGS, seed=103)
    folder = tmp_path / "unfinished"
    with pytest.raises(KilledError):
        experiment.run(shard.settings, images, Work(progress=until(50), unfinished=folder))
    again = experiment.run(shard.settings, images, Work(unfinished=folder))
    xr.testing.assert_identical(again["pairs"].to_dataset(), stored["flooding"]["pairs"].to_dataset())


def test_settings_that_cannot_work_are_refused() -> None:
    with pytest.raises(ValidationError, match="must be fewer than those of digits, 1797"):
        Flooding(train=1797)
    with pytest.raises(
        ValidationError, match="41 pairs start at different steps of the last third, of 120 steps: at most 40"
    ):
        Flooding(steps=120, pairs=41)
    with pytest.raises(ValidationError, match="at least 2"):
        Flooding(rates=(0.1,))
    with pytest.raises(ValidationError, match=r"less than or equal to 2\.3"):
        Flooding(level=3.0)
    with pytest.raises(ValidationError, match=r"one network of 64 layers and width 4096 takes about \d+ GB"):
        Flooding(dataset="cifar10", train=49_000, layers=64, width=4096)
    with pytest.raises(ValidationError, match="greater than or equal to 2"):
        Flooding(layers=1)
