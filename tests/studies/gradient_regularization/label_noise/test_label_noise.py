"""From images to the verdicts and the figure on label noise."""

import numpy as np
import pytest
import xarray as xr
from pydantic import ValidationError
from sklearn.datasets import load_digits
from tests.studies.controls import assert_judged_tests_have_controls, assert_only_controls_are_refuted

from widthscope.content import flatten
from widthscope.statistics.claims import judge
from widthscope.studies.base import SHARD_SECONDS
from widthscope.studies.gradient_regularization.arms import grid
from widthscope.studies.gradient_regularization.label_noise import experiment, figures, fit, plan
from widthscope.studies.gradient_regularization.label_noise.claims import CLAIMS
from widthscope.studies.gradient_regularization.label_noise.settings import LabelNoise, Relu, Tanh
from widthscope.work import Work

SMALL = {"width": 4, "seeds": 3}
SETTINGS = LabelNoise(
    train=100, test=200, batch=20, steps=8, ascents=(0.1, 0.2, 0.5),
    relu=Relu(**SMALL, curve_seeds=3), tanh=Tanh(**SMALL, curve_seeds=3),
)  # fmt: skip
SPLIT = LabelNoise(
    dataset="cifar10", train=50000, test=10000, batch=128, steps=78000, random_labels=0.0,
    relu=Relu(kind="resnet-18", seeds=5, curve_seeds=3), tanh=Tanh(width=512, seeds=5, curve_seeds=3),
)  # fmt: skip


@pytest.fixture(scope="module")
def data():
    bunch = load_digits()
    images = {"image": (("sample", "row", "col"), bunch.images), "label": ("sample", bunch.target)}
    return {"digits": xr.Dataset(images)}


@pytest.fixture(scope="module")
def stored(data):
    return {shard.name: experiment.run(shard.settings, data, Work()) for shard in plan.shards(SETTINGS, 3)}


@pytest.fixture(scope="module")
def tree(stored):
    return xr.DataTree.from_dict(fit.fit(stored, {}))


def made(entropies, seeds=24, deviation=0.01):
    """A shard with these cross-entropies by activation and arm, 0 where none is given, and seeds around."""
    nodes = {}
    for activation in fit.ACTIVATIONS:
        arms, own = grid(0.3, (0.05, 0.5)), entropies.get(activation, {})
        noise = np.random.default_rng(0).normal(0, deviation, (len(arms), seeds))
        lost = 1 + np.array([[own.get(arm.name, 0.0)] for arm in arms]) + noise
        nodes[f"/{activation}/judged"] = xr.Dataset(
            {
                "test_cross_entropy": (("arm", "seed"), lost),
                "test_accuracy": (("arm", "seed"), 0.7 + noise),
                "diverged_at": (("arm", "seed"), np.full(noise.shape, -1)),
            },
            coords={
                "arm": [arm.name for arm in arms],
                "seed": range(seeds),
                "method": ("arm", [arm.method for arm in arms]),
                "ascent": ("arm", [arm.ascent for arm in arms]),
            },
            attrs={"train": 300, "random_labels": 0.3, "strength": 0.3},
        )
    return {"label-noise": xr.DataTree.from_dict(nodes)}


BEFOREHAND = {
    "relu": {"double": -0.05, "forward-0.05": -0.06, "forward-0.5": -0.13, "backward-0.5": 0.03},
    "tanh": dict.fromkeys(("double", "forward-0.05", "backward-0.05"), -0.05)
    | {"forward-0.5": -0.064, "backward-0.5": -0.01},
}
"""About what was measured beforehand, less SGD's."""


def judged(entropies, **sizes):
    found = xr.DataTree.from_dict(fit.fit(made(entropies, **sizes), {}))
    return {verdict.id.split("/")[1]: verdict for verdict in judge("s", "1", CLAIMS, found)}


def test_every_claim_would_be_supported_by_about_what_was_measured_beforehand():
    shards = made(BEFOREHAND, deviation=0.002)
    assert_only_controls_are_refuted("s", "1", CLAIMS, xr.DataTree.from_dict(fit.fit(shards, {})))
    for verdict in judged(BEFOREHAND, deviation=0.002).values():
        assert verdict.verdict == "supported", (verdict.id, verdict.reason)
        assert verdict.n == 24


def test_every_claim_is_refuted_where_the_opposite_holds():
    """Controls as they should be: with tanh short ascents are alike, and backward ones are worst."""
    relu = {"double": 0.02, "forward-0.5": 0.2, "backward-0.5": 0.12, "forward-0.05": -0.1}
    tanh = {"forward-0.5": 0.1}
    found = judged({"relu": relu, "tanh": tanh}, deviation=0.002)
    assert {verdict.verdict for verdict in found.values()} == {"refuted"}
    apart = judged({"relu": relu, "tanh": {"forward-0.05": 0.1}}, deviation=0.002)["nn-tanh"]
    assert apart.tests[0].verdict == "refuted"


def test_where_the_short_ascents_differ_as_the_long_ones_do_nothing_is_said():
    tanh = BEFOREHAND["tanh"] | {"backward-0.05": 0.05}
    found = judged(BEFOREHAND | {"tanh": tanh}, deviation=0.002)["nn-f-beats-b"]
    assert found.verdict == "undecided"
    assert "confounded" in found.reason


def test_where_the_backward_difference_is_better_than_the_exact_penalty_tanh_says_nothing_of_long_ascents():
    tanh = {"forward-0.5": -0.3, "backward-0.5": -0.1}
    found = judged(BEFOREHAND | {"tanh": tanh}, deviation=0.002)["nn-tanh"]
    assert found.verdict == "undecided"
    assert "confounded" in found.reason


def test_diverged_seeds_are_counted_with_both_activations():
    shards = made(BEFOREHAND)
    for activation, claim in (("relu", "nn-gr-beats-sgd"), ("tanh", "nn-tanh")):
        table = shards["label-noise"][f"{activation}/judged"].to_dataset()
        table["diverged_at"][{"arm": 1, "seed": slice(0, 3)}] = 7  # double backpropagation
        shards["label-noise"][f"{activation}/judged"] = xr.DataTree(table)
        found = fit.fit(shards, {})[f"/claims/{claim}/diverged/measured"].set_index(component="component")
        assert found["successes"].sel(component="double") == 3
        assert found["successes"].sum() == 3


def test_a_diverged_network_leaves_its_comparison_unmeasured():
    shards = made(BEFOREHAND, deviation=0.002)
    table = shards["label-noise"]["relu/judged"].to_dataset()
    table["test_cross_entropy"][{"arm": 1, "seed": 3}] = np.nan  # double backpropagation
    shards["label-noise"]["relu/judged"] = xr.DataTree(table)
    found = xr.DataTree.from_dict(fit.fit(shards, {}))
    verdicts = {verdict.id: verdict.verdict for verdict in judge("s", "1", CLAIMS, found)}
    assert verdicts["s/nn-f-beats-db"] == verdicts["s/nn-gr-beats-sgd"] == "undecided"
    assert verdicts["s/nn-f-beats-b"] == "supported"


def test_differences_are_paired_by_hand(stored, tree):
    table = stored["label-noise"]["relu/judged"].to_dataset().set_index(arm="arm")
    entropy, accuracy = table["test_cross_entropy"], table["test_accuracy"]
    saved = (entropy.sel(arm="backward-0.5") - entropy.sel(arm="forward-0.5")).values
    found = tree["/claims/nn-f-beats-b/loss/measured"].to_dataset().isel(component=0)
    assert float(found["estimate"]) == pytest.approx(np.mean(saved))
    assert float(found["standard_error"]) == pytest.approx(np.std(saved, ddof=1) / 3**0.5)
    gained = 100 * (accuracy.sel(arm="forward-0.5") - accuracy.sel(arm="double")).values
    points = tree["/claims/nn-f-beats-db/accuracy/measured"].to_dataset().isel(component=0)
    assert float(points["estimate"]) == pytest.approx(np.mean(gained))


def test_activations_of_one_shape_share_images_and_labels(data):
    """Arms of strength 0 and networks without hidden layers differ in nothing."""
    (shard,) = plan.shards(SETTINGS, 3)
    groups = [{**group, "network": {**group["network"], "layers": 1}} for group in shard.settings["groups"]]
    found = experiment.run({**shard.settings, "groups": groups}, data, Work())
    relu, tanh = (found[f"{name}/judged"].to_dataset()["test_accuracy"] for name in fit.ACTIVATIONS)
    assert np.array_equal(relu.sel(arm="plain"), tanh.sel(arm="plain"))


def test_seeds_and_arms_that_are_trained_apart_are_the_same_to_the_last_bit(stored, data):
    (shard,) = plan.shards(SETTINGS, 3)
    parts = {}
    for number, group in enumerate(shard.settings["groups"]):
        for arm in group["arms"]:
            for seeds in ([0], [1, 2]):
                own = {**shard.settings, "groups": [{**group, "arms": [arm], "seeds": seeds}]}
                parts[f"label-noise-{number}-{len(parts)}"] = experiment.run(own, data, Work())
    apart, together = fit.arms_of(parts, "tanh"), fit.arms_of(stored, "tanh")
    assert apart.by_key.keys() == together.by_key.keys()
    for key, table in together.by_key.items():
        assert np.array_equal(apart.by_key[key]["seed"], table["seed"])
        for name in table:
            assert np.array_equal(apart.by_key[key][name], table[name]), (key, name)


def test_every_judged_test_has_a_control_and_what_is_stored_can_be_compared(tree, stored):
    assert_judged_tests_have_controls(CLAIMS, tree)
    flatten(tree)
    for shard in stored.values():
        flatten(shard)


def test_the_figure_is_drawn_with_numbers_of_the_store(tree):
    drawings = figures.draw(tree)
    assert {claim.figure for claim in CLAIMS} == set(drawings)
    drawing = drawings["label-noise-ascents"]
    saved = tree["/curves/label-noise/relu-forward"].to_dataset().isel(ascent=-1)
    assert f"{float(saved['cross_entropy']):+.3f} nats" in drawing.caption
    assert "100 training images, 30 % of the labels" in drawing.caption
    assert "nan" not in drawing.caption + drawing.alt


def test_short_trainings_share_a_job_and_long_ones_are_split_by_activation_arm_and_seed():
    assert [shard.name for shard in plan.shards(SETTINGS, 0)] == ["label-noise"]
    laptop = plan.shards(LabelNoise(), 0)
    assert [shard.name for shard in laptop] == ["label-noise-relu", "label-noise-tanh"]
    assert all(shard.cost.seconds < 60 for shard in laptop)
    large = {shard.name: shard for shard in plan.shards(SPLIT, 0)}
    assert "label-noise-relu-forward-0_5-s4" in large
    assert large["label-noise-relu-plain-s0"].cost.seconds > SHARD_SECONDS
    cost = {name: large[f"label-noise-relu-{name}-s0"].cost.seconds for name in ("plain", "double")}
    assert cost["double"] == pytest.approx(3 * cost["plain"], rel=0.05)
    trained = [
        (group["activation"], arm["method"], arm["ascent"], seed)
        for shard in large.values()
        for group in shard.settings["groups"]
        for arm in group["arms"]
        for seed in group["seeds"]
    ]
    assert len(set(trained)) == len(trained) == 4 * 5 + 4 * 3 + 6 * 5 + 2 * 3


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"train": 400}, r"400 images to train on and 1400 to test on are 1800; the digits have 1797"),
        ({"batch": 301}, r"a batch of 301 needs as many images, not 300"),
        ({"relu": {"kind": "resnet-18"}}, r"a resnet-18 needs images of cifar10 or cifar100, not the digits"),
        ({"relu": {"kind": "wide-resnet", "layers": 27}}, r"layers 27 must be 10, 16, 22, 28"),
        ({"relu": {"kind": "wide-resnet", "layers": 28, "width": 20}}, r"width 20 must be a multiple of 16"),
        ({"tanh": {"seeds": 4}}, r"curve_seeds 12 must be at most seeds, 4"),
        ({"dataset": "cifar10", "test": 20000}, r"cifar10 has 50000 images to train on and 10000 to test on"),
        ({"ascents": [0.5]}, r"at least 2"),
        ({"ascents": [1e-12, 0.5]}, r"greater than or equal to 0.001"),
        ({"ascents": [0.1, 0.1000001]}, r"ascents 0.1 and 0.1000001 must differ in their first six digits"),
        (
            {"dataset": "cifar10", "train": 49000, "batch": 49000, "relu": {"kind": "resnet-18"}},
            r"takes about 1458 GB",
        ),
        ({"tanh": {"layers": 1}}, r"greater than or equal to 2"),
        ({"strength": 0.0}, r"greater than 0"),
    ],
)
def test_settings_that_cannot_work_are_refused(given, message):
    with pytest.raises(ValidationError, match=message):
        LabelNoise.model_validate(given)
