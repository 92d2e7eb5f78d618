"""The language-model experiment from its plan to its verdicts, on a small made text."""

import numpy as np
import pytest
import torch
import xarray as xr
from pydantic import ValidationError

from widthscope import plotting
from widthscope.errors import StudyError
from widthscope.statistics.claims import judge
from widthscope.studies.qk_spectrum.locater import experiment, figures, fit, held_out, plan, runs
from widthscope.studies.qk_spectrum.locater.arms import ARMS
from widthscope.studies.qk_spectrum.locater.claims import CLAIMS
from widthscope.studies.qk_spectrum.locater.language_model import LanguageModel
from widthscope.studies.qk_spectrum.locater.settings import Locater, Seeds
from widthscope.work import Work

SEEDS = Seeds(none=5, var=5, sham=4, scale=3, init_scale=2)
SMALL = Locater(
    seeds=SEEDS,
    width=12,
    heads=2,
    layers=2,
    feedforward=8,
    context=10,
    batch=6,
    steps=12,
    warmup=3,
    recorded=3,
    watched=5,
)


def made_text(length=3000, symbols=9):
    """Each symbol follows the one before by 1 or 2, so that there is something to learn."""
    steps = np.random.default_rng(4).integers(1, 3, length)
    characters = (steps.cumsum() % symbols).astype(np.uint8)
    return {
        "text": xr.Dataset(
            {"character": ("position", characters), "vocabulary": ("symbol", np.arange(symbols))}
        )
    }


@pytest.fixture(scope="module")
def swept():
    """The one shard in which runs as short as these share a job."""
    (shard,) = plan.shards(SMALL, 0)
    return {shard.name: experiment.run(shard.settings, made_text(), Work())}


@pytest.fixture(scope="module")
def arms(swept):
    return {name: run.to_dataset() for name, run in swept["locater"].children.items()}


@pytest.fixture(scope="module")
def model():
    return LanguageModel.of(SMALL.model_dump(), 9)


def test_each_arm_is_a_shard_of_its_own_and_arms_without_seeds_are_left_out():
    long = Locater(seeds=SEEDS)
    found = {shard.name: shard for shard in plan.shards(long, 0)}
    assert list(found) == [
        "locater-none",
        "locater-sham",
        "locater-var-10",
        "locater-scale-10",
        "locater-init-scale",
    ]
    changes = {"strengths": [0.001, 10.0], "seeds": {**SEEDS.model_dump(), "tr2": 2}}
    again = {
        shard.name: shard
        for shard in plan.shards(Locater.model_validate({**long.model_dump(), **changes}), 0)
    }
    new = {"locater-var-0.001", "locater-scale-0.001", "locater-tr2-0.001", "locater-tr2-10"}
    assert set(again) - set(found) == new
    assert {name: again[name] for name in found} == found  # what was trained stays as it was
    assert set(ARMS) == {field.replace("_", "-") for field in Seeds.model_fields}


def test_short_runs_share_one_shard(swept):
    assert list(swept["locater"].children) == ["none", "sham", "var-10", "scale-10", "init-scale"]


def test_the_laptop_run_keeps_to_its_budget():
    assert sum(shard.cost.seconds for shard in plan.shards(Locater(), 0)) < 165


def test_arms_of_a_seed_see_the_same_data_and_start_from_the_same_loss(arms):
    start = {name: run["watched_loss"].isel(step=0) for name, run in arms.items()}
    for name in ("var-10", "scale-10"):
        np.testing.assert_array_equal(start[name], start["none"][: len(start[name])])
    np.testing.assert_allclose(start["sham"], start["none"][:4], rtol=1e-5)
    assert not np.allclose(start["init-scale"], start["none"][:2], rtol=1e-5)
    first = arms["none"]["loss"].values[:, 0]
    assert len(np.unique(first)) == 5


def test_the_penalty_enters_the_loss_with_its_strength(arms):
    """Before the first update, var's loss is the plain one plus 10 ||W - m I||_F^2 / d, over all heads."""
    start = arms["var-10"].isel(step=0)
    added = (start["frobenius_square"] / 12 - (start["trace"] / 12) ** 2).sum(("layer", "head"))
    np.testing.assert_allclose(
        arms["var-10"]["loss"][:, 0] - arms["none"]["loss"][:, 0], 10 * added, rtol=1e-4
    )


def test_traces_are_those_of_the_dense_matrix_and_small_weights_shrink_it_by_their_square(arms, model):
    generator = experiment.Members.grid(seed=[1]).generators("qk_spectrum", "locater", 0, "weights")[0]
    weights = model.initial(generator)
    W = weights["query"].mT @ weights["key"] / np.sqrt(6)
    found = arms["none"].isel(member=1, step=0)
    np.testing.assert_allclose(found["trace"], W.diagonal(dim1=-2, dim2=-1).sum(-1), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found["frobenius_square"], W.square().sum((-2, -1)), rtol=1e-5)
    shrunk = arms["init-scale"].isel(member=1, step=0)
    np.testing.assert_allclose(shrunk["trace"], 0.3**2 * found["trace"], rtol=1e-4, atol=1e-6)


def test_the_placebo_rotates_both_weights_and_leaves_every_score_as_it_was(model):
    weights = model.initial(torch.Generator().manual_seed(1))
    turned = experiment.rotated(weights, torch.Generator().manual_seed(2))
    assert float((turned["query"] - weights["query"]).abs().max()) > 0.1
    torch.testing.assert_close(turned["query"].mT @ turned["key"], weights["query"].mT @ weights["key"])
    gram = turned["query"] @ turned["query"].mT
    assert gram.shape[:2] == (2, 2)  # a rotation for each head of each layer
    torch.testing.assert_close(
        torch.linalg.eigvalsh(gram), torch.linalg.eigvalsh(weights["query"] @ weights["query"].mT)
    )


def test_every_symbol_but_the_first_is_predicted_once():
    windows = held_out.windows_of(np.arange(100, 132, dtype=np.uint8), 10, "cpu")
    assert windows.shape == (3, 11)
    assert windows[:, 1:].flatten().tolist() == list(range(101, 131))
    few = held_out.windows_of(np.arange(100, dtype=np.uint8), 9, "cpu", most=2)
    assert few[:, 0].tolist() == [0, 45]


def test_averages_do_not_depend_on_the_blocks_they_are_summed_in(model, monkeypatch):
    text = made_text()["text"]["character"].values
    weights = {
        name: value[None].float() for name, value in model.initial(torch.Generator().manual_seed(3)).items()
    }
    windows = held_out.windows_of(text, 10, "cpu")
    whole = held_out.averages(model, weights, windows)
    monkeypatch.setattr(held_out, "BLOCK_NUMBERS", 7 * 11 * 9)
    parts = held_out.averages(model, weights, windows)
    for name in ("loss", "entropy"):
        torch.testing.assert_close(whole[name], parts[name], rtol=1e-6, atol=0)
    one = model.loss(weights, windows[None, :1, :-1], windows[None, :1, 1:])
    torch.testing.assert_close(
        held_out.averages(model, weights, windows[:1])["loss"], one.double(), rtol=1e-6, atol=0
    )


def test_a_diverged_member_has_no_numbers_at_the_end():
    (wild,) = plan.shards(SMALL.model_copy(update={"learning_rate": 1e30}), 0)
    found = experiment.trained("none", wild.settings["runs"]["none"], made_text(), Work())
    assert (found["diverged_at"] >= 0).all()
    assert np.isnan(found["test_loss"]).all()


def synthetic(arm, strength, seeds, gain, noise=0.002, entropy=0.0, concentration=0.0):
    """A shard as `experiment.run` returns it, with given differences to no penalty."""
    generator = np.random.default_rng(7)
    base, own = (
        generator.normal(2.5, 0.05, 40)[:seeds],
        np.random.default_rng(len(arm)).normal(0, noise, seeds),
    )
    loss = base - gain + own
    steps = np.arange(3)
    per_step = (("member", "step"), np.repeat(loss[:, None], 3, axis=1))
    traces = np.exp(concentration / 2 + own)[:, None, None, None] * np.ones((seeds, 3, 1, 1))
    return xr.DataTree(
        xr.Dataset(
            {
                **dict.fromkeys(("test_loss", "validation_loss"), ("member", loss)),
                **dict.fromkeys(("test_entropy", "validation_entropy"), ("member", 0.4 + entropy + own)),
                "watched_loss": per_step,
                "watched_entropy": per_step,
                "trace": (("member", "step", "layer", "head"), traces),
                "frobenius_square": (("member", "step", "layer", "head"), np.full_like(traces, 10.0)),
            },
            coords={"seed": ("member", np.arange(seeds)), "step": steps},
            attrs={"arm": arm, "strength": strength, "head_dim": 4},
        )
    )


def sweep(**changes):
    arms = {
        "none": synthetic("none", 0.0, 16, 0.0),
        "sham": synthetic("sham", 0.0, 12, 0.0),
        "var": synthetic("var", 10.0, 16, 0.05, entropy=0.3, concentration=1.8),
        "scale": synthetic("scale", 10.0, 12, 0.05, entropy=0.3, concentration=1.0),
        "init-scale": synthetic("init-scale", 0.0, 8, 0.03),
        **changes,
    }
    return {f"locater-{arm}": xr.DataTree(children={arm: run}) for arm, run in arms.items()}


def verdicts(found):
    judged = judge("qk_spectrum", "2402.02098", CLAIMS, xr.DataTree.from_dict(fit.fit(found, {})))
    return {verdict.id.split("/")[1]: verdict for verdict in judged}


def test_a_gain_beyond_the_margin_is_supported_and_the_mean_is_reported_only():
    found = verdicts(sweep())
    outcome = {name: verdict.verdict for name, verdict in found.items()}
    assert outcome == {
        "locater-helps": "supported",
        "locater-mean-matters": "reported",
        "locater-raises-kappa": "supported",
    }
    assert found["locater-helps"].estimate == pytest.approx(0.05, abs=0.003)
    assert found["locater-raises-kappa"].estimate == pytest.approx(1.8, abs=0.01)
    assert found["locater-mean-matters"].estimate == pytest.approx(0, abs=0.003)
    assert found["locater-mean-matters"].n == 12


def test_no_gain_is_refuted():
    found = verdicts(sweep(var=synthetic("var", 10.0, 16, 0.0)))
    assert found["locater-helps"].verdict == "refuted"
    assert found["locater-raises-kappa"].verdict == "refuted"


def test_a_placebo_that_gains_as_much_leaves_nothing_to_say():
    found = verdicts(sweep(sham=synthetic("sham", 0.0, 12, 0.05, entropy=0.3, concentration=1.8)))
    assert {found[name].verdict for name in ("locater-helps", "locater-raises-kappa")} == {"undecided"}
    assert "confounded" in found["locater-helps"].reason


def test_a_seed_that_diverged_leaves_the_claim_undecided():
    hurt = synthetic("var", 10.0, 16, 0.05, entropy=0.3)
    hurt["test_loss"][3] = np.nan
    assert verdicts(sweep(var=hurt))["locater-helps"].verdict == "undecided"


def test_of_several_strengths_the_first_seeds_choose_by_validation_and_the_others_are_judged():
    weak, strong = synthetic("var", 1.0, 16, 0.05), synthetic("var", 100.0, 16, 0.01)
    strong["validation_loss"][:4] = 2.0  # better where it is chosen, and there only
    several = sweep()
    del several["locater-var"]
    several["locater"] = xr.DataTree(children={"var-1": weak, "var-100": strong})
    chosen = runs.runs_of(several)
    assert chosen.strengths["var"] == 100.0
    assert list(chosen.arms["var"]["seed"].values) == list(range(4, 16))
    assert len(chosen.pairs("test_loss", "none", "var")) == 12
    assert len(chosen.pairs("test_loss", "none", "init-scale")) == 4


def test_pairs_are_matched_by_seed_not_by_place():
    table = synthetic("sham", 0.0, 12, 0.0).to_dataset()
    found = sweep(sham=xr.DataTree(table.isel(member=slice(None, None, -1))))
    straight, turned = runs.runs_of(sweep()), runs.runs_of(found)
    pairs = [np.sort(each.pairs("test_loss", "none", "sham")) for each in (straight, turned)]
    np.testing.assert_allclose(*pairs)


def test_a_sweep_without_this_family_is_said_so():
    with pytest.raises(StudyError, match=r"no shard 'locater\*' with the run 'none'"):
        fit.fit({"walks": xr.DataTree()}, {})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"heads": 5}, "5 does not divide 12"),
        ({"warmup": 13}, "a warmup of 13 steps is longer than the 12 steps"),
        ({"seeds": {"none": 4, "var": 5, "sham": 4, "scale": 4, "init_scale": 4}}, "var has 5 seeds"),
    ],
)
def test_sizes_that_do_not_fit_are_refused_in_words(change, says):
    with pytest.raises(ValidationError, match=says):
        Locater.model_validate({**SMALL.model_dump(), **change})


def test_figures_show_every_arm(swept):
    drawings = figures.draw(xr.DataTree.from_dict(fit.fit(swept, {})))
    assert set(drawings) == {"locater-gains", "locater-runs"}
    assert [label.get_text() for label in drawings["locater-gains"].figure.axes[0].get_yticklabels()] == [
        figures.LABELS[arm] for arm in ("sham", "var", "scale", "init-scale")
    ]
    for drawing in drawings.values():
        assert "nan" not in drawing.alt
        assert plotting.svg(drawing.figure).startswith("<?xml")


def test_curves_compare_arms_over_the_seeds_that_all_have():
    odd = synthetic("none", 0.0, 16, 0.0)
    odd["watched_loss"][8:] = 9.0  # beyond the eight seeds of small initial weights
    tree = xr.DataTree.from_dict(fit.fit(sweep(none=odd), {}))
    curve = tree["/curves/locater-runs"].to_dataset()
    assert curve.attrs["seeds"] == 8
    loss = curve["watched_loss"].isel(step=-1)
    assert float(loss.sel(arm="none") - loss.sel(arm="sham")) == pytest.approx(0, abs=0.003)


@pytest.mark.parametrize(
    ("gain_of_scale", "says"),
    [(0.05, "keeping the mean helps is not shown"), (0.02, "higher: keeping"), (0.08, "lower: keeping")],
)
def test_the_caption_says_whether_keeping_the_mean_is_shown_to_help(gain_of_scale, says):
    found = sweep(scale=synthetic("scale", 10.0, 12, gain_of_scale))
    caption = figures.draw(xr.DataTree.from_dict(fit.fit(found, {})))["locater-gains"].caption
    assert says in caption


def test_the_concentration_itself_is_shown_beside_its_rise():
    tree = xr.DataTree.from_dict(fit.fit(sweep(), {}))
    table = tree["/claims/locater-raises-kappa/concentration/measured"].to_dataset()
    assert list(table["component"].values) == ["var", "none"]
    expected = np.log([np.exp(1.8) / 40, 1 / 40])  # trace^2 / (head_dim ||W||_F^2)
    np.testing.assert_allclose(table["estimate"], expected, atol=0.01)


def test_words_in_their_own_parts_and_another_schedule_train_as_well():
    words = np.random.default_rng(5).integers(0, 30, 700).astype(np.int32)
    parts = {"train": words[:500], "valid": words[500:600], "test": words[600:]}
    dataset = xr.Dataset(
        {name: (f"{name}_position", part) for name, part in parts.items()}, attrs={"words": 30}
    )
    changes = {"dataset": "wikitext2", "schedule": "inverse-sqrt", "second_beta": 0.98}
    shard = plan.shards(Locater.model_validate({**SMALL.model_dump(), **changes}), 0)[0]
    assert shard.datasets == ("wikitext2",)
    found = experiment.trained(
        "tr2-10",
        {**shard.settings["runs"]["none"], "arm": "tr2", "strength": 1e-3},
        {"wikitext2": dataset},
        Work(),
    )
    assert found.attrs["symbols"] == 30
    assert np.isfinite(found["test_loss"]).all()
    assert float(found["test_loss"].min()) > 2  # nothing to learn from, and log 30 = 3.4


def test_a_run_that_was_killed_goes_on_to_the_same_numbers(tmp_path, monkeypatch):
    """Progress stops the run half way; started again in the same folder, it ends as if it had not been."""
    (shard,) = plan.shards(SMALL, 0)
    settings = shard.settings["runs"]["var-10"]

    def stopping(iterable, total=None, description=""):
        for place, item in enumerate(iterable):
            if place == 7:
                raise KeyboardInterrupt
            yield item

    real = experiment.train
    monkeypatch.setattr(experiment, "train", lambda *given, **named: real(*given, **named, save_seconds=0))
    work = {"unfinished": tmp_path / "unfinished", "identity": "one"}
    with pytest.raises(KeyboardInterrupt):
        experiment.trained("var-10", settings, made_text(), Work(progress=stopping, **work))
    resumed = experiment.trained("var-10", settings, made_text(), Work(**work))
    xr.testing.assert_identical(resumed, experiment.trained("var-10", settings, made_text(), Work()))


@pytest.mark.parametrize(
    ("told", "says"),
    [
        (
            {"dataset": "text", "source": "novel.txt", "sha256": "ab" * 32},
            "text (novel.txt; sha256 abababababab).",
        ),
        ({"dataset": "wikitext2"}, "Text: wikitext2."),
    ],
)
def test_captions_say_which_text_was_used(told, says):
    run = synthetic("none", 0.0, 16, 0.0)
    run.attrs.update(told)
    drawings = figures.draw(xr.DataTree.from_dict(fit.fit(sweep(none=run), {})))
    assert all(says in drawing.caption for drawing in drawings.values())


def test_few_seeds_are_drawn_themselves_and_the_concentration_ends_at_one():
    few = {
        name: xr.DataTree(children={arm: xr.DataTree(run.to_dataset().isel(member=slice(3)))})
        for name, shard in sweep().items()
        for arm, run in shard.children.items()
    }
    drawing = figures.draw(xr.DataTree.from_dict(fit.fit(few, {})))["locater-runs"]
    assert "each seed (thin)" in drawing.caption
    for axes in drawing.figure.axes:
        assert len(axes.lines) == 5 * (1 + 3)
        assert not axes.collections
    assert drawing.figure.axes[2].get_ylim()[1] <= 1
