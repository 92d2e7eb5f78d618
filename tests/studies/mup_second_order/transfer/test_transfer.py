"""From networks to verdicts and figures of the transfer of learning rates."""

import numpy as np
import pytest
import xarray as xr
from tests.studies.controls import assert_judged_tests_have_controls
from tests.studies.mup_second_order.components import assert_every_component_of_a_control_is_refuted

from widthscope.statistics.claims import judge
from widthscope.studies.mup_second_order.transfer import experiment, figures, fit, plan
from widthscope.studies.mup_second_order.transfer.claims import CLAIMS
from widthscope.studies.mup_second_order.transfer.settings import Transfer
from widthscope.width_sweeps.rate_lists import added
from widthscope.work import Work

SETTINGS = Transfer(widths=(16, 32), seeds=3, steps=10, train=200)
WIDTHS = (64, 128, 256, 512)
SEEDS = 12
DRIFTS = {
    "sgd-mup": 0.0,
    "sgd-sp": -1.0,
    "kfac-mup": 0.05,
    "kfac-sp": 0.05,
    "kfac-foof": -1.0,
    "shampoo-mup": 0.0,
    "shampoo-sp": -0.5,
}


@pytest.fixture(scope="module")
def stored(small_digits):
    (shard,) = plan.shards(SETTINGS, seed=7)
    return {shard.name: experiment.run(shard.settings, {"digits": small_digits}, Work())}


def synthetic(rates, drift, centre=-3.0):
    """Losses that are parabolas about a best rate that drifts."""
    generator = np.random.default_rng(3)
    x, m = np.log2(rates), np.log2(WIDTHS)
    best = centre + drift * (m - m[0])[:, None] + 0.05 * generator.standard_normal((len(m), SEEDS))
    log_loss = 0.2 * (x[None, :, None] - best[:, None, :]) ** 2 - 2
    shape = (len(m), len(x), 1, SEEDS)
    dims = ("width", "lr", "damping", "seed")
    loss = np.exp(log_loss).reshape(*shape, 1).repeat(2, axis=-1)
    return xr.Dataset(
        {
            "train_loss": ((*dims, "step"), loss),
            "diverged": (dims, np.zeros(shape, bool)),
            "done": (dims, np.ones(shape, bool)),
            "lr_eff": (("width", "lr", "layer"), np.ones((len(m), len(x), 3))),
        },
        coords={
            "width": list(WIDTHS),
            "lr": rates,
            "damping": [0.1],
            "seed": range(SEEDS),
            "step": [0, 60],
            "layer": [1, 2, 3],
        },
    )


@pytest.fixture
def drifting():
    rates = 2.0 ** np.arange(-8, 1)
    return {"transfer": xr.DataTree.from_dict({f"/{a}": synthetic(rates, d) for a, d in DRIFTS.items()})}


def verdicts(shards):
    tree = xr.DataTree.from_dict(fit.fit(shards, {}))
    return {verdict.id: verdict for verdict in judge("s", "1", CLAIMS, tree)}


def test_drifts_that_were_put_in_are_found_and_judged(drifting):
    for name, verdict in verdicts(drifting).items():
        assert verdict.verdict == "supported", (name, verdict.reason)
        assert verdict.control.rejected
        mup = DRIFTS[f"{name.rpartition('-')[2]}-mup"]
        assert verdict.estimate == pytest.approx(mup, abs=0.05)
    tree = xr.DataTree.from_dict(fit.fit(drifting, {}))
    assert_every_component_of_a_control_is_refuted(CLAIMS, tree)


def test_k_fac_must_stay_in_the_standard_parameterisation_too(drifting):
    rates = 2.0 ** np.arange(-8, 1)
    moved = {"transfer": drifting["transfer"].assign({"kfac-sp": xr.DataTree(synthetic(rates, -0.6))})}
    found = verdicts(moved)["s/lr-transfer-kfac"]
    assert {test.name: test.verdict for test in found.tests if test.control} == {
        "drift": "supported",
        "standard": "refuted",
    }


def test_where_the_rival_does_not_drift_the_rule_cannot_tell(drifting):
    drifting["transfer"]["kfac-foof"] = drifting["transfer"]["kfac-sp"].copy()
    assert verdicts(drifting)["s/lr-transfer-kfac"].verdict == "undecided"


def test_an_optimum_on_the_edge_of_the_grid_is_no_pass(drifting):
    table = drifting["transfer"]["sgd-mup"].to_dataset()
    drifting["transfer"]["sgd-mup"] = xr.DataTree(table.isel(lr=slice(5, None)))
    found = verdicts(drifting)["s/lr-transfer-sgd"]
    assert found.verdict == "undecided"
    shares = {row.component: row.estimate for test in found.tests for row in test.components}
    assert shares["gradient descent, maximal update: low edge"] > 0.9


def test_a_tuned_rate_that_diverges_at_the_largest_width_is_counted(drifting):
    table = drifting["transfer"]["sgd-sp"].to_dataset()
    table["diverged"].loc[{"width": 512, "lr": slice(2.0**-4, None)}] = True
    drifting["transfer"]["sgd-sp"] = xr.DataTree(table)
    tests = {test.name: test for test in verdicts(drifting)["s/lr-transfer-sgd"].tests}
    shares = {row.component: row.estimate for row in tests["transferred-diverges"].components}
    assert shares == {"gradient descent, maximal update": 0.0, "gradient descent, standard": 1.0}


def test_stored_networks_make_evidence_and_figures(stored):
    tree = xr.DataTree.from_dict(fit.fit(stored, {}))
    assert_judged_tests_have_controls(CLAIMS, tree)
    drawings = figures.draw(tree)
    assert {claim.figure for claim in CLAIMS} <= set(drawings)
    for drawing in drawings.values():
        assert "nan" not in drawing.caption + drawing.alt


def test_arms_agree_at_the_base_width(small_digits):
    settings = SETTINGS.model_copy(update={"widths": (64,), "steps": 3})
    (shard,) = plan.shards(settings, seed=7)
    found = experiment.run(shard.settings, {"digits": small_digits}, Work())
    mup, sp = (found[f"shampoo-{arm}"]["train_loss"].values for arm in ("mup", "sp"))
    assert np.array_equal(mup, sp)


def appended(settings, method, arm, rate):
    """The settings with one rate more added to an arm."""
    section = getattr(settings, method)
    longer = (*getattr(section, f"{arm}_added"), rate)
    return settings.model_copy(update={method: section.model_copy(update={f"{arm}_added": longer})})


def planned(settings):
    return {shard.name: shard for shard in plan.shards(settings, 0)}


def test_a_rate_that_is_appended_trains_a_new_shard_at_every_width_and_nothing_else():
    before = planned(Transfer())
    once = appended(Transfer(), "sgd", "mup", 0.001)
    after = planned(once)
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {f"transfer-sgd-mup-n{width}-lr0.001" for width in WIDTHS}
    (run,) = after["transfer-sgd-mup-n64-lr0.001"].settings["runs"]
    assert run["rates"] == {"sgd-mup": [0.001]}
    for method, arm in (("kfac", "sp"), ("sgd", "mup")):
        twice = planned(appended(once, method, arm, 0.002))
        assert {name: twice[name] for name in after} == after
        assert set(twice) - set(after) == {f"transfer-{method}-{arm}-n{width}-lr0.002" for width in WIDTHS}
    short = Transfer(widths=(16, 32), seeds=3, steps=5, train=200)
    small, more = planned(short), planned(appended(short, "sgd", "mup", 0.001))
    assert list(small) == ["transfer"]
    assert more["transfer"] == small["transfer"]


def test_a_width_that_is_added_leaves_the_other_shards_alone():
    before, after = planned(Transfer()), planned(Transfer(widths=(*WIDTHS, 1024)))
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {f"transfer-{method}-n1024" for method in plan.METHODS}


def test_every_rate_of_every_arm_is_trained_once_at_every_width():
    settings = appended(Transfer(), "sgd", "mup", 0.001)
    found = sorted(
        (arm, run["width"], rate)
        for shard in planned(settings).values()
        for run in shard.settings["runs"]
        for arm, rates in run["rates"].items()
        for rate in rates
    )
    grids = {
        f"{method}-{arm}": (*getattr(getattr(settings, method), arm), *more)
        for method in plan.METHODS
        for arm, more in added(getattr(settings, method)).items()
    }
    assert found == sorted((arm, width, rate) for arm in grids for width in WIDTHS for rate in grids[arm])


def test_blocks_of_rates_change_no_number(small_digits):
    """The same rates in one shard, and one of them appended: to the last bit the same losses."""
    whole, *_ = plan.shards(SETTINGS, seed=7)
    run = whole.settings["runs"][0]
    arm, rates = next(iter(run["rates"].items()))
    together = {**run, "rates": {arm: rates}}
    apart = [{**run, "rates": {arm: part}} for part in (rates[:-1], rates[-1:])]
    losses = [
        experiment.run({**whole.settings, "runs": runs}, {"digits": small_digits}, Work())[arm]
        for runs in ([together], apart)
    ]
    assert losses[0].to_dataset().equals(losses[1].to_dataset())
