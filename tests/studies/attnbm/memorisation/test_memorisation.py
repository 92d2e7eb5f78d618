"""From trainings on orthogonal patterns to verdicts and figures."""

import math

import numpy as np
import pytest
import torch
import xarray as xr
from tests.studies.controls import assert_judged_tests_have_controls
from tests.studies.stored import results_of

from widthscope.boltzmann.plateau import orders_of, plateau
from widthscope.config import load
from widthscope.errors import ConfigError
from widthscope.statistics.claims import judge
from widthscope.studies.attnbm.memorisation import experiment, figures, fit, plan
from widthscope.studies.attnbm.memorisation.claims import CLAIMS
from widthscope.studies.attnbm.memorisation.pattern_coordinates import (
    COORDINATES,
    EpochOfDescent,
    likelihoods,
    small,
)
from widthscope.studies.attnbm.memorisation.settings import (
    HiddenUnits,
    Memorisation,
    Plateaus,
    Published,
    WhitenedImages,
)
from widthscope.work import Work


def assert_legends_beside_axes(figure) -> None:
    """Legends that would cover data stand under the axes, and within the figure."""
    figure.canvas.draw()
    legends = [(axes, axes.get_legend()) for axes in figure.axes if axes.get_legend()]
    assert legends
    for axes, legend in legends:
        box = legend.get_window_extent()
        assert box.y1 < axes.get_window_extent().y0
        assert box.y0 >= 0


SETTINGS = Memorisation(
    hidden_units=HiddenUnits(hidden=(16, 72), epochs=400, seeds=10),
    plateaus=Plateaus(sizes=((64, 16),), epochs=800, settled=300, seeds=8),
    published=Published(pixels=64, patterns=20, hidden=90, rate=0.02, epochs=400, seeds=5),
    images=WhitenedImages(patterns=16, hidden=32, epochs=150, seeds=3),
)


@pytest.fixture(scope="module")
def stored(small_digits):
    return results_of(plan.shards(SETTINGS, seed=7), experiment.run, {"digits": small_digits})


@pytest.fixture(scope="module")
def tree(stored):
    return xr.DataTree.from_dict(fit.fit(stored, {}))


@pytest.fixture(scope="module")
def verdicts(tree):
    found = judge("attnbm", "2212.04692", CLAIMS, tree)
    return {(verdict.id.split("/")[1], test.name): test for verdict in found for test in verdict.tests}


def test_the_formula_is_where_training_ends_and_orders_of_one_are_not(verdicts):
    for name in ("relative", "shrinks"):
        outcome = verdicts["plateau-formula", name]
        assert (outcome.verdict, outcome.control.verdict) == ("supported", "refuted"), outcome.reason
    assert verdicts["plateau-formula", "relative"].control.estimate != pytest.approx(1.0, abs=0.02)
    assert abs(verdicts["plateau-formula", "relative"].estimate) < 1e-6


def test_the_formula_of_one_seed_by_hand(stored):
    settled = stored["memorisation"]["plateaus/N64-H16/settled"]
    owners = settled["owner"].isel(seed=0, epoch=-1).values.astype(int)
    orders = np.bincount(owners)[np.bincount(owners) > 0]
    reached = float(settled["nll"].isel(seed=0, epoch=-1).mean())
    assert reached == pytest.approx(plateau(orders, 64.0).nll, abs=1e-5)
    assert reached > math.log(16) + 1


def test_more_hidden_units_memorise_more_and_copies_do_not(tree, verdicts):
    shares = tree["/claims/memorisation/memorised/measured"]["estimate"].values
    assert shares[1] > shares[0] + 0.2
    trend = verdicts["memorisation", "trend"]
    assert trend.estimate == pytest.approx((shares[1] - shares[0]) / math.log2(72 / 16))
    assert trend.verdict == "supported"
    assert abs(trend.control.estimate) < 0.0625


def test_two_copies_at_twice_the_rate_train_as_one():
    """What the control of the trend stands for, in the update that trains."""
    one = small(torch.Generator().manual_seed(3), 6, 16, 4)
    two = {name: torch.cat([value, value], dim=-1) for name, value in one.items()}
    order = torch.randint(4, (1, 30, 2), generator=torch.Generator().manual_seed(4))
    ends = []
    for rate, start in ((0.05, one), (0.1, two)):
        step, parameters = EpochOfDescent(16.0, rate), {name: value[None] for name, value in start.items()}
        ends.append(step(parameters, {}, {"order": order}, 0)[0])
    nll = [likelihoods(parameters, 16.0)["nll"] for parameters in ends]
    assert torch.allclose(ends[1][COORDINATES][0, :, :6], ends[0][COORDINATES][0], rtol=1e-9)
    assert torch.allclose(nll[0], nll[1], rtol=1e-9)


def test_a_start_at_the_patterns_stays_at_the_optimum(verdicts):
    for claim in ("memorisation", "official-curve"):
        control = verdicts[claim, "plateau"].control
        assert control.verdict == "refuted"
        assert 0 <= control.estimate < 0.1


def test_the_published_metric_starts_at_half_the_norm_over_the_batch(verdicts):
    start = verdicts["official-curve", "start"]
    assert start.prediction == pytest.approx(64 / 2 / 5)
    assert (start.verdict, start.control.verdict) == ("supported", "refuted")
    # The start at 20 patterns is near the optimum, log 20.
    assert start.control.estimate == pytest.approx(math.log(20) / 5, rel=0.3)


def test_the_plateau_of_the_published_sizes_is_that_of_the_orders_at_the_end(stored, verdicts, tree):
    table = stored["memorisation"]["published/small"].isel(epoch=-1)
    stars = [plateau(orders_of(own), 64.0).nll for own in table["owner"].values]
    found = verdicts["official-curve", "plateau"]
    assert found.estimate == pytest.approx(np.mean(stars) - math.log(20))
    assert float(tree["/claims/official-curve/excess/measured"]["estimate"][0]) > found.estimate


def test_a_pattern_is_memorised_within_two_nats_of_the_optimum():
    nll = np.array([[math.log(4) + 1.9, math.log(4) + 2.1, 0.0, 50.0], [np.nan, 1.0, 1.0, 1.0]])
    table = xr.Dataset({"nll": (("seed", "epoch", "pattern"), nll[:, None])})
    assert np.array_equal(fit.memorised(table), [0.5, np.nan], equal_nan=True)


def of_shares(*shares: float) -> xr.Dataset:
    """A table of five patterns of which each seed memorised this share."""
    nll = np.where(np.arange(5) < 5 * np.array(shares)[:, None], 0.0, 50.0)
    return xr.Dataset({"nll": (("seed", "epoch", "pattern"), nll[:, None])})


def test_equal_seeds_leave_the_trend_an_error_and_unequal_ones_their_own():
    equal = fit._trend([4, 16], [of_shares(0.2, 0.2, 0.2), of_shares(0.6, 0.6, 0.6)])
    assert float(equal["estimate"][0]) == pytest.approx(0.2)
    slopes = np.array([0.2, 0.2, 0.3])  # one seed with one pattern of five more, over two doublings
    error = slopes.std(ddof=1) / math.sqrt(3)
    assert float(equal["standard_error"][0]) == pytest.approx(error)
    unequal = fit._trend([4, 16], [of_shares(0.2, 0.2, 0.2), of_shares(0.6, 0.6, 0.8)])
    assert float(unequal["standard_error"][0]) == pytest.approx(error)


def test_jonckheere_counts_pairs_in_order():
    table = fit.ordered_pairs([np.array([0.0, 1.0]), np.array([1.0, 2.0])])
    assert float(table["estimate"][0]) == pytest.approx(3.5 / 4)
    # Of two groups of two, without ties, the statistic's variance is 2 * 2 * 5 / 12.
    assert float(table["standard_error"][0]) == pytest.approx(math.sqrt(20 / 12) / 4)


def test_whitened_images_are_nearly_orthogonal_and_pictures_belong_to_images(stored, small_digits):
    images = stored["memorisation"]["images"]
    assert float(images["overlap"].max()) < 0.3
    shown = stored["memorisation"]["receptive-fields"]
    assert shown["field"].shape == shown["nearest"].shape == (experiment.SHOWN, 8, 8)
    assert 0 < int(shown["order"].sum()) <= 16
    single = shown["cosine"].values[shown["order"].values == 1]
    assert single.min() > 0.9


def test_controls_are_there_and_figures_are_drawn_from_numbers(tree):
    assert_judged_tests_have_controls(CLAIMS, tree)
    drawings = figures.draw(tree)
    assert {claim.figure for claim in CLAIMS} <= set(drawings)
    for drawing in drawings.values():
        assert "nan" not in drawing.caption + drawing.alt
    share = drawings["memorisation-hidden"].figure.axes[0]
    low, high = share.get_ylim()
    assert -0.05 < low < 0.0 < 1.0 < high < 1.05
    assert_legends_beside_axes(drawings["memorisation-hidden"].figure)


def test_more_seeds_and_sizes_leave_the_first_ones_as_they_are():
    few = Plateaus(sizes=((8, 4),), patterns=4, batch=2, epochs=10, settled=10, seeds=3)
    more = few.model_copy(update={"sizes": ((8, 4), (8, 6)), "seeds": 4})
    runs = [
        experiment.plateaus(sizes.model_dump(), 0, {}, Work())["/plateaus/N8-H4/settled"]
        for sizes in (few, more)
    ]
    assert np.array_equal(runs[0]["nll"], runs[1]["nll"].isel(seed=slice(3)))


def test_long_parts_are_split_by_what_they_train_and_hold_the_same():
    long = Memorisation(hidden_units=HiddenUnits(epochs=100_000), plateaus=Plateaus(epochs=200_000))
    names = [shard.name for shard in plan.shards(long, 0)]
    assert {"memorisation-hidden-units-h288", "memorisation-hidden-units-copied"} <= set(names)
    assert "memorisation-plateaus-n64-h16" in names
    trained = [
        hidden
        for shard in plan.shards(long, 0)
        for hidden in shard.settings["parts"].get("hidden_units", {}).get("trained", [])
    ]
    assert trained == list(long.hidden_units.hidden)


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"plateaus": {"patterns": 100}}, "100 orthogonal patterns need as many pixels, not 64"),
        ({"hidden_units": {"batch": 5}}, "a batch of 5 must divide the 16 patterns"),
        ({"hidden_units": {"judged": 50}}, "judged 50 must be one of the hidden units"),
        ({"published": {"hidden": 100}}, "hidden 100 must be at least the number of patterns, 200"),
        ({"images": {"patterns": 64}}, "64"),
        (
            {"hidden_units": {"rate": 50.0}},
            "hidden_units.rate is 50.0, but it must be a number above 0 and of at most 1",
        ),
        ({"images": {"patterns": 30}}, "a batch of 4 must divide the 30 images"),
    ],
)
def test_sizes_that_cannot_work_are_refused_when_they_are_read(section, message):
    wrong = {"run": "a", "studies": {"attnbm": {"memorisation": section}}}
    with pytest.raises(ConfigError, match=message):
        load(wrong, "config.yaml")
