"""Penalised and free couplings: training, gradients at tied couplings, evidence, verdicts and figures."""

import numpy as np
import pytest
import torch
import xarray as xr
from pydantic import ValidationError
from scipy.stats import spearmanr
from tests.studies.controls import assert_judged_tests_have_controls

from widthscope.datasets import digits
from widthscope.ensembles.gradient_step import value_and_gradients
from widthscope.mixers import image_mixer
from widthscope.mixers.designs import Shape
from widthscope.statistics.claims import judge
from widthscope.studies.base import SHARD_SECONDS
from widthscope.studies.ham_mixer import networks
from widthscope.studies.ham_mixer.breaking import experiment, figures, fit, gradients, plan
from widthscope.studies.ham_mixer.breaking.arms import ARMS
from widthscope.studies.ham_mixer.breaking.claims import CLAIMS
from widthscope.studies.ham_mixer.breaking.settings import Breaking, BreakingTraining
from widthscope.work import Work

TRAINING = BreakingTraining(
    blocks=2, channels=8, token_hidden=4, channel_hidden=8, train=100, test=60, batch=20, epochs=3, seeds=3
)
SETTINGS = Breaking(training=TRAINING, penalties=(0.0, 0.001, 0.01, 1.0), gradient_images=60)
SMALL = Shape(channels=4, token_hidden=3, channel_hidden=5, blocks=2)
PENALTIES, SEEDS, EPOCHS = (0.0, 0.001, 0.01, 1.0), 12, (0, 1, 2, 4, 8, 12)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return {"digits": digits.prepare({}, tmp_path_factory.mktemp("digits"))}


@pytest.fixture(scope="module")
def stored(images):
    (shard,) = plan.shards(SETTINGS, seed=7)
    return {shard.name: experiment.run(shard.settings, images, Work())}


def table(accuracies, asymmetries, penalties=PENALTIES, spread=0.004, shift=0.0):
    """An arm's table whose test accuracies and final asymmetries are put in, by penalty."""
    generator = np.random.default_rng(len(accuracies) + int(1000 * accuracies[0]))
    seeds = 0.01 * np.random.default_rng(1).standard_normal(SEEDS)
    noise = spread * generator.standard_normal((len(penalties), SEEDS))
    test = np.array(accuracies)[:, None] + seeds + noise
    along = np.linspace(0.1, 1, len(EPOCHS)) if shift == 0 else np.linspace(shift, 1, len(EPOCHS))
    final = np.array(asymmetries)[:, None] * (1 + 0.01 * generator.standard_normal((len(penalties), SEEDS)))
    asymmetry = final[..., None] * along
    dims = ("penalty", "seed", "epoch", "block", "pair")
    return xr.Dataset(
        {
            "accuracy": (("penalty", "seed", "part"), np.stack([test + 0.03, test], -1)),
            "asymmetry": (dims, np.broadcast_to(asymmetry[..., None, None], (*asymmetry.shape, 2, 2))),
            "alignment": (dims, np.broadcast_to(1 - asymmetry[..., None, None], (*asymmetry.shape, 2, 2))),
        },
        coords={
            "penalty": list(penalties),
            "seed": range(SEEDS),
            "epoch": list(EPOCHS),
            "part": ["train", "test"],
            "pair": ["token", "channel"],
        },
        attrs={"weights": 1, "blocks": 2, "dataset": "digits", "train": 700, "epochs": 12},
    )


def synthetic(**changed):
    generator = np.random.default_rng(5)
    free = (0.0,)
    arms = {
        "asym": table((0.88, 0.86, 0.83, 0.81), (0.47, 0.27, 0.08, 0.016), shift=20.0),
        "anti": table((0.945, 0.94, 0.925), (0.917, 0.993, 0.9998), (0.0, 0.01, 1.0)),
        "sym": table((0.80,), (0.0,), free),
        "sym2": table((0.795,), (0.0,), free),
        "para": table((0.933,), (0.75,), free),
        "parasym": table((0.90,), (0.47,), free),
        "gradients": xr.Dataset(
            {
                "mixer": (("seed", "block", "pair"), 0.7 + 0.01 * generator.standard_normal((SEEDS, 2, 2))),
                "autoencoder": ("seed", 0.02 + 0.002 * generator.standard_normal(SEEDS)),
            },
            coords={"pair": ["token", "channel"]},
        ),
    }
    return {
        "breaking": xr.DataTree.from_dict({f"/{arm}": found for arm, found in {**arms, **changed}.items()})
    }


def verdicts(shards):
    tree = xr.DataTree.from_dict(fit.fit(shards, {}))
    return {verdict.id.split("/")[1]: verdict for verdict in judge("s", "1", CLAIMS, tree)}


def test_effects_that_were_put_in_are_found_and_every_control_is_refuted():
    for name, verdict in verdicts(synthetic()).items():
        assert verdict.verdict == "supported", (name, verdict.reason)
        for test in verdict.tests:
            assert test.control is None or test.control.verdict == "refuted", (name, test.name)
            for row in () if test.control is None else test.control.components:
                assert np.isfinite(row.estimate)


def test_a_fall_that_any_constraint_costs_leaves_the_rule_unable_to_tell():
    same = table((0.945, 0.93, 0.90, 0.87), (0.917, 0.957, 0.993, 0.9998))
    found = verdicts(synthetic(anti=same))["lambda-transition"]
    assert found.verdict == "undecided"
    assert "confounded" in found.reason


def test_a_symmetric_network_that_recovers_by_its_weights_alone_confounds_the_recovery():
    found = verdicts(synthetic(sym2=table((0.92,), (0.0,), (0.0,))))["recovery"]
    assert found.verdict == "undecided"
    assert "confounded" in found.reason


def test_an_asymmetry_that_rises_with_the_penalty_is_refuted():
    rising = table((0.88, 0.86, 0.83, 0.81), (0.3, 0.35, 0.4, 0.5))
    assert verdicts(synthetic(asym=rising))["order-parameter"].verdict == "refuted"


def test_steps_between_penalties_beyond_the_floor_are_not_judged():
    penalties = (0.0, 0.01, 0.1, 1.0, 10.0)
    flat = table((0.88, 0.84, 0.82, 0.81, 0.81), (0.47, 0.08, 0.02, 0.02, 0.02), penalties, shift=20.0)
    anti = table((0.94, 0.94, 0.93, 0.925, 0.925), (0.9, 0.95, 0.99, 0.9998, 0.9998), penalties)
    found = verdicts(synthetic(asym=flat, anti=anti))["order-parameter"]
    names = [row.component for row in found.tests[0].components]
    assert names == ["penalty 0 to 0.01", "penalty 0.01 to 0.1"]
    assert [row.component for row in found.tests[0].control.components] == names
    assert found.verdict == "supported"


def test_the_anti_tied_networks_get_the_first_and_the_last_two_penalties():
    assert [plan.PENALTIES["anti"](given) for given in ((0.0, 0.1, 0.5, 1.0), (0.0, 1.0))] == [
        (0.0, 0.5, 1.0),
        (0.0, 1.0),
    ]


def test_a_network_that_diverged_counts_as_not_measured():
    lost = table((0.933,), (0.75,), (0.0,))
    lost["accuracy"][0, 3] = np.nan
    assert verdicts(synthetic(para=lost))["recovery"].verdict == "undecided"


def test_rank_correlations_are_spearmans():
    shown = table((0.5, 0.52, 0.49, 0.51), (0.4, 0.3, 0.2, 0.1), spread=0.05)
    test = shown["accuracy"].sel(part="test").values
    expected = [spearmanr(PENALTIES, test[:, seed]).statistic for seed in range(SEEDS)]
    assert np.allclose(fit._ranks(shown), expected)
    shown["accuracy"][:, 0] = 0.5
    assert fit._ranks(shown)[0] == 0


def test_share_recovered_is_one_for_free_and_zero_for_tied_couplings():
    free, tied = np.array([0.9, 0.94]), np.array([0.7, 0.8])
    assert fit._share(free, free, tied) == pytest.approx(1)
    assert fit._share(tied, free, tied) == pytest.approx(0)
    assert np.isnan(fit._share(free, tied, tied))


def test_every_arm_is_stored_with_its_penalties_and_seeds(stored):
    tree = stored["breaking"]
    assert set(tree.children) == {*ARMS, "gradients"}
    for arm in ARMS:
        one = tree[arm].to_dataset()
        assert list(one["penalty"].values) == {"asym": [0, 0.001, 0.01, 1], "anti": [0, 0.01, 1]}.get(
            arm, [0]
        )
        assert one.sizes["seed"] == 3
        assert list(one["epoch"].values) == [0, 1, 2, 3]
        assert np.isfinite(one["accuracy"]).all()


def test_symmetry_at_the_start_is_that_of_each_arm(stored):
    start = {
        arm: stored["breaking"][arm].to_dataset().isel(epoch=0).mean(("seed", "block", "pair"))
        for arm in ARMS
    }
    tied = {"sym": (0, 1), "sym2": (0, 1), "parasym": (0, 1)}
    for arm, (apart, rho) in tied.items():
        assert np.allclose(start[arm]["asymmetry"], apart, atol=1e-7)
        assert np.allclose(start[arm]["alignment"], rho, atol=1e-7)
    assert float(start["para"]["asymmetry"][0]) == pytest.approx(0.71, abs=0.06)
    assert float(start["asym"]["asymmetry"][0]) == pytest.approx(0.41, abs=0.06)
    assert float(start["anti"]["alignment"][0]) == pytest.approx(-0.71, abs=0.08)


def test_no_penalty_is_the_same_network_in_every_table(stored, images):
    (shard,) = plan.shards(SETTINGS, seed=7)
    alone = experiment.run(
        {**shard.settings, "runs": [{"arm": "asym", "penalties": [0.0], "seeds": [0, 2]}], "gradients": []},
        images,
        Work(),
    )
    whole = stored["breaking"]["asym"].to_dataset().sel(penalty=[0.0], seed=[0, 2])
    for name in ("asymmetry", "alignment"):
        xr.testing.assert_allclose(alone["asym"].to_dataset()[name], whole[name], rtol=1e-3)


def test_gradients_in_a_job_of_their_own_are_those_beside_trainings(images, stored):
    (shard,) = plan.shards(SETTINGS, 7)
    alone = experiment.run({**shard.settings, "runs": []}, images, Work())
    assert set(alone.children) == {"gradients"}
    xr.testing.assert_equal(alone["gradients"].to_dataset(), stored["breaking"]["gradients"].to_dataset())


def test_penalised_parts_shrink(stored):
    final = (
        stored["breaking"]["asym"].to_dataset()["asymmetry"].isel(epoch=-1).mean(("seed", "block", "pair"))
    )
    assert np.all(np.diff(final.values) < 0)


def test_jobs_of_other_penalties_and_seeds_join_to_the_same_tables(stored):
    whole = stored["breaking"]["asym"].to_dataset()
    parts = {
        f"breaking-{place}-{seed}": xr.DataTree.from_dict({"/asym": whole.isel(penalty=[place], seed=[seed])})
        for place in (2, 0, 3, 1)
        for seed in (1, 2, 0)
    }
    joined = fit.tables_of({**parts, "accuracy-main": xr.DataTree()})
    assert joined["asym"].equals(whole)


def test_stored_networks_make_evidence_and_figures(stored):
    tree = xr.DataTree.from_dict(fit.fit(stored, {}))
    assert_judged_tests_have_controls(CLAIMS, tree)
    drawings = figures.draw(tree)
    assert {claim.figure for claim in CLAIMS} <= set(drawings)
    for drawing in drawings.values():
        assert "nan" not in drawing.caption + drawing.alt
    accuracy = float(tree["/curves/breaking/sym"]["accuracy"].sel(penalty=0.0, part="test"))
    assert f"{accuracy:.3f}" in drawings["breaking-penalty"].caption


def test_gradients_at_tied_couplings_are_those_of_the_whole_batch_whatever_the_chunks():
    generator = torch.Generator().manual_seed(2)
    pixels = torch.randn(12, 1, 8, 8, generator=generator)
    labels = torch.arange(12) % 10
    found = [
        gradients.at_tied_couplings(SMALL, torch.Generator().manual_seed(1), pixels, labels, chunk)
        for chunk in (12, 5)
    ]
    assert torch.allclose(*found, rtol=1e-10)
    drawn = image_mixer.draw(ARMS["parasym"], SMALL, torch.Generator().manual_seed(1))
    drawn["readout"] = torch.zeros_like(drawn["readout"])
    batch = {"images": pixels[None].double(), "labels": labels[None], "penalty": torch.zeros(1)}
    _, zero = value_and_gradients(
        lambda weights, seen: networks.losses(ARMS["parasym"], SMALL, weights, seen),
        {name: value[None] for name, value in drawn.items()},
        batch,
    )
    assert all(float(zero[name].abs().max()) == 0 for name in ("token", "token_back", "channel"))


def test_of_white_inputs_gradients_are_transposes_up_to_sampling():
    found = [
        float(gradients.of_white_autoencoder(8, 4, torch.Generator().manual_seed(seed))) for seed in range(4)
    ]
    assert 0 < max(found) < 8 / np.sqrt(gradients.WHITE_EXAMPLES)


def test_long_jobs_are_split_and_every_network_is_trained_once():
    long = Breaking(
        training=TRAINING.model_copy(
            update={"channels": 64, "channel_hidden": 512, "epochs": 300, "train": 700}
        )
    )
    shards = {shard.name: shard for shard in plan.shards(long, 0)}
    assert {"breaking-asym-l0.001", "breaking-sym", "breaking-gradients"} <= set(shards)
    assert all(shard.cost.seconds < SHARD_SECONDS + plan.STARTUP for shard in shards.values())
    runs = [
        (run["arm"], penalty, seed)
        for shard in shards.values()
        for run in shard.settings["runs"]
        for penalty in run["penalties"]
        for seed in run["seeds"]
    ]
    assert len(runs) == len(set(runs)) == 3 * (4 + 3 + 4)
    assert not any(len(run["seeds"]) == 1 for shard in shards.values() for run in shard.settings["runs"])
    whole = plan.shards(Breaking(), 0)
    assert [shard.name for shard in whole] == ["breaking-tied", "breaking-others"]
    assert [bool(shard.settings["gradients"]) for shard in whole] == [False, True]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"penalties": (0.1, 1.0)}, "penalties begin with 0.1, and the first must be 0"),
        ({"penalties": (0.0, 1.0, 0.5)}, "strictly increasing"),
        ({"training": {"epochs": 1}}, "greater than or equal to 2"),
        ({"gradient_images": 701}, "gradient_images 701 exceeds the 700 images of training"),
    ],
)
def test_sizes_that_cannot_be_are_refused_when_they_are_read(changed, message):
    with pytest.raises(ValidationError, match=message):
        Breaking(**changed)
