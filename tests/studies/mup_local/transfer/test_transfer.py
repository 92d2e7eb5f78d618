"""Transfer of learning rates: shards that only grow, optima that are planted, and a small training."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from tests.studies.mup_local.judged_here import verdicts

from widthscope.datasets.digits import prepare
from widthscope.studies.mup_local.transfer import experiment, fit, plan
from widthscope.studies.mup_local.transfer.cases import CASES
from widthscope.studies.mup_local.transfer.claims import CLAIMS
from widthscope.studies.mup_local.transfer.settings import Transfer
from widthscope.work import Work

WIDTHS, SEEDS, STEPS = (64, 128, 256, 512), 14, (10, 30)
RATES = [2.0**power for power in np.arange(-6, 1.1, 0.5)]
DRIFTS = {"si-0": 0.02, "si-1": -0.02, "si-sp": -0.6, "dtp": 0.03, "dtp-sp": -0.5}


def made_up(row, drift, level=-0.25, rates=RATES, cliff=2.0, later=None, better=0.02):
    """A table whose optimum drifts from 2^-2 (by `later` after all steps) and whose loss there changes by
    2^level a doubling; networks diverge at 2^cliff times that rate, accuracies rise by `better`."""
    draw = np.random.default_rng(sorted(CASES).index(row))
    shape = (len(WIDTHS), len(rates), 1, SEEDS)
    doublings = np.arange(len(WIDTHS)).reshape(-1, 1, 1, 1)
    best = -2 + drift * doublings + 0.05 * draw.normal(size=(len(WIDTHS), 1, 1, SEEDS))
    drawn = 2.0 ** (level * doublings + 0.02 * draw.normal(size=(1, 1, 1, SEEDS)))
    away = np.log2(rates).reshape(1, -1, 1, 1) - best
    lost = np.broadcast_to(away > cliff, shape)
    more = 0.0 if later is None else (later - drift) * doublings
    losses = np.stack(
        [np.where(lost, np.nan, 0.12 * drawn * 2.0 ** (0.1 * (away - moved) ** 2)) for moved in (0.0, more)],
        axis=-1,
    )
    dims = ("width", "lr", "damping", "seed")
    accuracy = np.where(lost, np.nan, 0.9 + better * doublings + 0.002 * draw.normal(size=shape))
    return xr.Dataset(
        {
            "train_loss": ((*dims, "step"), losses),
            "test_acc": ((*dims, "step"), np.stack([accuracy] * 2, axis=-1)),
            "diverged": (dims, lost),
            "diverged_step": (dims, np.where(lost, 3, -1)),
            "done": (dims, np.ones(shape, dtype=bool)),
        },
        coords={
            "width": list(WIDTHS),
            "lr": list(rates),
            "damping": [0.0],
            "seed": range(SEEDS),
            "step": list(STEPS),
        },
    )


def tables(**changes):
    rows = {row: {"drift": drift} for row, drift in DRIFTS.items()}
    rows["si-sp"] |= {"level": -0.05, "cliff": 1.0}
    for row, change in changes.items():
        rows[row.replace("_", "-")] |= change
    return {row: made_up(row, **options) for row, options in rows.items()}


def test_planted_optima_support_what_is_claimed_and_refute_the_controls():
    found = verdicts(fit, CLAIMS, {"transfer": tables()})
    assert {name: verdict.verdict for name, verdict in found.items()} == dict.fromkeys(found, "supported")
    drift = found["pc-lr-transfer"].tests[0]
    assert drift.components[0].estimate == pytest.approx(0.02, abs=0.02)
    assert drift.control.components[0].estimate == pytest.approx(-0.6, abs=0.05)


@pytest.mark.parametrize(
    ("claim", "change"),
    [
        ("pc-lr-transfer", {"si_1": {"drift": -0.6}}),
        ("tp-lr-transfer", {"dtp": {"drift": 0.5}}),
        ("pc-wider-is-better", {"si_0": {"level": -0.02}}),
    ],
)
def test_a_drift_or_a_level_loss_refutes(claim, change):
    assert verdicts(fit, CLAIMS, {"transfer": tables(**change)})[claim].verdict == "refuted"


def test_an_optimum_on_the_grids_edge_is_not_measured():
    found = verdicts(fit, CLAIMS, {"transfer": tables(si_0={"rates": RATES[9:]})})["pc-lr-transfer"]
    assert found.verdict == "undecided"
    assert found.tests[0].components[0].estimate is None


def test_a_network_that_diverges_has_an_infinite_loss_from_then_on():
    table = made_up("si-0", 0.0, cliff=1.0)
    table["diverged_step"] = table["diverged_step"].where(table["diverged_step"] < 0, 20)
    table["train_loss"] = table["train_loss"].fillna(0.3)
    lost = table["diverged"].isel(damping=0, drop=True).transpose("width", "lr", "seed").values
    assert lost.any()
    assert np.all(np.isinf(fit.training_losses(table).values) == lost)
    assert np.all(np.isfinite(fit.training_losses(table, fit.FIRST).values))


def test_what_diverges_at_the_widest_is_counted_and_its_regret_not_measured():
    found = verdicts(fit, CLAIMS, {"transfer": tables()})["pc-lr-transfer"]
    named = {test.name: {one.component: one.estimate for one in test.components} for test in found.tests}
    standard = fit.WORDS["si-sp"]
    assert named["diverges"] == {"gamma=0": 0.0, "gamma=-1": 0.0, standard: 1.0}
    assert named["regret"][standard] is None
    assert named["regret"]["gamma=0"] == pytest.approx(0.0, abs=0.01)


def test_predictive_coding_is_judged_at_the_first_record_and_its_last_is_shown():
    found = verdicts(fit, CLAIMS, {"transfer": tables(si_0={"later": 0.5})})["pc-lr-transfer"]
    assert found.verdict == "supported"
    shown = next(test for test in found.tests if test.name == "all-steps")
    assert shown.components[0].estimate == pytest.approx(0.5, abs=0.05)
    assert shown.components[0].n == SEEDS


def test_without_an_effect_of_the_width_the_comparison_of_energies_is_undecided():
    level = {row: {"better": 0.0} for row in ("si_0", "si_1", "si_sp")}
    found = verdicts(fit, CLAIMS, {"transfer": tables(**level)})["pc-gbar-small-effect"]
    assert found.verdict == "undecided"


def test_a_cliff_is_reported():
    found = verdicts(fit, CLAIMS, {"transfer": tables(dtp={"cliff": 0.3})})["tp-lr-transfer"]
    shown = next(test for test in found.tests if test.name == "cliff")
    assert shown.components[0].estimate == 1.0
    assert shown.components[1].estimate == 0.0


def test_optima_are_drawn_at_the_least_loss_of_the_grid_though_a_neighbour_is_about_to_diverge():
    planted = tables()
    losses = planted["si-0"]["train_loss"]
    losses[:, RATES.index(0.5)] = 1e20
    shards = {"transfer": xr.DataTree.from_dict({f"/{row}": table for row, table in planted.items()})}
    curve = fit.fit(shards, {})["/curves/transfer/si-0"]
    least = np.exp(np.log(losses.isel(step=0, damping=0).min("lr")).mean("seed"))
    assert np.allclose(curve["optimum_loss"], least)
    assert curve.attrs["steps"] == STEPS[0]


def test_rates_in_two_shards_are_one_curve():
    whole = tables()
    odd = {row: table.isel(lr=slice(1, None, 2)) for row, table in whole.items()}
    even = {row: table.isel(lr=slice(0, None, 2)) for row, table in whole.items()}
    split = verdicts(fit, CLAIMS, {"transfer-n64": even, "transfer-n64-2": odd})
    for name, verdict in verdicts(fit, CLAIMS, {"transfer": whole}).items():
        assert split[name].estimate == verdict.estimate


def shards(**changes):
    return {shard.name: shard for shard in plan.shards(Transfer(**changes), 0)}


def test_a_width_that_is_added_is_new_shards_alone():
    before, after = shards(), shards(widths=(64, 128, 256, 512, 1024))
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {"transfer-pc-n1024", "transfer-tp-n1024"}


def test_a_rate_that_is_appended_is_new_shards_alone():
    before = shards()
    after = shards(rates_added=(2.0,))
    assert {name: after[name] for name in before} == before
    new = set(after) - set(before)
    assert new == {f"transfer-{row}-n{width}-lr2" for row in ("si-0", "si-1") for width in Transfer().widths}
    assert len(before) <= 6
    assert after["transfer-si-0-n64-lr2"].settings["rates"] == {"si-0": [2.0]}
    again = shards(rates_added=(0.1, 2.0), target_rates_added=(1.0,))
    assert {name: again[name] for name in after} == after
    small = {"widths": (8, 16), "seeds": 2, "judged": 2, "steps": 4, "pretraining": 2}
    assert shards(**small, rates_added=(2.0,))["transfer"] == shards(**small)["transfer"]


@pytest.fixture(scope="module")
def digits():
    return {"digits": prepare({}, Path())}


def small(**changes):
    sizes = {"widths": (8, 16), "base": 16, "seeds": 2, "judged": 2, "steps": 4, "pretraining": 2}
    (shard,) = plan.shards(Transfer(**{**sizes, **changes}), 0)
    return shard


def test_a_small_training_has_every_row_and_all_are_one_at_the_base_width(digits):
    shard = small(control_rates=Transfer().rates, target_control_rates=Transfer().target_rates)
    tree = experiment.run(shard.settings, digits, Work())
    assert set(tree.children) == set(CASES)
    at_base = {row: tree[row]["batch_loss"].sel(width=16).values for row in CASES}
    assert np.array_equal(at_base["si-0"], at_base["si-1"])
    assert np.array_equal(at_base["si-0"], at_base["si-sp"])
    assert np.array_equal(at_base["dtp"], at_base["dtp-sp"])
    first, second = tree["si-0"]["batch_loss"].sel(width=16).isel(lr=0, damping=0, update=0).values
    assert first != second
    assert list(tree["si-0"]["step"].values) == [2, 4]
    assert list(tree["dtp"]["step"].values) == [4]
    assert np.isfinite(tree["si-0"]["state_shift"]).all()
    assert np.isfinite(tree["dtp"]["recon_mse"].sel(layer=[2, 3])).all()
    narrow = {row: tree[row]["batch_loss"].sel(width=8).values for row in CASES}
    assert not np.array_equal(narrow["dtp"], narrow["dtp-sp"])
    judged = {row: tree[row].to_dataset() for row in CASES}
    assert set(verdicts(fit, CLAIMS, {"transfer": judged})) == {claim.name for claim in CLAIMS}


def test_a_rate_in_a_shard_of_its_own_is_trained_alike(digits):
    together = experiment.run(small().settings, digits, Work())["si-0"]["batch_loss"]
    rate = Transfer().rates[1]
    alone = experiment.run({**small().settings, "rates": {"si-0": [rate]}}, digits, Work())
    assert np.array_equal(alone["si-0"]["batch_loss"].sel(lr=rate), together.sel(lr=rate))
