"""The families `dense`, `harmful` and `comparison` at smoke size: plans, training, evidence, figures."""

import numpy as np
import pytest
import torch
import xarray as xr
import yaml
from pydantic import ValidationError
from tests.checkout import ROOT

from widthscope.datasets.digits import prepare
from widthscope.ensembles.independence import dependent_on_company
from widthscope.ensembles.members import Members
from widthscope.feature_augmentation.operations.catalogue import OPERATIONS
from widthscope.statistics.claims import judge
from widthscope.studies.adalase import dense_policies
from widthscope.studies.adalase.arms import Arm, Recipe
from widthscope.studies.adalase.comparison import claims as comparison_claims
from widthscope.studies.adalase.comparison import figures as comparison_figures
from widthscope.studies.adalase.comparison import fit as comparison
from widthscope.studies.adalase.dense import claims as dense_claims
from widthscope.studies.adalase.dense import figures as dense_figures
from widthscope.studies.adalase.dense import fit as dense
from widthscope.studies.adalase.dense import plan as dense_plan
from widthscope.studies.adalase.dense.settings import Dense
from widthscope.studies.adalase.harmful import claims as harmful_claims
from widthscope.studies.adalase.harmful import figures as harmful_figures
from widthscope.studies.adalase.harmful import fit as harmful
from widthscope.studies.adalase.harmful import plan as harmful_plan
from widthscope.studies.adalase.harmful.settings import Harmful
from widthscope.studies.adalase.networks import MLP
from widthscope.studies.adalase.seed_images import images_of
from widthscope.studies.adalase.stored import policies
from widthscope.studies.adalase.training import train_arms
from widthscope.work import Work

CLAIMS = (*dense_claims.CLAIMS, *harmful_claims.CLAIMS)


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    return {"digits": prepare({}, tmp_path_factory.mktemp("digits"))}


@pytest.fixture(scope="module")
def sections():
    return yaml.safe_load((ROOT / "tests/config.smoke.yaml").read_text())["studies"]["adalase"]


@pytest.fixture(scope="module")
def shards(digits, sections):
    planned = [
        *dense_plan.shards(Dense.model_validate(sections["dense"]), 0),
        *harmful_plan.shards(Harmful.model_validate(sections["harmful"]), 0),
    ]
    assert [shard.name for shard in planned] == ["dense", "harmful"]
    return {shard.name: dense_policies.run(shard.settings, digits, Work()) for shard in planned}


def test_every_claim_has_evidence_and_every_figure_is_drawn(shards):
    tree = dense.fit(shards, {}) | harmful.fit(shards, {})
    # Flips stand in for themselves: the perceptrons' mixup under their names.
    found = dense.by_size(shards)[20]
    flips = {"vertical flip": (found, "mixup"), "horizontal flip": (found, "mixup")}
    sizes, harm = dense.by_size(shards), harmful.trained(shards)
    evidence = {
        "acc-latent-da-helps": comparison.hidden_helps(sizes),
        "acc-layer-depends-on-da": comparison.depends_on_operation(sizes, harm),
        "acc-small-data": comparison.shrinks(sizes),
        "acc-ada-vs-worst": comparison.against_worst(sizes, harm, flips),
        "acc-ada-vs-uniform": comparison.against_uniform(sizes, harm, flips),
        "acc-ada-vs-best": comparison.against_best(sizes, flips),
    }
    tree |= comparison.claim_tree(evidence) | comparison.curves(sizes, flips)
    joined = xr.DataTree.from_dict(tree)
    claims = (*CLAIMS, *comparison_claims.CLAIMS)
    verdicts = judge("adalase", "2408.13426", claims, joined)
    assert {verdict.id for verdict in verdicts} == {f"adalase/{claim.name}" for claim in claims}
    assert [v.id for v in verdicts if v.verdict == "reported"] == ["adalase/acc-ada-vs-best"]
    drawn = {}
    for figures in (dense_figures, harmful_figures, comparison_figures):
        drawn |= figures.draw(joined)
    assert set(drawn) == {claim.figure for claim in claims}


def test_where_positions_do_not_differ_a_claim_on_finding_the_better_one_is_undecided(shards):
    equal = {name: tree.copy(deep=True) for name, tree in shards.items()}
    for experiment in equal["dense"].children.values():
        outcomes = experiment["outcomes"].to_dataset()
        # Arms differ by seed, and not at all on average.
        apart = np.arange(outcomes.sizes["arm"])[:, None] * np.array([-0.01, 0.0, 0.01])
        experiment["outcomes"] = xr.DataTree(outcomes.assign(accuracy=(("arm", "seed"), 0.5 + apart)))
    tree = xr.DataTree.from_dict(dense.fit(equal, {}))
    for verdict in judge("adalase", "2408.13426", dense_claims.CLAIMS, tree):
        assert {test.name: test.verdict for test in verdict.tests}["premise"] == "undecided"
        assert verdict.verdict != "supported"


def test_stored_ratios_are_ratios_and_arms_of_one_seed_share_what_they_should(shards):
    of = policies(shards, "harmful")["policies"]
    np.testing.assert_allclose(of.ratios["ratios"].sum("position").values, 1, atol=1e-6)
    assert of.floor == pytest.approx(0.1 / 3)
    assert of.ratios["ratios"].isel(step=0).values == pytest.approx(np.full((7, 3, 3), 1 / 3), abs=1e-6)
    assert not np.isnan(of.outcomes["accuracy"].values).any()


def test_seeds_that_are_stored_apart_are_joined(shards):
    whole = shards["dense"]
    parts = {f"dense-n20-from{first}": whole.isel(seed=slice(first, first + 1)) for first in (2, 0, 1)}
    joined, plain = policies(parts, "dense")["n20"], policies(shards, "dense")["n20"]
    xr.testing.assert_identical(joined.outcomes, plain.outcomes)
    np.testing.assert_array_equal(joined.ended("mixup-adaptive"), plain.ended("mixup-adaptive"))


def test_neither_a_seed_nor_an_arm_depends_on_its_company(digits):
    recipe = Recipe(train=24, test=20, batch=8, steps=5, validation=9)
    arms = {
        "adaptive": Arm("adaptive", ("mixup", "permutation", "cutout"), rate=0.5),
        "faster": Arm("faster", ("noise",) * 3, rate=2.0),
        "opposite": Arm("opposite", ("mixup", "mixup", "permutation"), rate=-0.5),
        "shuffled": Arm("shuffled", ("mixup", "permutation", "mixup"), rate=0.5, shuffled=True),
    }
    purpose = ("test", "adalase")

    def run(members: Members) -> dict[str, torch.Tensor]:
        seeds = list(dict.fromkeys(int(seed) for seed in members.values("seed")))
        names = list(dict.fromkeys(str(arm) for arm in members.values("arm")))
        images = images_of(digits["digits"], recipe, seeds, purpose)
        shown = [arms[name] for name in names]
        found = train_arms(
            MLP(64, 8), shown, OPERATIONS, images, recipe, seeds, purpose, Work(), "_".join(names)
        )
        table = found["ratios"].to_dataset().transpose("arm", "seed", ...)
        measured = found["outcomes"].to_dataset().transpose("arm", "seed", ...)
        # A company that is no whole grid is trained as the grid around it, and its members picked.
        at = [
            (names.index(str(arm)), seeds.index(int(seed)))
            for arm, seed in zip(members.values("arm"), members.values("seed"), strict=True)
        ]
        every = {name: table[name].values for name in ("ratios", "ratios_end", "alignment")}
        every |= {name: measured[name].values for name in ("accuracy", "loss")}
        return {
            name: torch.as_tensor(np.stack([value[place] for place in at])) for name, value in every.items()
        }

    assert dependent_on_company(run, Members.grid(arm=list(arms), seed=range(3))) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"batch": 60}, "a batch of 60 needs as many images, not 50"),
        ({"train": [50, 600], "others_train": 50}, "are 1990; the digits have 1797"),
        ({"others_train": 60}, "others_train 60 must be one of train"),
        ({"dataset": "cifar10", "test": 20_000}, "less than or equal|10000 to test on"),
        ({"ratio_rate": 1e6}, "less than or equal to 10"),
        ({"least": 0.999}, "less than or equal to 0.5"),
    ],
)
def test_settings_that_cannot_work_are_refused(changes, words):
    with pytest.raises(ValidationError, match=words):
        Dense.model_validate(changes)
