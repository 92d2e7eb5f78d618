"""Coordinate checks: planted slopes, inference that did not arrive, and a small training."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from tests.studies.mup_local.judged_here import verdicts

from widthscope.datasets.digits import prepare
from widthscope.studies.mup_local.coordinates import experiment, fit, plan
from widthscope.studies.mup_local.coordinates.cases import CASES
from widthscope.studies.mup_local.coordinates.claims import CLAIMS
from widthscope.studies.mup_local.coordinates.settings import Coordinates
from widthscope.work import Work

WIDTHS, SEEDS = (64, 128, 256), 20
WRONG = {
    "si-1-sgd": (0.9, 0.9, 0.7),
    "si_fpa-sp": (-0.7, -0.1, 0.7),
    "si-sp": (-0.7, -0.1, 0.7),
    "eq-ntk": (-0.5, -0.5, 0.0),
    "dtp-sp": (-0.1, 0.6, 0.7),
}


def made_up(row, slopes=(0.0, 0.0, 0.0), residual=3e-5):
    draw = np.random.default_rng(sorted(CASES).index(row))
    steps = [1, 5] if CASES[row].equilibrium else [1, 5, 10]
    shape = (len(WIDTHS), 1, 1, SEEDS, len(steps), 3)
    rising = np.array(WIDTHS, dtype=float).reshape(-1, 1, 1, 1, 1, 1) / 64
    moved = 0.1 * rising ** np.array(slopes) * np.exp(0.02 * draw.normal(size=shape))
    dims = ("width", "lr", "damping", "seed", "step")
    found = {"dh": ((*dims, "layer"), moved), "df": (dims, moved[..., 2])}
    if not row.startswith("dtp"):  # one pass never arrives, and is not asked to
        arrived = residual if CASES[row].equilibrium else 0.5
        found["infer_residual"] = (dims, np.full(shape[:-1], arrived))
    coords = {"width": list(WIDTHS), "lr": [0.25], "damping": [0.0], "seed": range(SEEDS)}
    return xr.Dataset(found, coords={**coords, "step": steps, "layer": [1, 2, 3]})


def tables(**changes):
    return {row: made_up(row, **changes.get(row, {"slopes": WRONG.get(row, (0.0,) * 3)})) for row in CASES}


def test_planted_slopes_support_what_is_claimed_and_refute_the_controls():
    found = verdicts(fit, CLAIMS, {"coordinates": tables()})
    assert {name: verdict.verdict for name, verdict in found.items()} == dict.fromkeys(found, "supported")
    for verdict in found.values():
        for test in verdict.tests:
            assert test.control is None or test.control.verdict == "refuted", (verdict.id, test.name)


def test_a_slope_of_one_quarter_refutes():
    found = verdicts(fit, CLAIMS, {"coordinates": tables(**{"si-1": {"slopes": (0.0, 0.25, 0.0)}})})
    assert found["pc-coordcheck"].verdict == "refuted"


def test_inference_that_did_not_arrive_is_not_judged():
    found = verdicts(fit, CLAIMS, {"coordinates": tables(**{"eq-0": {"residual": 2e-4}})})
    assert found["pc-coordcheck"].verdict == "undecided"
    residual = next(test for test in found["pc-coordcheck"].tests if test.name == "residual")
    assert residual.components[0].estimate == pytest.approx(2e-4)


def test_the_narrowest_width_is_left_out_after_all_steps_too():
    bent = tables()
    narrow = bent["si-0"]["dh"].sel(width=64, step=10, layer=2)
    narrow[...] = 2 * narrow
    found = {test.name: test for test in verdicts(fit, CLAIMS, {"coordinates": bent})["pc-coordcheck"].tests}
    name = "one pass, gamma=0: h2"
    slopes = {
        test: next(one.estimate for one in found[test].components if one.component == name)
        for test in ("si", "later", "later-without-narrowest")
    }
    assert slopes["later"] < -0.3
    assert abs(slopes["si"]) < 0.03
    assert abs(slopes["later-without-narrowest"]) < 0.03


def test_a_width_that_is_added_is_a_new_shard_alone():
    before = {shard.name: shard for shard in plan.shards(Coordinates(), 0)}
    wider = Coordinates(widths=(64, 128, 256, 512, 1024))
    after = {shard.name: shard for shard in plan.shards(wider, 0)}
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {"coordinates-n1024"}


@pytest.fixture(scope="module")
def small_run():
    sizes = {
        "widths": (8, 16),
        "equilibrium_widths": (8, 16),
        "base": 16,
        "seeds": 3,
        "judged": 2,
        "steps": 3,
    }
    one_rate = {"control_rate": 0.25, "target_control_rate": 0.1}
    (shard,) = plan.shards(Coordinates(**sizes, **one_rate), 0)
    return experiment.run(shard.settings, {"digits": prepare({}, Path())}, Work())


def test_a_small_training_has_every_row_and_all_are_one_at_the_base_width(small_run):
    assert set(small_run.children) == set(CASES)
    moved = {row: small_run[row]["dh"].sel(width=16, step=2).values for row in CASES}
    for one, other in [("si-0", "si-1"), ("si-0", "si-half"), ("eq-0", "eq-ntk"), ("dtp", "dtp-sp")]:
        assert np.array_equal(moved[one], moved[other])
    tables = {row: small_run[row].to_dataset() for row in CASES}
    assert set(verdicts(fit, CLAIMS, {"coordinates": tables})) == {claim.name for claim in CLAIMS}


def test_fixed_predictions_move_as_gradient_descent_whatever_gamma(small_run):
    first, second = (small_run[row]["dh"].sel(width=8) for row in ("si_fpa-0", "si_fpa-1"))
    assert np.allclose(first, second, rtol=1e-4)


def test_what_the_rules_leave_is_kept(small_run):
    for row in ("si-1", "eq-1", "si_fpa-0"):
        table = small_run[row].sel(step=3 if "eq" not in row else 2)
        assert np.all(table["energy_init"] > table["energy_final"])
        assert np.all(table["state_shift"] > 0)
    assert np.all(small_run["si-1"]["infer_residual"] > 0.01)
    maps = small_run["dtp"]
    for name in ("recon_mse", "feedback_align"):
        assert np.array_equal(np.isnan(maps[name].isel(width=0, lr=0, damping=0, seed=0, step=0)), [1, 0, 0])
    assert np.all(np.abs(maps["feedback_align"].sel(layer=[2, 3])) < 0.5)
    assert np.all(np.isfinite(maps["WQ_diag"]))


def test_the_inference_arrives_and_its_residual_is_kept(small_run):
    for row in ("eq-0", "eq-1", "eq-ntk"):
        residual = small_run[row]["infer_residual"].values
        assert np.all(residual <= 1e-4)
        assert np.all(residual > 0)
