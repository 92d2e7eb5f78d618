"""One learning step by its factors and by a step of the training loop; from draws to verdicts."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from tests.studies.controls import assert_judged_tests_have_controls, assert_only_controls_are_refuted

from widthscope.datasets.digits import prepare
from widthscope.ensembles.local.predictive_coding import PredictiveCoding
from widthscope.ensembles.local.target_propagation import TargetPropagation
from widthscope.models import mlp
from widthscope.statistics.claims import judge
from widthscope.studies.mup_local.networks import images, members, parameterised
from widthscope.studies.mup_local.onestep import experiment, figures, fit, plan
from widthscope.studies.mup_local.onestep.claims import CLAIMS
from widthscope.studies.mup_local.onestep.rows import CODING, PROPAGATION, ROWS
from widthscope.studies.mup_local.onestep.settings import Onestep
from widthscope.work import Work

SETTINGS = Onestep(widths=(64, 128, 256, 512), images=16, seeds=12)


@pytest.fixture(scope="module")
def digits():
    return {"digits": prepare({}, Path())}


@pytest.fixture(scope="module")
def stored(digits):
    (shard,) = plan.shards(SETTINGS, seed=103)
    return {shard.name: xr.DataTree(experiment.run(shard.settings, digits, Work()))}


@pytest.fixture(scope="module")
def tree(stored):
    return xr.DataTree.from_dict(fit.fit(stored, {}))


def test_rows_are_those_of_the_notes():
    predicted = [tuple(row.slopes) for row in ROWS]
    assert predicted == [
        *[(0, 0, 0, 0)] * 5,
        (1, 1, 1, 1),
        (-0.5, 0.5, 1, 1),
        (-0.5, -0.5, 0, 0),
        (0, 0, 0, 0),
        (0, 1, 1, 1),
        (0, 0, 0, -0.25),
        (0, 0, 0, -0.5),
    ]
    rates = [row.exponents.rates for row in CODING[:3]]
    assert rates == [(-1, 0, 1), (-0.5, 0.5, 1.5), (0, 1, 2)]
    assert [row.exponents.readout for row in PROPAGATION] == [0.5, 0.5, 0.75, 1.0]
    assert PROPAGATION[0].exponents.rates == (0, 1, 1)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_changes_are_those_of_a_step_of_the_training_loop(digits, row):
    width, settings = 24, {**SETTINGS.model_dump(mode="json"), "seed": 1, "base": 8}
    batch = images(digits["digits"], 5)
    (drawn,) = members(("test", 3), width, 2, 3, 64, 10)
    maps = experiment._feedback(1, width, range(2), drawn, "cpu")
    found, residual = experiment._after(row, drawn, maps, batch, settings)
    assert (residual <= 1e-4).all()
    scale = settings["propagation_scale" if row.inference == "targets" else "coding_scale"]
    parameters = parameterised(drawn, row.exponents, 8, scale)
    x, y = batch.of(2)
    before = mlp.forward(parameters, x, "tanh")
    for place, layer in enumerate((1, 2, 3, 2)):
        rates = {f"W{layer}": 0.01 * row.exponents.rate(layer, 3, width, 8)}
        if row.inference == "targets":
            step = TargetPropagation("tanh", rates)
            new = step({**parameters, **maps}, {}, {"x": x, "y": y}, 0)[0]
        else:
            kind = {"single": "si", "equilibrium": "eq"}[row.inference]
            energy = row.exponents.energy_factor(width, 8)
            step = PredictiveCoding("tanh", rates, energy, kind, sweeps=600)
            new = step(parameters, {}, {"x": x, "y": y}, 0)[0]
        after = mlp.forward({name: new[name] for name in parameters}, x, "tanh")
        at = (0, 1, 2, 2)[place]
        change = after.preactivations[at] - before.preactivations[at]
        rms = change.square().flatten(1).mean(dim=1).sqrt().numpy()
        assert found[place] == pytest.approx(rms, rel=1e-4)


def test_at_the_base_width_energies_weights_change_nothing(stored):
    """So the convention holds that the last layer's step includes gamma_L."""
    moved = stored["onestep"].to_dataset()["moved"].sel(width=64)
    names = ["single, 0", "single, -1/2", "single, -1", "single, -1, rates of gradient descent"]
    for name in names[1:]:
        assert np.allclose(moved.sel(row=name), moved.sel(row=names[0]), rtol=1e-12)


def test_no_claim_is_refuted_and_controls_are(tree):
    assert_only_controls_are_refuted("mup_local", "2411.02001", CLAIMS, tree)
    assert_judged_tests_have_controls(CLAIMS, tree)


def test_a_step_whose_inference_did_not_converge_is_not_judged(digits):
    hasty = SETTINGS.model_copy(update={"sweeps": 3, "widths": (16, 32, 64), "seeds": 12})
    (shard,) = plan.shards(hasty, seed=103)
    stored = {shard.name: xr.DataTree(experiment.run(shard.settings, digits, Work()))}
    assert (stored["onestep"]["residual"].sel(row="equilibrium, 0") > fit.RESIDUAL).all()
    found = xr.DataTree.from_dict(fit.fit(stored, {}))
    coding = judge("mup_local", "2411.02001", CLAIMS, found)[0]
    assert coding.verdict != "supported"
    table = found["/claims/onestep-exponents-pc/through/measured"].to_dataset()
    missing = {str(n) for n in table["component"].values[np.isnan(table["estimate"].values)]}
    assert missing == {f"{row.name}: {fit.THROUGH}" for row in CODING if row.inference == "equilibrium"}


def test_draws_are_shared_by_rows_and_named_by_member(digits, stored):
    (shard,) = plan.shards(SETTINGS.model_copy(update={"widths": (64, 128, 192), "seeds": 12}), seed=103)
    fewer = experiment.run(shard.settings, digits, Work())
    before = stored["onestep"].to_dataset()["moved"].sel(width=128).isel(member=slice(12))
    assert np.allclose(fewer["moved"].sel(width=128), before, rtol=1e-6)


def test_the_figure_is_drawn(tree):
    drawings = figures.draw(tree)
    assert {claim.figure for claim in CLAIMS} == set(drawings)
    assert "nan" not in drawings["mup-local-onestep"].caption
