"""Gradients of predictive coding and back-propagation: by factors and in full, and from draws to verdicts."""

from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr
from tests.studies.controls import assert_judged_tests_have_controls, assert_only_controls_are_refuted

from widthscope.config import load
from widthscope.datasets.digits import prepare
from widthscope.ensembles.local.inference import energy_weights, weight_gradients
from widthscope.ensembles.local.linear_equilibrium import linear_equilibrium
from widthscope.errors import ConfigError
from widthscope.models import mlp
from widthscope.statistics.claims import judge
from widthscope.studies.mup_local.gradients import comparison, experiment, figures, fit, linear, plan
from widthscope.studies.mup_local.gradients.arms import ARMS
from widthscope.studies.mup_local.gradients.claims import CLAIMS
from widthscope.studies.mup_local.gradients.settings import Gradients
from widthscope.studies.mup_local.networks import images, members, parameterised
from widthscope.work import Work

SETTINGS = Gradients(
    linear_widths=(32, 64, 128),
    depths=(2, 3),
    widths=(16, 32, 64, 128),
    trained_widths=(32, 64, 128),
    images=20,
    steps=20,
    seeds=12,
)


@pytest.fixture(scope="module")
def digits():
    return {"digits": prepare({}, Path())}


@pytest.fixture(scope="module")
def stored(digits):
    (shard,) = plan.shards(SETTINGS, seed=103)
    assert shard.datasets == ("digits",)
    return {shard.name: experiment.run(shard.settings, digits, Work())}


@pytest.fixture(scope="module")
def tree(stored):
    return xr.DataTree.from_dict(fit.fit(stored, {}))


def case(width=16, layers=3, base=2):
    batch = images(prepare({}, Path()), 20)
    (drawn,) = members(("test", 1), width, 4, layers, 64, 10)
    return parameterised(drawn, ARMS["standard"].exponents, base), batch


def test_norms_from_factors_are_those_of_the_gradients():
    parameters, batch = case()
    x, y = batch.of(4)
    weights = energy_weights(3, 0.7)
    passed = mlp.forward(parameters, x, "identity")
    inferred = linear_equilibrium(parameters, passed, y, weights)
    relative, whole = comparison.relative_difference(
        comparison.inferred_factors(inferred, weights),
        comparison.back_propagated(parameters, passed, y, "identity", 0.7),
    )
    rule = weight_gradients(inferred, weights)
    exact = mlp.gradients(parameters, x, y, "identity").values
    for place, name in enumerate(exact):
        difference = (rule[name] - 0.7 * exact[name]).flatten(1).norm(dim=1)
        assert torch.allclose(relative[:, place], difference / (0.7 * exact[name]).flatten(1).norm(dim=1))
    flat = [torch.cat([g[name].flatten(1) for name in exact], 1) for g in (rule, exact)]
    assert torch.allclose(whole, (flat[0] - 0.7 * flat[1]).norm(dim=1) / (0.7 * flat[1]).norm(dim=1))
    found = comparison.cosines(
        comparison.inferred_factors(inferred, weights),
        comparison.back_propagated(parameters, passed, y, "identity"),
    )
    for place, name in enumerate(exact):
        cosine = torch.nn.functional.cosine_similarity(rule[name].flatten(1), exact[name].flatten(1))
        assert torch.allclose(found[:, place], cosine)


def test_equal_gradients_differ_by_nothing():
    parameters, batch = case()
    x, y = batch.of(4)
    factors = comparison.back_propagated(parameters, mlp.forward(parameters, x, "tanh"), y, "tanh")
    relative, whole = comparison.relative_difference(factors, factors)
    assert not relative.any()
    assert not whole.any()


def test_rates_of_the_arms():
    assert {name: arm.rate for name, arm in ARMS.items()} == {
        "standard": -1.0,
        "half": -0.5,
        "gauss-newton": 0.0,
        "large readout": 0.0,
    }


def test_training_is_gradient_descent_and_members_do_not_mix():
    parameters, batch = case(width=8)
    settings = {"steps": 3, "trained_base": 4}
    together = linear.descended(parameters, batch, 8, 0.02, settings)
    looped = {name: value[1:2].clone() for name, value in parameters.items()}
    rates = {"W1": 0.02 * 2, "W2": 0.02, "W3": 0.02 / 2}
    for _ in range(3):
        found = mlp.gradients(looped, batch.x, batch.y, "identity").values
        looped = {name: looped[name] - rates[name] * found[name] for name in looped}
    for name in looped:
        assert torch.allclose(together[name][1:2], looped[name], atol=1e-5)


def test_more_seeds_leave_those_before_as_they_were(digits, stored):
    more = SETTINGS.model_copy(update={"seeds": 13, "depths": (2, 3), "widths": (16, 32, 64)})
    batch = images(digits["digits"], 20)
    table = linear.at_initialisation({**more.model_dump(mode="json"), "seed": 103}, batch, Work())
    before = stored["gradients"]["linear"].to_dataset()
    assert np.allclose(table["whole"].isel(member=slice(12)), before["whole"], rtol=1e-9)


def test_the_layers_of_a_shallow_network_are_not_made_up(stored):
    table = stored["gradients"]["linear"].to_dataset()
    assert table["relative"].sel(depth=2, layer=3).isnull().all()
    assert table["relative"].sel(depth=3, layer=3).notnull().all()
    assert (abs(table["cosine_bp"].sel(depth=3)) <= 1 + 1e-12).all()


def test_no_claim_is_refuted_and_every_control_is(tree):
    assert_only_controls_are_refuted("mup_local", "2411.02001", CLAIMS, tree)
    assert_judged_tests_have_controls(CLAIMS, tree)


def test_numbers_of_the_notes(stored):
    tanh = stored["gradients"]["tanh"].to_dataset()
    single = tanh["relative"].sel(inference="single")
    assert float(single.sel(arm="standard", layer=1).max()) < 1e-12
    assert float(single.sel(arm="standard", layer=2, width=128).mean()) == pytest.approx(0.7, abs=0.06)


def test_the_first_layers_difference_is_that_of_the_notes(digits):
    """0.0161 and 0.0314 at M = 512, M0 = 8; kappa / (1 + kappa) with kappa = (L - 1) M0 / M in the limit."""
    settings = {"depths": [2, 3], "linear_widths": [512], "seeds": 6, "base": 8, "seed": 103}
    table = linear.at_initialisation(settings, images(digits["digits"], 50), Work())
    found = table["relative"].sel(arm="standard", width=512, layer=1).mean("member").values
    assert found == pytest.approx([0.0161, 0.0314], rel=0.05)


def test_trained_networks_are_judged_at_the_smaller_rate_on_the_largest_widths(stored):
    """At planted slopes: -1 from the third width on at the rate that is judged, -0.5 at every other place."""
    table = stored["gradients"]["trained"].to_dataset()
    widths = np.array([32, 64, 128, 256, 512, 1024])
    shape = {"rate": 2, "arm": 2, "width": 6, "member": 12}
    planted = np.empty(tuple(shape.values()))
    planted[...] = (widths**-0.5)[:, None]
    planted[0, 0, 2:] = (widths[2:, None] / 128.0) ** -1 * 128**-0.5
    losses = {
        name: (("rate", "width", "member"), np.ones((2, 6, 12))) for name in ("loss_before", "loss_after")
    }
    coords = {name: table[name] for name in ("rate", "learning_rate", "arm")} | {"width": widths}
    found = fit.after_training(xr.Dataset({"whole": (list(shape), planted), **losses}, coords=coords))
    assert found["slope"][0]["estimate"].values == pytest.approx([-1.0])
    drift = found["drift"][0]
    reported = dict(zip(drift["component"].values.tolist(), drift["estimate"].values.tolist(), strict=True))
    assert set(reported) == {
        f"rate {rate}, {which}"
        for rate in ("0.005", "0.02")
        for which in ("every width", "the widths judged", "these less the smallest")
    }
    assert -1 < reported["rate 0.005, every width"] < -0.5
    assert reported["rate 0.02, every width"] == pytest.approx(-0.5)


def test_a_larger_rate_trains_further_from_the_same_draws(stored):
    table = stored["gradients"]["trained"].to_dataset()
    before, after = table["loss_before"], table["loss_after"]
    assert np.array_equal(before.isel(rate=0), before.isel(rate=1))
    assert (after.isel(rate=1) < after.isel(rate=0)).all()
    assert (after < before).all()


def test_an_inference_that_did_not_converge_is_not_judged(digits):
    hasty = SETTINGS.model_copy(update={"sweeps": 4})
    (shard,) = plan.shards(hasty, seed=103)
    stored = {shard.name: experiment.run(shard.settings, digits, Work())}
    found = xr.DataTree.from_dict(fit.fit(stored, {}))
    verdicts = {verdict.id: verdict for verdict in judge("mup_local", "2411.02001", CLAIMS, found)}
    assert verdicts["mup_local/pc-first-order-rate-general"].verdict == "undecided"
    outcomes = {test.name: test for test in verdicts["mup_local/pc-first-order-limit"].tests}
    assert outcomes["tanh"].verdict == "undecided"
    assert outcomes["tanh"].estimate is None


def test_figures_are_drawn_for_every_claim(tree):
    drawings = figures.draw(tree)
    assert {claim.figure for claim in CLAIMS} == set(drawings)
    for drawing in drawings.values():
        assert "nan" not in drawing.caption + drawing.alt


@pytest.mark.parametrize(
    "section", [{"seeds": 4}, {"base": 16}, {"depths": [1, 2]}, {"widths": [64, 32, 128]}]
)
def test_what_makes_no_sense_is_refused(section):
    with pytest.raises(ConfigError, match=r"gradients"):
        load({"run": "a", "studies": {"mup_local": {"gradients": section}}}, "config.yaml")
