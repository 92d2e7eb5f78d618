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

WIDTHS, SEEDS, STEPS = (32, 64, 128, 256), 14, 10
RATES = [2.0**power for power in np.arange(-6, 1.1, 0.5)]
DRIFTS = {"si-0": 0.02, "si-1": -0.02, "si-sp": -0.6, "dtp": 0.03, "dtp-sp": -0.5}


def made_up(row, drift, level=-0.25, rates=RATES, cliff=2.0):
    """A table whose optimum drifts from 2^-2 and whose loss there changes by 2^level a doubling; networks
    diverge where the rate is 2^cliff times the optimum."""
    draw = np.random.default_rng(sorted(CASES).index(row))
    shape = (len(WIDTHS), len(rates), 1, SEEDS)
    doublings = np.arange(len(WIDTHS)).reshape(-1, 1, 1, 1)
    best = -2 + drift * doublings + 0.05 * draw.normal(size=(len(WIDTHS), 1, 1, SEEDS))
    away = np.log2(rates).reshape(1, -1, 1, 1) - best
    loss = 0.12 * 2.0 ** (level * doublings + 0.02 * draw.normal(size=(1, 1, 1, SEEDS)) + 0.1 * away**2)
    lost = np.broadcast_to(away > cliff, shape)
    batch = np.repeat(np.where(lost, np.nan, loss)[..., None], STEPS, axis=-1)
    batch[..., 0] = 0.45
    dims = ("width", "lr", "damping", "seed")
    accuracy = np.where(lost, np.nan, 0.95 + 0.002 * draw.normal(size=shape))
    return xr.Dataset(
        {
            "batch_loss": ((*dims, "update"), batch),
            "train_loss": ((*dims, "step"), np.where(lost, np.nan, loss)[..., None]),
            "test_acc": ((*dims, "step"), accuracy[..., None]),
            "diverged": (dims, lost),
            "diverged_step": (dims, np.where(lost, 3, -1)),
            "done": (dims, np.ones(shape, dtype=bool)),
        },
        coords={
            "width": list(WIDTHS),
            "lr": list(rates),
            "damping": [0.0],
            "seed": range(SEEDS),
            "step": [STEPS],
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


def test_networks_that_diverge_count_as_untrained():
    table = made_up("si-0", 0.0, cliff=1.0)
    losses = fit.training_losses(table)
    lost = table["diverged"].isel(damping=0, drop=True).transpose("width", "lr", "seed").values
    assert lost.any()
    assert np.all(losses.values[lost] == 0.45)
    assert np.all(losses.values[~lost] < 0.45)


def test_losses_are_geometric_means_over_the_second_half():
    table = made_up("si-0", 0.0, cliff=9.0)
    rising = np.linspace(0.4, 0.2, STEPS)
    table["batch_loss"] = table["batch_loss"] * 0 + xr.DataArray(rising, dims="update")
    expected = np.exp(np.log(rising[STEPS // 2 :]).mean())
    assert np.allclose(fit.training_losses(table).values, expected)


def test_rates_in_two_shards_are_one_curve():
    whole = tables()
    odd = {row: table.isel(lr=slice(1, None, 2)) for row, table in whole.items()}
    even = {row: table.isel(lr=slice(0, None, 2)) for row, table in whole.items()}
    split = verdicts(fit, CLAIMS, {"transfer-n32": even, "transfer-n32-2": odd})
    for name, verdict in verdicts(fit, CLAIMS, {"transfer": whole}).items():
        assert split[name].estimate == verdict.estimate


def shards(**changes):
    return {shard.name: shard for shard in plan.shards(Transfer(**changes), 0)}


def test_a_width_that_is_added_is_new_shards_alone():
    before, after = shards(), shards(widths=(32, 64, 128, 256, 512))
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {"transfer-pc-n512", "transfer-tp-n512"}


def test_a_rate_that_is_appended_is_new_shards_alone():
    before = shards()
    after = shards(rates=(*Transfer().rates, 2.0))
    assert {name: after[name] for name in before} == before
    new = [after[name] for name in set(after) - set(before)]
    assert {shard.name for shard in new} == {f"transfer-n{width}-2" for width in Transfer().widths}
    assert all(shard.settings["rates"] == {"si-0": [2.0], "si-1": [2.0]} for shard in new)


@pytest.fixture(scope="module")
def digits():
    return {"digits": prepare({}, Path())}


def small(**changes):
    sizes = {"widths": (8, 16), "base": 16, "seeds": 2, "steps": 4, "pretraining": 2}
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
    narrow = {row: tree[row]["batch_loss"].sel(width=8).values for row in CASES}
    assert not np.array_equal(narrow["dtp"], narrow["dtp-sp"])
    judged = {row: tree[row].to_dataset() for row in CASES}
    assert set(verdicts(fit, CLAIMS, {"transfer": judged})) == {claim.name for claim in CLAIMS}


def test_a_rate_in_a_shard_of_its_own_is_trained_alike(digits):
    together = experiment.run(small().settings, digits, Work())["si-0"]["batch_loss"]
    rate = Transfer().rates[1]
    alone = experiment.run({**small().settings, "rates": {"si-0": [rate]}}, digits, Work())
    assert np.array_equal(alone["si-0"]["batch_loss"].sel(lr=rate), together.sel(lr=rate))
