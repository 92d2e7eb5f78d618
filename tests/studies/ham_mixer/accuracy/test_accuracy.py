"""From images to the verdicts and figures on accuracy."""

import numpy as np
import pytest
import xarray as xr
from sklearn.datasets import load_digits
from tests.checkout import ROOT
from tests.studies.controls import assert_judged_tests_have_controls

from widthscope.config import load
from widthscope.datasets import templates
from widthscope.errors import ConfigError
from widthscope.mixers.designs import ARMS, Shape
from widthscope.statistics.claims import judge
from widthscope.studies.base import SHARD_SECONDS
from widthscope.studies.ham_mixer.accuracy import experiment, figures, fit, plan
from widthscope.studies.ham_mixer.accuracy.claims import CLAIMS
from widthscope.studies.ham_mixer.accuracy.settings import Accuracy, Templates, Training
from widthscope.studies.ham_mixer.breaking.plan import shards as breaking_shards
from widthscope.studies.ham_mixer.breaking.settings import Breaking
from widthscope.studies.ham_mixer.training_cost import train_memory_mb, train_seconds
from widthscope.studies.ham_mixer.training_plans import images_mb
from widthscope.work import Work
from widthscope.workflow.planning import Plan

SMALL = {"blocks": 1, "channels": 16, "token_hidden": 16, "channel_hidden": 32, "batch": 50, "seeds": 4}
SETTINGS = Accuracy(
    main=Training(**SMALL, train=300, test=300, epochs=15),
    permutations=5,
    templates=Templates(**SMALL, train=200, test=200, epochs=6),
)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    bunch = load_digits()
    digits = xr.Dataset(
        {"image": (("sample", "row", "col"), bunch.images), "label": ("sample", bunch.target)}
    )
    return {"digits": digits, "templates": templates.prepare({"seed": 0}, tmp_path_factory.mktemp("none"))}


@pytest.fixture(scope="module")
def stored(data):
    return {shard.name: experiment.run(shard.settings, data, Work()) for shard in plan.shards(SETTINGS, 7)}


@pytest.fixture(scope="module")
def tree(stored):
    return xr.DataTree.from_dict(fit.fit(stored, {}))


def table(tree, claim, test, part="measured"):
    return tree[f"/claims/{claim}/{test}/{part}"].to_dataset()


def made(accuracies, alignments):
    """A shard with accuracies (seed,) by arm in place of what was trained, and alignments of all pairs."""

    def of(arm):
        values = np.asarray(accuracies[arm], dtype=float)
        seeds, start = np.arange(len(values)), np.zeros((len(values), 1, 1, 1))
        rho = np.broadcast_to(np.reshape(alignments, (-1, 1, 1, 1)), (len(values), 1, 1, 2))
        return xr.Dataset(
            {
                "accuracy": (("seed", "part"), np.stack([values, values], 1)),
                "loss": (("seed", "update"), np.ones((len(values), 4))),
                "alignment": (
                    ("seed", "epoch", "block", "pair"),
                    np.concatenate([np.broadcast_to(start, rho.shape), rho], 1),
                ),
                "permuted": (
                    ("seed", "block", "pair", "permutation"),
                    np.random.default_rng(0).normal(0, 0.01, (len(values), 1, 2, 6)),
                ),
            },
            coords={
                "seed": seeds,
                "part": ["train", "test"],
                "epoch": [0, 1],
                "pair": ["token", "channel"],
            },
        )

    nodes = {f"/main/{arm}": of(arm) for arm in fit.ARMS}
    nodes |= {f"/templates/{arm}": of(arm) for arm in ("para", "sym", "neg")}
    return {"accuracy": xr.DataTree.from_dict(nodes)}


def verdicts(shards):
    found = xr.DataTree.from_dict(fit.fit(shards, {}))
    return {verdict.id.split("/")[1]: verdict for verdict in judge("s", "1", CLAIMS, found)}


def noise(seed, count=9, deviation=0.003):
    return np.random.default_rng(seed).normal(0, deviation, count)


def level(**means):
    """Nine seeds around these accuracies."""
    return {arm: mean + noise(place) for place, (arm, mean) in enumerate(means.items())}


BEFOREHAND = {"vanilla": 0.9655, "para": 0.967, "sym": 0.921, "sym2": 0.923, "neg": 0.965}
"""About what the notes report, but serial networks as good as parallel ones."""


def test_every_claim_would_be_supported_by_about_what_the_notes_report():
    found = verdicts(made(level(**BEFOREHAND), -0.12 + noise(9)))
    for verdict in found.values():
        assert verdict.verdict == "supported", (verdict.id, verdict.reason)
        for test in verdict.tests:
            assert test.control is None or test.control.verdict == "refuted", (verdict.id, test.name)


def test_every_claim_is_refuted_where_the_opposite_holds():
    opposite = {"vanilla": 0.90, "para": 0.965, "sym": 0.980, "sym2": 0.990, "neg": 0.999}
    # Controls still hold: the symmetric ones are below the anti-tied one, permutations give no alignment.
    found = verdicts(made(level(**opposite), 0.12 + noise(9)))
    assert {found[name].verdict for name in ("sym-hurts", "not-param-count", "spontaneous-breaking")} == {
        "refuted"
    }
    tests = {name: found[name].tests[0].verdict for name in ("para-equals-vanilla", "sign-control")}
    assert tests["para-equals-vanilla"] == "refuted"
    below = verdicts(made(level(**BEFOREHAND | {"neg": 0.925}), -0.12 + noise(9)))
    assert below["sign-control"].tests[0].verdict == "refuted"


def test_a_tie_that_costs_as_much_with_either_sign_is_not_laid_to_the_sign():
    """Then controls are not refuted, and nothing is said."""
    found = verdicts(made(level(**BEFOREHAND | {"neg": 0.921, "sym2": 0.965}), -0.12 + noise(9)))
    assert found["sign-control"].tests[0].verdict == "refuted"
    assert found["not-param-count"].verdict == "undecided"


def test_differences_are_paired_by_hand(stored, tree):
    main = stored["accuracy"]["main"]
    para, sym, sym2 = (main[arm]["accuracy"].sel(part="test").values for arm in ("para", "sym", "sym2"))
    found = table(tree, "sym-hurts", "main").sel(component="parallel less symmetric")
    assert float(found["estimate"]) == pytest.approx(np.mean(para - sym))
    assert float(found["standard_error"]) == pytest.approx(np.std(para - sym, ddof=1) / 2)
    middle = table(tree, "sign-control", "main")
    neg = main["neg"]["accuracy"].sel(part="test").values
    assert float(middle["estimate"][0]) == pytest.approx(np.mean(neg - (para + sym) / 2))
    exchanged = table(tree, "sign-control", "main", "control")
    assert float(exchanged["estimate"][0]) == pytest.approx(np.mean(sym2 - (para + neg) / 2))


def test_arms_are_compared_over_the_seeds_that_they_share(stored):
    main = fit.tables_of(stored, "main")
    fewer = {**main, "sym2": main["sym2"].isel(seed=[3, 1])}
    difference = main["para"]["accuracy"] - main["sym2"]["accuracy"]
    expected = difference.sel(part="test", seed=[1, 3]).values
    assert sorted(fit.sums(fewer, {"para": 1.0, "sym2": -1.0})) == pytest.approx(sorted(expected))


def test_equivalence_is_two_one_sided_tests(stored, tree):
    main = stored["accuracy"]["main"]
    para, sym, serial = (main[arm]["accuracy"].sel(part="test").values for arm in ("para", "sym", "vanilla"))
    quarter, difference = np.mean(para - sym) / 4, np.mean(para - serial)
    found = table(tree, "para-equals-vanilla", "main")["estimate"].values
    assert found == pytest.approx([quarter + difference, quarter - difference])
    assert float(table(tree, "para-equals-vanilla", "margin")["estimate"][0]) == pytest.approx(quarter)


def test_symmetric_couplings_learn_less_in_the_same_time(tree):
    for test in ("main", "templates"):
        assert (table(tree, "sym-hurts", test)["estimate"] > 0).all()
    rho = table(tree, "spontaneous-breaking", "main")["estimate"]
    permuted = table(tree, "spontaneous-breaking", "main", "control")["estimate"]
    assert (rho < permuted).all()


def test_arms_of_a_seed_begin_alike_and_each_is_tied_as_its_name_says(stored):
    main = stored["accuracy"]["main"]
    assert np.allclose(main["para"]["loss"][:, 0], np.log(10))
    same = main["para"]["alignment"].isel(epoch=0) - main["vanilla"]["alignment"].isel(epoch=0)
    assert (same == 0).all()
    assert np.allclose(main["sym"]["alignment"], 1)
    assert np.allclose(main["neg"]["alignment"], -1)
    assert main["sym2"].attrs["weights"] == main["para"].attrs["weights"]
    assert main["para"]["epoch"].values.tolist() == [0, 1, 2, 4, 8, 15]


def test_seeds_that_are_trained_apart_are_the_same_to_the_last_bit(stored, data):
    (shard,) = plan.shards(SETTINGS, 7)
    apart = {**shard.settings, "runs": [{"setup": "templates", "arm": "neg", "seeds": [2]}]}
    found = experiment.run(apart, data, Work())["templates/neg"].to_dataset()
    together = stored["accuracy"]["templates/neg"].to_dataset().sel(seed=[2])
    for name in found:
        assert np.array_equal(found[name], together[name]), name
    merged = fit.tables_of(
        {"accuracy-a": xr.DataTree.from_dict({"/templates/neg": found}), "other": stored["accuracy"]},
        "templates",
    )
    assert merged["neg"]["seed"].values.tolist() == [2]


def test_the_control_of_every_judged_test_is_there_and_figures_are_drawn(tree):
    assert_judged_tests_have_controls(CLAIMS, tree)
    drawings = figures.draw(tree)
    assert {claim.figure for claim in CLAIMS} <= set(drawings)
    for drawing in drawings.values():
        assert "nan" not in drawing.caption + drawing.alt


def test_short_trainings_share_a_job_and_long_ones_are_split_by_arm_and_seed():
    assert [shard.name for shard in plan.shards(SETTINGS, 0)] == ["accuracy"]
    laptop = plan.shards(Accuracy(), 0)
    assert [shard.name for shard in laptop] == ["accuracy-free", "accuracy-tied", "accuracy-others"]
    assert all(shard.cost.seconds < 60 for shard in laptop)
    large = Training(dataset="cifar10", side=32, patch=4, train=50000, test=10000, seeds=3, epochs=100)
    found = plan.shards(Accuracy(main=large), 0)
    names = [shard.name for shard in found]
    assert names[-1] == "accuracy-templates-neg"
    assert found[0].cost.seconds > SHARD_SECONDS


@pytest.mark.parametrize(
    ("seeds", "expected"),
    [(3, [[0, 1, 2]]), (4, [[0, 1], [2, 3]]), (7, [[0, 1], [2, 3], [4, 5, 6]])],
)
def test_long_arms_are_split_into_pairs_of_seeds_none_left_alone(seeds, expected):
    large = Training(dataset="cifar10", side=32, patch=4, train=50000, test=10000, seeds=seeds, epochs=100)
    found = plan.shards(Accuracy(main=large), 0)
    runs = [run for shard in found for run in shard.settings["runs"] if run["arm"] == "sym2"]
    assert [run["seeds"] for run in runs] == expected
    assert f"accuracy-main-sym2-s{expected[-1][0]}" in [shard.name for shard in found]


def test_seeds_whose_pair_needs_more_memory_than_there_is_are_trained_alone():
    huge = Training(
        dataset="cifar10", side=224, patch=16, channels=512, token_hidden=256, channel_hidden=2048, blocks=8,
        train=50000, test=10000, batch=384, epochs=40, seeds=3,
    )  # fmt: skip
    found = plan.shards(Accuracy(main=huge), 0)
    runs = [run for shard in found for run in shard.settings["runs"] if run["setup"] == "main"]
    assert {len(run["seeds"]) for run in runs if run["arm"] == "sym2"} == {1}


def test_a_lone_member_is_expected_to_cost_as_much_as_two():
    alone = train_seconds(Shape(), ARMS["para"], 1000, 1)
    assert alone == pytest.approx(train_seconds(Shape(), ARMS["para"], 2000, 2))


@pytest.mark.parametrize(
    ("family", "given", "default"),
    [
        ("accuracy", {"templates": {"epochs": 3}}, Accuracy().templates),
        ("breaking", {"training": {"epochs": 3}}, Breaking().training),
    ],
)
def test_a_setting_that_is_changed_leaves_the_others_as_they_were(family, given, default):
    config = load({"run": "a", "studies": {"ham_mixer": {family: given}}}, "config.yaml")
    (changed,) = (getattr(getattr(config.studies["ham_mixer"], family), name) for name in given)
    assert changed == default.model_copy(update={"epochs": 3})
    assert (Accuracy().templates.dataset, Breaking().training.epochs) == ("templates", 12)


@pytest.mark.parametrize(
    ("datasets", "said"),
    [
        (
            {"samples": 500},
            "datasets.templates.samples is 500, but it must be at least 1300 for the sizes of",
        ),
        ({"side": 12}, "datasets.templates.side is 12, but it must be at most 8 for the sizes of"),
        ({"classes": 11}, "datasets.templates.classes is 11, but it must be at most 10 for the sizes of"),
    ],
)
def test_generated_images_that_are_not_enough_or_of_another_size_are_refused_by_the_plan(datasets, said):
    raw = {"run": "a", "studies": {"ham_mixer": {}}, "datasets": {"templates": datasets}}
    config = load(raw, "mine.yaml")
    with pytest.raises(
        ConfigError, match=f"^in mine.yaml, {said} job 'accuracy-others' of studies.ham_mixer$"
    ):
        Plan(config, "mine.yaml", ROOT)


def test_every_family_that_takes_generated_images_says_how_many_it_needs():
    training = {"dataset": "templates", "train": 900, "test": 800, "batch": 100}
    (shard, *_) = breaking_shards(Breaking(training=training), 0)
    assert shard.dataset_bounds["templates.samples"] == (1700, np.inf)
    assert not breaking_shards(Breaking(), 0)[0].dataset_bounds


def test_twice_the_hidden_units_cost_about_twice_as_much():
    shape = Shape()
    one, two = (train_seconds(shape, ARMS[name], 1000) for name in ("sym", "sym2"))
    assert two == pytest.approx(2 * one)
    assert train_memory_mb(shape, ARMS["sym2"], 100, 9) > train_memory_mb(shape, ARMS["sym"], 100, 9)


def test_memory_of_images_is_that_of_the_tensors():
    large = Training(dataset="cifar10", side=32, patch=4, train=300, test=100)
    held, dividing = images_mb(large, 3)
    assert held == pytest.approx((60_000 + 4 * 3 * 400) * 3072 / 1e6)
    assert dividing == pytest.approx((1 + 4) * 400 * 3072 / 1e6)
    plain, whole = (train_memory_mb(Shape(), ARMS["para"], 100, 3, some) for some in ((0, 0), (held, 0)))
    assert whole - plain == pytest.approx(held, abs=1)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"main": {"train": 1000, "test": 900}}, "1000 training and 900 test images are more than the 1797"),
        (
            {"main": {"dataset": "cifar10", "side": 32, "train": 100, "test": 10_001}},
            "100 training and 10001 test images are more than the 50000 and 10000 of cifar10",
        ),
        (
            {"main": {"train": 90, "batch": 100}},
            "batch is 100 and train is 90: .* batch must be at most train",
        ),
        ({"main": {"patch": 3}}, "patches of side 3 do not tile images of side 8"),
        ({"main": {"rate": 1e9}}, r"main\.rate is 1000000000\.0, but it must be .* at most 1"),
        (
            {"main": {"weight_decay": 1000.0}},
            r"main\.weight_decay is 1000\.0, but it must be a number from 0 to 1",
        ),
        ({"templates": {"dataset": "digits"}}, r"templates\.dataset.*'templates'"),
        ({"main": {"dataset": "cifar10"}}, "side 8 is below the 32 pixels that images of cifar10 have"),
    ],
)
def test_sizes_that_cannot_work_are_refused_when_the_config_is_read(given, said):
    with pytest.raises(ConfigError, match=said):
        load({"run": "a", "studies": {"ham_mixer": {"accuracy": given}}}, "config.yaml")
