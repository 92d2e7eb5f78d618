"""From trained machines to evidence and figures, at sizes far below a laptop's."""

import numpy as np
import pytest
import torch
import xarray as xr
from tests.studies.controls import assert_judged_tests_have_controls
from tests.studies.stored import results_of

from widthscope.boltzmann.mixture import mean_negative_log_likelihood
from widthscope.config import load
from widthscope.errors import ConfigError
from widthscope.statistics.claims import judge
from widthscope.streams import torch_generator
from widthscope.studies.attnbm.mixtures import experiment, figures, fit, likelihood, plan
from widthscope.studies.attnbm.mixtures.claims import CLAIMS
from widthscope.studies.attnbm.mixtures.laws import Law
from widthscope.studies.attnbm.mixtures.settings import Denoising, Likelihood, Mixtures, Threshold
from widthscope.studies.attnbm.mixtures.threshold import gaussian_examples
from widthscope.studies.base import SHARD_SECONDS
from widthscope.work import Work

SETTINGS = Mixtures(
    likelihood=Likelihood(
        components=3,
        visible=8,
        spread=1.5,
        examples=(100, 200),
        constant_examples=150,
        wide_examples=300,
        restarts=3,
        seeds=8,
        steps=300,
        wide_steps=400,
        shorter=(100,),
        rate=0.1,
        iterations=100,
        test=2000,
    ),
    threshold=Threshold(seeds=6, components=24, examples=1500, below=(0.5,), above=(1.5,), shrink=0.75),
    denoising=Denoising(seeds=6, steps=300, examples=800, test=2000),
)


@pytest.fixture(scope="module")
def stored():
    return results_of(plan.shards(SETTINGS, seed=7), experiment.run)


@pytest.fixture(scope="module")
def tree(stored):
    return xr.DataTree.from_dict(fit.fit(stored, {}))


def estimates(tree, claim, test, part="measured"):
    return tree[f"/claims/{claim}/{test}/{part}"]["estimate"].values


def test_one_shard_has_all_parts_where_they_are_short(stored):
    assert list(stored) == ["mixtures"]
    assert set(stored["mixtures"].children) == {"likelihood", "threshold", "denoising"}
    assert set(stored["mixtures"]["likelihood"].children) == set(plan.tried_costs(SETTINGS.likelihood))


def test_where_parts_are_long_each_has_its_shard():
    long = SETTINGS.model_copy(update={"likelihood": Likelihood(examples=(250, 10**4))})
    names = ["full-batch-p250", "full-batch-p10000", "constant-rate", "distant-means", "many-distant-means"]
    planned = plan.shards(long, 0)
    assert [shard.name for shard in planned] == [
        *(f"mixtures-likelihood-{name}" for name in names),
        "mixtures-threshold",
        "mixtures-denoising",
    ]
    assert [shard.settings["likelihood"]["tried"] for shard in planned[:5]] == [[name] for name in names]


def test_what_is_too_long_is_split_by_seeds_and_no_shard_passes_the_limit():
    longer = SETTINGS.model_copy(
        update={
            "likelihood": Likelihood(examples=(250, 2 * 10**5)),
            "threshold": Threshold(components=100, examples=50_000, steps=1000, seeds=12),
        }
    )
    for part in ("likelihood-full-batch-p200000", "threshold"):
        planned = [shard for shard in plan.shards(longer, 0) if shard.name.startswith(f"mixtures-{part}")]
        blocks = [shard.settings[part.split("-")[0]]["block"] for shard in planned]
        assert len(planned) > 1
        assert [seed for block in blocks for seed in range(*block)] == list(range(blocks[-1][1]))
        assert [shard.name for shard in planned] == [f"mixtures-{part}-from{block[0]}" for block in blocks]
        assert all(shard.cost.seconds <= SHARD_SECONDS for shard in planned)


def test_seeds_apart_give_what_they_give_together(stored):
    (shard,) = plan.shards(SETTINGS, seed=7)
    apart = {}
    for begin, end in ((0, 2), (2, 6)):
        settings = {**shard.settings, "parts": ["threshold", "denoising"]}
        for part in settings["parts"]:
            settings[part] = {**settings[part], "block": [begin, end]}
        apart[f"mixtures-from{begin}"] = experiment.run(settings, {}, Work())
    joined, whole = fit.tables_of(apart), fit.tables_of(stored)
    for part, tables in joined.items():
        for name, table in tables.items():
            xr.testing.assert_allclose(table, whole[part][name], rtol=1e-3, atol=1e-4)
            assert table.attrs == whole[part][name].attrs


def test_runs_trained_at_once_are_the_runs_trained_alone(stored):
    (shard,) = plan.shards(SETTINGS, seed=7)
    given = {**shard.settings["likelihood"], "tried": ["distant-means"], "block": [0, 2], "shorter": []}
    alone = likelihood.tables(given, 7, Work())["distant-means"]
    whole = stored["mixtures"]["likelihood/distant-means"].to_dataset().isel(seed=slice(2))
    kept = whole.isel(run=np.isin(whole["start"].values, alone["start"].values))
    np.testing.assert_allclose(alone["train_loss"], kept["train_loss"], atol=2e-3)
    first = whole["curve"].isel(update=0, trained=0)
    np.testing.assert_allclose(alone["curve"].isel(update=0, trained=0), first, rtol=1e-6)


def test_the_best_runs_are_those_of_expectation_maximisation(stored, tree):
    table = stored["mixtures"]["likelihood/full-batch-p200"].to_dataset()
    assert np.median(fit.from_maximised(table, "small")) == pytest.approx(0.0, abs=0.05)
    assert np.median(fit.excess(table, "small")) == pytest.approx(1.0, abs=0.4)
    assert estimates(tree, "wilks", "excess", "control")[0] > 3


def test_losses_on_training_examples_are_below_the_laws_and_above_it_on_others(stored):
    table = stored["mixtures"]["likelihood/full-batch-p200"].to_dataset()
    best = table.isel(run=int(np.flatnonzero(table["start"] == "em-from-law")[0]))
    assert float((best["train_loss"] - best["test_loss"]).mean()) < 0
    assert float((best["test_loss"] - best["law_loss"]).min()) > 0


def test_all_settings_are_counted_and_a_missing_component_costs_nats(stored, tree):
    for test in ("full-batch", "fewer-examples", "constant-rate", "distant-means"):
        assert (estimates(tree, "easy-to-train", test, "control") < 0.5).all()
    assert tree["/claims/easy-to-train/from-examples/measured"].sizes["component"] == 5
    shorter = tree["/claims/easy-to-train/shorter/measured"]
    assert shorter["component"].values.tolist() == ["100 steps", "400 steps"]
    table = stored["mixtures"]["likelihood/full-batch-p200"].to_dataset()
    by_start = table["train_loss"].mean("seed").groupby("start").min()
    assert float(by_start.sel(start="fewer") - by_start.sel(start="em")) > fit.TRAPPED


def test_growth_is_the_formulas_and_nothing_below_one_is_learned(stored, tree):
    assert estimates(tree, "pca-threshold", "growth")[0] < 1e-6
    assert estimates(tree, "pca-threshold", "growth", "control")[0] > 1e-3
    optimum = stored["mixtures"]["threshold/optimum"]["learned_variance"].mean("seed")
    assert float(optimum.sel(data="given", eigenvalue=0.5)) < 0.02
    assert float(optimum.sel(data="given", eigenvalue=1.5)) == pytest.approx(0.5, abs=0.05)
    assert float(optimum.sel(data="shrunken", eigenvalue=1.5)) < 0.02


def test_louder_denoisers_have_another_density(tree):
    gap = dict(
        zip(
            tree["/claims/dae-learns-score/gap/measured"]["component"].values.tolist(),
            estimates(tree, "dae-learns-score", "gap"),
            strict=True,
        )
    )
    assert gap["autoencoder"] < 0.05 < gap["autoencoder, trained with more noise"]
    assert estimates(tree, "dae-learns-score", "found", "control")[0] == 0


def test_no_test_is_refuted_that_should_hold_and_figures_are_drawn(tree):
    assert_judged_tests_have_controls(CLAIMS, tree)
    verdicts = {verdict.id.split("/")[1]: verdict for verdict in judge("s", "1", CLAIMS, tree)}
    for name in ("wilks", "pca-threshold", "dae-learns-score"):
        assert verdicts[name].verdict != "refuted", verdicts[name].reason
    drawings = figures.draw(tree)
    assert {claim.figure for claim in CLAIMS} == set(drawings)
    for drawing in drawings.values():
        assert "nan" not in drawing.caption + drawing.alt


def test_the_laws_machine_has_the_laws_density():
    law = Law.of(3, 4, 1.0, ("test", 1))
    examples = law.draw(50, "some")
    squares = (examples[:, None] - law.means).square().sum(-1)
    densities = torch.exp(-squares / 2).mean(1) / (2 * torch.pi) ** 2
    loss = mean_negative_log_likelihood(law.machine(), examples)
    assert float(loss) == pytest.approx(-float(densities.log().mean()), rel=1e-12)
    assert torch.equal(law.draw(50, "some"), examples)
    assert not torch.equal(law.draw(50, "other"), examples)


def test_gaussian_examples_have_the_moments_that_were_asked_for():
    examples = gaussian_examples(100, [0.5, 2.0, 3.0], torch_generator("test"))
    assert examples.mean(0).abs().max() < 1e-14
    covariance = examples.T @ examples / 100
    torch.testing.assert_close(covariance, torch.tensor([0.5, 2.0, 3.0]).double().diag())


@pytest.mark.parametrize(
    ("section", "values", "message"),
    [
        ("likelihood", {"batch": 900}, "batch 900 exceeds constant_examples, 800"),
        ("likelihood", {"examples": [4, 20]}, "4 examples are fewer than the 5 components"),
        ("likelihood", {"wide_examples": 5, "batch": 5}, "5 examples are fewer than the 10 components"),
        ("threshold", {"below": [0.5, 1.0]}, "eigenvalue 1.0 must be less than 1"),
        ("likelihood", {"many_components": 4}, "many_components 4 must be more than wide_components, 4"),
        ("likelihood", {"wide_spread": 0.5}, "wide_spread 0.5 must be more than spread, 0.75"),
        ("likelihood", {"wide_steps": 1200}, "1200 steps must be fewer than wide_steps, 1200"),
        ("threshold", {"above": [1.01]}, "eigenvalue 1.01 must be at least 1.05"),
        ("threshold", {"growth_rate": 10.0}, "growth_rate"),
        ("denoising", {"wide_spread": 0.5}, "wide_spread 0.5 must be more than spread, 1.0"),
        ("threshold", {"above": [1.5], "shrink": 0.9}, r"1.5 \* 0.9\^2 must be less than 1"),
        ("threshold", {"examples": 6}, "6 cannot have a covariance of 6 given eigenvalues"),
        ("denoising", {"batch": 5000}, "batch 5000 exceeds examples, 4000"),
    ],
)
def test_sizes_that_cannot_work_are_refused_with_the_config(section, values, message):
    config = {"run": "a", "studies": {"attnbm": {"mixtures": {section: values}}}}
    with pytest.raises(ConfigError, match=message):
        load(config, "config.yaml")
