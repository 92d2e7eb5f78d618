"""From trainings with true labels to verdicts and figures."""

import re

import numpy as np
import pytest
import torch
import xarray as xr
from pydantic import ValidationError
from tests.studies.controls import assert_judged_tests_have_controls

from widthscope.datasets import digits
from widthscope.statistics.claims import judge
from widthscope.studies.gradient_regularization import training_cost
from widthscope.studies.gradient_regularization.stability import experiment, figures, fit, plan
from widthscope.studies.gradient_regularization.stability.claims import CLAIMS
from widthscope.studies.gradient_regularization.stability.settings import Clean, Setup, Stability
from widthscope.work import Work

SETTINGS = Stability(
    width=5,
    batch=10,
    steps=6,
    strong=Setup(train=30, ascents=(0.1, 0.5), seeds=3),
    clean=Clean(train=20, ascents=(0.5,), seeds=3),
)


@pytest.fixture(scope="module")
def datasets(tmp_path_factory):
    return {"digits": digits.prepare({}, tmp_path_factory.mktemp("digits"))}


@pytest.fixture(scope="module")
def stored(datasets):
    (shard,) = plan.shards(SETTINGS, seed=7)
    return {shard.name: experiment.run(shard.settings, datasets, Work())}


@pytest.fixture(scope="module")
def tree(stored):
    return xr.DataTree.from_dict(fit.fit(stored, {}))


def invented(accuracies, seeds=20):
    """Both setups with these accuracies by arm, one for all seeds or a list of them."""
    arms = ["plain", "double", "forward-0.1", "forward-1", "backward-0.1", "backward-1"]
    values = np.stack([np.broadcast_to(accuracies.get(arm, 0.9), seeds) for arm in arms])
    table = xr.Dataset(
        {
            "test_accuracy": (("arm", "seed"), values),
            "test_cross_entropy": (("arm", "seed"), 1 - values),
        },
        coords={
            "arm": arms,
            "seed": range(seeds),
            "method": ("arm", [arm.partition("-")[0] for arm in arms]),
            "ascent": ("arm", [float(arm.partition("-")[2] or 0) for arm in arms]),
        },
        attrs={"failed_below": 0.5, "dataset": "digits", "train": 300, "strength": 1.0, "steps": 600},
    )
    return {"stability": xr.DataTree.from_dict({"/strong": table, "/clean": table})}


def verdict(accuracies, seeds=20):
    found = xr.DataTree.from_dict(fit.fit(invented(accuracies, seeds), {}))
    return {v.id: v for v in judge("s", "1", CLAIMS, found)}["s/nn-stability"]


def test_supported_where_the_long_forward_step_alone_trains_and_refuted_where_it_fails_too():
    fails = {"double": np.nan, "backward-1": 0.1}
    assert verdict(fails).verdict == "supported"
    assert verdict({**fails, "forward-1": 0.3}).verdict == "refuted"
    assert verdict({**fails, "double": 0.9}).verdict == "refuted"


def test_the_claim_is_confounded_where_training_fails_without_the_penalty_too():
    found = verdict({"double": np.nan, "backward-1": 0.1, "plain": 0.2})
    assert found.verdict == "undecided"
    assert "confounded" in found.reason


def test_few_seeds_or_half_of_them_decide_nothing():
    fails = {"double": np.nan, "backward-1": 0.1}
    assert verdict(fails, seeds=5).verdict == "undecided"
    half = np.where(np.arange(20) < 11, np.nan, 0.9)
    assert verdict({"double": half, "backward-1": 0.1}).verdict == "undecided"


def test_seeds_are_counted_one_by_one():
    """A seed counts only where the one training stands and the other, of the same seed, fails."""
    forward = np.where(np.arange(8) < 2, 0.4, 0.9)
    double = np.where(np.arange(8) % 2 == 0, np.nan, 0.9)
    found = fit.fit(invented({"forward-1": forward, "double": double}, seeds=8), {})
    counted = found["/claims/nn-stability/main/measured"]
    assert counted["successes"].values.tolist() == [3, 0]
    assert counted["component"].values.tolist() == ["double backpropagation fails", "B-GR at ascent 1 fails"]


def test_a_diverged_seed_is_not_left_out_of_the_mean_accuracy():
    found = fit.fit(invented({"double": np.where(np.arange(20) == 3, np.nan, 0.9)}), {})
    table = found["/claims/nn-clean/main/measured"].set_index(component="component")
    assert np.isnan(table["estimate"].sel(component="double backpropagation"))
    assert table["estimate"].sel(component="F-GR at ascent 1") == 0
    assert figures.clean(found["/curves/stability-clean"]).caption.count("not measured") == 1


def test_evidence_is_complete_and_figures_quote_the_numbers(tree):
    assert_judged_tests_have_controls(CLAIMS, tree)
    drawings = figures.draw(tree)
    assert set(drawings) == {"stability-failures", "stability-clean"}
    curve = tree["/curves/stability-failures"].to_dataset()
    for share in curve["share"].values:
        assert f" {share:.2f}" in drawings["stability-failures"].caption
    for node in tree.subtree:
        for name in map(str, [*node.data_vars, *node.path.split("/")]):
            assert re.fullmatch(r"[\w-]*", name), name


def test_arms_and_seeds_in_shards_of_their_own_give_what_one_shard_gives(datasets, stored, monkeypatch):
    monkeypatch.setattr(plan, "TOGETHER_SECONDS", 0.0)
    monkeypatch.setattr(training_cost, "SHARD_SECONDS", 0.004)
    shards = plan.shards(SETTINGS, seed=7)
    assert len(shards) > 10
    assert all(re.fullmatch(r"stability-[a-z0-9_-]+", shard.name) for shard in shards)
    chosen = [shard for shard in shards if "clean" in shard.name]
    parts = {shard.name: experiment.run(shard.settings, datasets, Work()) for shard in chosen}
    whole, apart = (fit.table_of(each, "clean") for each in (stored, parts))
    for name in ("test_accuracy", "test_cross_entropy", "diverged_at"):
        assert torch.equal(torch.tensor(whole[name].values), torch.tensor(apart[name].values)), name


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"clean": {"train": 20}}, "clean: 20 images to train on must be at least a batch, 32"),
        ({"strong": {"train": 1797}}, "at most 1796 of digits"),
        ({"kind": "resnet-18"}, "a resnet-18 needs images of cifar10 or cifar100"),
        ({"kind": "wide-resnet", "dataset": "cifar10"}, r"10, 16, 22, 28, \.\.\. layers"),
        ({"strong": {"ascents": [0.0]}}, "greater than or equal to 0.001"),
        ({"clean": {"ascents": [1.0, 1.0000001]}}, "ascents 1.0 and 1.0000001 must differ in their"),
        ({"failed_below": 0.05}, "failed_below 0.05 must be at least 0.2 with digits, twice the accuracy"),
        ({"dataset": "cifar10", "kind": "resnet-18", "width": 4096}, r"4096 takes about \d+ GB to train"),
        ({"layers": 1}, "greater than or equal to 2"),
    ],
)
def test_settings_that_cannot_work_are_refused(given, said):
    with pytest.raises(ValidationError, match=said):
        Stability.model_validate(given)
