"""From images to verdicts and figures."""

import math

import numpy as np
import pytest
import torch
import xarray as xr
from tests.studies.controls import assert_judged_tests_have_controls
from tests.studies.stored import results_of

from widthscope.boltzmann.mixture import Machine
from widthscope.config import load
from widthscope.errors import ConfigError, DataError
from widthscope.statistics.claims import judge
from widthscope.studies.attnbm.digits import descent, experiment, figures, fit, optimum, plan
from widthscope.studies.attnbm.digits.claims import CLAIMS
from widthscope.studies.attnbm.digits.parts import parts_of
from widthscope.studies.attnbm.digits.settings import Digits
from widthscope.work import Work

SETTINGS = Digits(
    train=600,
    validation=60,
    test=100,
    seeds=4,
    components=20,
    few_components=5,
    binary_units=4,
    rates=(0.05, 0.2),
    rates_doubled=(0.02, 0.1),
    epochs=8,
    adam_steps=300,
    adam_batch=100,
    em_iterations=20,
)


@pytest.fixture(scope="module")
def stored(small_digits):
    return results_of(plan.shards(SETTINGS, seed=7), experiment.run, {"digits": small_digits})


@pytest.fixture(scope="module")
def tables(stored):
    return {
        node.path: node.to_dataset() for tree in stored.values() for node in tree.subtree if node.data_vars
    }


@pytest.fixture(scope="module")
def tree(stored):
    return xr.DataTree.from_dict(fit.fit(stored, {}))


@pytest.fixture(scope="module")
def verdicts(tree):
    found = judge("attnbm", "2212.04692", CLAIMS, tree)
    return {(verdict.id.split("/")[1], test.name): test for verdict in found for test in verdict.tests}


def settings_of(section: Digits) -> dict:
    return section.model_dump(mode="json") | {"seed": 7}


def test_parts_are_disjoint_centred_and_of_the_training_images_deviation(small_digits):
    parts = parts_of(settings_of(SETTINGS), small_digits)
    assert parts.train.shape == (4, 600, 64)
    assert float(parts.train.mean(1).abs().max()) < 1e-5
    rows = torch.cat([parts.train[0], parts.validation[0], parts.test[0]])
    assert len(torch.unique(rows, dim=0)) == 760
    raw = torch.as_tensor(small_digits["image"].values).double().flatten(1)
    assert float(parts.train.var(1).sum(1).mean()) == pytest.approx(
        float(raw.var(0).sum() / raw.var()), rel=0.05
    )


def test_colours_are_averaged():
    image = np.random.default_rng(0).integers(0, 255, (9, 3, 4, 4), dtype=np.uint8)
    coloured = xr.Dataset(
        {"image": (("sample", "channel", "row", "col"), image), "label": ("sample", np.arange(9))}
    )
    grey = xr.Dataset({"image": (("sample", "row", "col"), image.mean(1)), "label": ("sample", np.arange(9))})
    sizes = {"seed": 0, "seeds": 2, "train": 5, "validation": 2, "test": 2}
    for mine, wanted in zip(
        vars(parts_of(sizes, coloured)).values(), vars(parts_of(sizes, grey)).values(), strict=True
    ):
        assert torch.allclose(mine, wanted, atol=1e-5)


def test_images_that_the_data_set_keeps_for_tests_are_those_reported_on_and_no_others():
    tested = np.arange(40) % 4 == 0
    image = np.random.default_rng(0).random((40, 4, 4)) + 10 * tested[:, None, None]
    label, image = ("sample", np.arange(40)), (("sample", "row", "col"), image)
    data = xr.Dataset({"image": image, "label": label, "test": ("sample", tested)})
    parts = parts_of({"seed": 0, "seeds": 3, "train": 20, "validation": 10, "test": 10}, data)
    assert float(parts.test.amin()) > 5 * float(parts.train.abs().amax())
    assert float(parts.validation.abs().amax()) < float(parts.test.amin()) / 5
    with pytest.raises(DataError, match="need 31, and there are 30"):
        parts_of({"seed": 0, "seeds": 1, "train": 20, "validation": 11, "test": 9}, data)


def test_the_gaussians_likelihood_is_that_of_unit_noise_at_both_scales(tables, small_digits):
    visible = parts_of(settings_of(SETTINGS), small_digits).test.double()
    found = fit.gaussian({path.lstrip("/"): table for path, table in tables.items()})
    for scale, nll in found.items():
        wanted = (scale * visible).square().sum(2).mean(1) / 2 + 32 * math.log(2 * math.pi)
        assert np.allclose(nll, wanted)


def test_maximisation_betters_every_start_of_adam_on_training_images(tables):
    train = tables["/optimum/likelihoods"]["train"].mean("seed")
    assert float(train.sel(optimiser="gaussian")) > float(train.sel(optimiser="small")) + 10
    assert float(train.sel(optimiser="data")) < float(train.sel(optimiser="em")) + 3


def test_optimisers_and_completions_are_ordered_and_their_controls_refuted(verdicts):
    for claim, name in (
        ("optimiser-matters", "descent"),
        ("completion", "over-single"),
        ("completion", "over-mean"),
    ):
        outcome = verdicts[claim, name]
        assert outcome.estimate > outcome.margin, (name, outcome.reason)
        assert outcome.control.estimate < outcome.margin, (name, outcome.control.reason)
    assert verdicts["optimiser-matters", "maximum"].estimate < 2
    assert verdicts["optimiser-matters", "maximum"].control.verdict == "refuted"


def test_a_gaussian_in_the_machines_place_is_refuted(verdicts):
    for claim, scale in (("vs-gbrbm-training", "scale-1"), ("vs-gbrbm-doubled", "scale-2")):
        assert verdicts[claim, scale].control.verdict == "refuted"


def test_completion_given_another_image_is_worse_than_the_mean_image(verdicts):
    control = verdicts["completion", "over-mean"].control
    assert control.verdict == "refuted"
    assert control.estimate != pytest.approx(-verdicts["completion", "over-single"].control.estimate, rel=0.1)


def test_differences_are_paired_by_hand_at_the_rate_that_each_seed_chose(tables, tree):
    nlls = {}
    for name in ("attention", "contrastive"):
        table = tables[f"/descent/{name}"].isel(epoch=-1)
        own = table.isel(cell=np.flatnonzero(table["scale"] == 2))
        best = [int(np.argmin(own["validation"].isel(seed=seed).values)) for seed in range(4)]
        nlls[name] = np.array(
            [float(own["test"].isel(cell=cell, seed=seed)) for seed, cell in enumerate(best)]
        )
    found = tree["/claims/vs-gbrbm-doubled/scale-2/measured"]["estimate"][0]
    assert float(found) == pytest.approx(np.mean(nlls["contrastive"] - nlls["attention"]))


def test_each_seed_chooses_its_rate_and_a_rate_that_diverged_is_not_chosen():
    ends = np.array([[[3.0, 1.0, np.nan]], [[2.0, 5.0, 4.0]], [[9.0, 9.0, 9.0]]])[:, 0, :, None]
    table = xr.Dataset(
        {"validation": (("cell", "seed", "epoch"), ends), "test": (("cell", "seed", "epoch"), 10 * ends)},
        coords={"scale": ("cell", [1.0, 1.0, 2.0]), "rate": ("cell", [0.1, 0.2, 0.1])},
    )
    chosen, largest = fit._chosen(table, 1.0)
    assert np.array_equal(chosen, [20.0, 10.0, 40.0])
    assert np.array_equal(largest, [1.0, 0.0, 1.0])


def test_seeds_without_a_rise_do_not_make_it_certain_that_there_is_none():
    table = fit._of_counts("rate 1", np.zeros(3), epochs=4)
    assert float(table["estimate"][0]) == 0
    assert float(table["standard_error"][0]) == pytest.approx(1 / 12)
    wide = np.array([0.0, 0.5, 1.0])
    error = float(fit._of_counts("rate 1", wide, epochs=4)["standard_error"][0])
    assert error == pytest.approx(wide.std(ddof=1) / math.sqrt(3))


def test_rises_are_counted_above_the_threshold():
    test = np.array([[[3.0, 3.1, 3.12, 2.0, 2.06]], [[1.0, np.nan, np.nan, np.nan, np.nan]]])
    table = xr.Dataset({"test": (("cell", "seed", "epoch"), test)})
    assert np.array_equal(fit.share_of_rises(table), [[0.5], [np.nan]], equal_nan=True)


def test_a_shorter_run_and_fewer_seeds_see_the_same(small_digits):
    few = Digits(**{**SETTINGS.model_dump(), "seeds": 3, "epochs": 2})
    more = few.model_copy(update={"seeds": 4, "epochs": 3})
    runs = [
        descent.run(settings_of(each) | {"machines": ["contrastive"]}, {"digits": small_digits}, Work())
        for each in (few, more)
    ]
    short, long = (run["contrastive"]["test"] for run in runs)
    assert np.array_equal(short, long.isel(seed=slice(3), epoch=slice(3)))


def test_regression_recovers_a_linear_relation():
    generator = torch.Generator().manual_seed(0)
    half = torch.randn(1, 500, 2, generator=generator, dtype=torch.float64)
    mixing = torch.tensor([[1.0, -2.0], [0.5, 3.0]], dtype=torch.float64)
    train = torch.cat([half, half @ mixing], dim=2)
    hidden = torch.tensor([0.0, 0.0, 1.0, 1.0]).expand(1, 500, 4)
    found = optimum.regressed(train, torch.where(hidden.bool(), 99.0, train), hidden)
    assert torch.allclose(found, train, atol=1e-3)


def test_one_component_completes_with_its_mean():
    settings = {"seed": 0, "hidden_share": 0.5}
    images = torch.randn(2, 4, 9, generator=torch.Generator().manual_seed(1))
    own = torch.randn(2, 1, 9, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    machine = Machine(own, torch.zeros(2, 9).double(), torch.zeros(2, 1).double())
    parts = optimum.Parts(images, images, images)
    errors, strips = optimum.completed(settings, machine, parts)
    conditional, single = (errors["error"].sel(completion=name) for name in ("conditional", "single"))
    assert np.array_equal(conditional, single)
    filled = strips["image"].sel(kind="conditional").values[0].ravel()
    seen = ~np.isnan(strips["image"].sel(kind="seen").values[0].ravel())
    assert np.allclose(filled[~seen], own[0, 0].numpy()[~seen])
    assert np.allclose(filled[seen], images[0, 0].numpy()[seen])


def test_controls_are_there_and_figures_are_drawn_from_numbers(tree):
    assert_judged_tests_have_controls(CLAIMS, tree)
    drawings = figures.draw(tree)
    assert {claim.figure for claim in CLAIMS} <= set(drawings)
    for drawing in drawings.values():
        assert "nan" not in drawing.caption + drawing.alt


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"train": 1600}, "train, validation and test need 1997 images, and digits has 1797"),
        ({"train": 100}, "adam_batch 200 needs as many images to train on, not 100"),
        ({"train": 210, "components": 300}, "300 components start on as many images, and 210 are trained on"),
        ({"dataset": "cifar10", "test": 10001}, "test 10001 exceeds the 10000 images that cifar10 has for"),
        ({"dataset": "cifar10", "train": 49900, "test": 9}, "need 50050 images, and cifar10 has 50000"),
        ({"binary_units": 17}, "binary_units"),
        ({"hidden_share": 1e-9}, "hidden_share"),
        ({"rates": [0.1, 1e6]}, "rates"),
        ({"adam_rate": 1e9}, "adam_rate"),
    ],
)
def test_sizes_that_cannot_work_are_refused_when_they_are_read(section, message):
    wrong = {"run": "a", "studies": {"attnbm": {"digits": section}}}
    with pytest.raises(ConfigError, match=message):
        load(wrong, "config.yaml")
