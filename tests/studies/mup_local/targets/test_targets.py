"""Regimes of target propagation: planted slopes, a small run, and fitted feedback against a loop."""

from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr
from tests.studies.mup_local.judged_here import verdicts

from widthscope.datasets.digits import prepare
from widthscope.models import mlp
from widthscope.streams import torch_generator
from widthscope.studies.mup_local.targets import experiment, fit, plan
from widthscope.studies.mup_local.targets.cases import CASES
from widthscope.studies.mup_local.targets.claims import CLAIMS
from widthscope.studies.mup_local.targets.ridge import fitted_alignment
from widthscope.studies.mup_local.targets.settings import Targets
from widthscope.width_sweeps.problems import digits_problem
from widthscope.work import Work

WIDTHS, SEEDS = (64, 128, 256, 512), 20
SLOPES = {
    # Case: of the features, and of the output through them.
    "dtp": (0.0, 0.0),
    "dtp-several": (0.0, 0.0),
    "dtp-learned": (0.0, 0.0),
    "dtp-tied": (0.0, 0.4),
    "dtp-readout-1": (0.0, -0.5),
    "dtp-slowed": (-0.5, -0.5),
    "bp-ntk": (-0.5, 0.0),
    "bp-features": (0.0, 0.5),
}


def made_up(case, slopes):
    draw = np.random.default_rng(sorted(CASES).index(case))
    rising = np.array(WIDTHS, dtype=float).reshape(-1, 1, 1, 1, 1) / 64
    shape = (len(WIDTHS), 1, 1, SEEDS, 1)
    features, output = (0.1 * rising**slope * np.exp(0.02 * draw.normal(size=shape)) for slope in slopes)
    dims = ("width", "lr", "damping", "seed", "step")
    found = {"dh": ((*dims, "layer"), np.stack([features] * 3, axis=-1)), "df_hidden": (dims, output)}
    coords = {"width": list(WIDTHS), "lr": [0.1], "damping": [0.0], "seed": range(SEEDS), "step": [1]}
    return xr.Dataset(found, coords={**coords, "layer": [1, 2, 3]})


def tables(**changes):
    rows = {case: made_up(case, changes.get(case, slopes)) for case, slopes in SLOPES.items()}
    draw = np.random.default_rng(0)
    noise = np.exp(0.01 * draw.normal(size=(4, len(WIDTHS), SEEDS)))
    falling = (np.array(WIDTHS, dtype=float)[:, None] / 64) ** changes.get("aligned", -0.5)
    powers = {"aligned": 0.4 * falling, "mixed": 0.7, "through": 1.2, "rms": 1.0}
    rows["ridge"] = xr.Dataset(
        {
            name: (("width", "seed"), value * one)
            for (name, value), one in zip(powers.items(), noise, strict=True)
        },
        coords={"width": list(WIDTHS), "seed": range(SEEDS)},
    )
    return rows


def test_planted_slopes_support_what_is_claimed_and_refute_the_controls():
    found = verdicts(fit, CLAIMS, {"targets": tables()})
    assert {name: verdict.verdict for name, verdict in found.items()} == dict.fromkeys(found, "supported")
    for verdict in found.values():
        for test in verdict.tests:
            assert test.control is None or test.control.verdict == "refuted", (verdict.id, test.name)


@pytest.mark.parametrize(
    ("claim", "change"),
    [
        ("tp-feature-learning-bl-half", {"dtp": (0.0, 0.4)}),
        ("tp-vs-bp-kernel", {"bp-ntk": (0.0, 0.0)}),
        ("tp-bp-feature-scale-unstable", {"bp-features": (0.0, 0.1)}),
        ("tp-bl-one-disconnects", {"dtp-readout-1": (0.0, 0.0)}),
        ("tp-no-kernel-regime", {"dtp-slowed": (-0.5, 0.0)}),
        ("tp-feedback-alignment", {"aligned": -0.2}),
    ],
)
def test_other_slopes_refute(claim, change):
    assert verdicts(fit, CLAIMS, {"targets": tables(**change)})[claim].verdict == "refuted"


def test_the_alignment_is_judged_at_every_width_and_reported_without_the_smallest():
    ridge = tables()["ridge"]
    bent = ridge.assign(aligned=ridge["aligned"] * xr.where(ridge["width"] == 64, 0.8, 1.0))
    found = fit.feedback(bent)
    slope, rest = (found[name][0] for name in ("slope", "without-narrowest"))
    assert float(slope["estimate"][0]) > -0.45  # the smallest width counts
    assert rest["component"].values.tolist() == ["from M=128", "from M=256"]
    assert rest["estimate"].values == pytest.approx([-0.5, -0.5], abs=0.02)
    narrow = fit.feedback(ridge.isel(width=slice(0, 2)))["without-narrowest"][0]
    assert narrow.sizes["component"] == 0  # a slope needs two widths


def test_a_width_that_is_added_is_a_new_shard_alone():
    before = {shard.name: shard for shard in plan.shards(Targets(), 0)}
    wider = Targets(widths=(64, 128, 256, 512, 1024, 2048))
    after = {shard.name: shard for shard in plan.shards(wider, 0)}
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {"targets-n2048"}


@pytest.fixture(scope="module")
def digits():
    return prepare({}, Path())


@pytest.fixture(scope="module")
def small_run(digits):
    widths = dict.fromkeys(("widths", "trained_widths", "ridge_widths"), (16, 32))
    (shard,) = plan.shards(Targets(**widths, base=16, seeds=3, steps=2, pretraining=2), 0)
    return experiment.run(shard.settings, {"digits": digits}, Work())


def test_the_readout_stands_still_in_every_case(small_run):
    assert set(small_run.children) == {*CASES, "ridge"}
    for case in CASES:
        update = small_run[case]["update_rms"]
        assert np.all(update.sel(layer=3) == 0)
        assert np.all(update.sel(layer=[1, 2]) > 0)
        assert np.allclose(small_run[case]["df"], small_run[case]["df_hidden"], rtol=1e-4)


def test_cases_with_one_rule_are_one_at_the_base_width(small_run):
    moved = {case: small_run[case]["dh"].sel(width=16).values for case in CASES}
    assert np.array_equal(moved["dtp"], moved["dtp-slowed"])
    assert np.array_equal(moved["dtp"], moved["dtp-readout-1"])
    assert np.array_equal(moved["bp-ntk"], moved["bp-features"])
    assert not np.array_equal(moved["dtp"], moved["dtp-tied"])


def test_every_claim_is_judged_from_a_small_run(small_run):
    rows = {name: node.to_dataset() for name, node in small_run.children.items()}
    assert set(verdicts(fit, CLAIMS, {"targets": rows})) == {claim.name for claim in CLAIMS}


def test_fitted_feedback_agrees_with_least_squares(digits):
    settings = {"ridge_widths": [12], "ridge": 1e-9, "base": 64, "seeds": 2, "seed": 5}
    problem = digits_problem(digits, train=60, test=1)
    found = fitted_alignment(settings, problem, 0.3)
    for seed in range(2):
        generator = torch_generator("mup_local", "ridge", 5, 12, seed)
        weights = mlp.initial(generator, (64, 12, 12, 10), readout_scale=0.3)
        h = torch.tanh(problem.train_x @ weights["W1"].T) @ weights["W2"].T
        f = torch.tanh(h) @ weights["W3"].T
        fitted = torch.linalg.lstsq(f, h).solution.T
        cosine = (fitted * weights["W3"].T).sum() / fitted.norm() / weights["W3"].norm()
        assert float(found["aligned"][0, seed]) == pytest.approx(float(cosine), abs=1e-5)
        through = (weights["W3"] @ fitted).diagonal().mean()
        assert float(found["through"][0, seed]) == pytest.approx(float(through), abs=1e-4)
