"""The curve between the first-order and the Gauss-Newton gradient: limits, gradients in full, verdicts."""

from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr
from tests.studies.controls import assert_judged_tests_have_controls, assert_only_controls_are_refuted

from widthscope.datasets.digits import prepare
from widthscope.ensembles.local.inference import energy_weights, weight_gradients
from widthscope.ensembles.local.linear_equilibrium import gauss_newton_gradients, linear_equilibrium
from widthscope.models import mlp
from widthscope.studies.mup_local.interpolation import experiment, figures, fit, plan, theory
from widthscope.studies.mup_local.interpolation.claims import CLAIMS
from widthscope.studies.mup_local.interpolation.settings import Interpolation
from widthscope.studies.mup_local.networks import images, members, parameterised
from widthscope.work import Work

SETTINGS = Interpolation(widths=(32, 128, 512), kappas=(1e-3, 1.0, 1e3), seeds=16)


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


def test_the_curve_has_its_ends_and_degenerates_with_equal_rows():
    R = np.random.default_rng(0).normal(size=(4, 6))
    scales = theory.row_scales(4, 0.2)
    to_bp, to_gn = theory.directions(R, scales, 1e-9)
    assert to_bp == pytest.approx(1)
    assert to_gn < 0.95
    far_bp, far_gn = theory.directions(R, scales, 1e9)
    assert far_gn == pytest.approx(1)
    assert far_bp == pytest.approx(to_gn)  # the angle between the two ends
    assert theory.directions(R, np.ones(4), 3.0) == pytest.approx((1.0, 1.0))


def test_angles_are_those_of_the_first_layers_gradients(digits):
    batch = images(digits["digits"], 12)
    (drawn,) = members(("test", 2), 16, 3, 3, 64, 10)
    scales = theory.row_scales(10, 0.1)
    parameters = experiment._with_rows(parameterised(drawn, experiment.READOUT, 8), scales)
    x, y = batch.of(3)
    passed = mlp.forward(parameters, x, "identity")
    found = experiment._cosines(parameters, batch, [0.3, 20.0])
    exact = mlp.gradients(parameters, x, y, "identity").values["W1"].flatten(1)
    newton = gauss_newton_gradients(parameters, passed, y, energy_weights(3, 1.0))["W1"].flatten(1)
    for place, energy in enumerate((0.3, 20.0)):
        weights = energy_weights(3, energy)
        rule = weight_gradients(linear_equilibrium(parameters, passed, y, weights), weights)["W1"].flatten(1)
        for row, other in enumerate((exact, newton)):
            cosine = torch.nn.functional.cosine_similarity(rule, other).numpy()
            assert found[row, place] == pytest.approx(cosine, abs=1e-10)


def test_cosines_of_the_notes(stored):
    """Measured over M with M0 = 8 and gamma_L kept at 10, while the theory was derived."""
    fixed = stored["interpolation"].to_dataset()["fixed_bp"].mean("member")
    for width, cosine, within in ((32, 0.891, 0.04), (128, 0.971, 0.01), (512, 0.9962, 0.002)):
        assert float(fixed.sel(width=width)) == pytest.approx(cosine, abs=within)


def test_no_claim_is_refuted_and_every_control_is(tree):
    assert_only_controls_are_refuted("mup_local", "2411.02001", CLAIMS, tree)
    assert_judged_tests_have_controls(CLAIMS, tree)


def test_deviations_at_the_width_of_the_notes_are_reported(stored):
    table = stored["interpolation"].to_dataset()
    narrower = fit.on_the_curve(table)["narrower"][0]
    names = narrower["component"].values.tolist()
    assert names[0] == "M=512, back-propagation, kappa=0.001"
    assert len(names) == 6
    one = table.sel(readout="anisotropic", width=512, kappa=1.0)
    away = float(one["cosine_gn"].mean() - one["predicted_gn"])
    assert float(narrower["estimate"][names.index("M=512, Gauss-Newton, kappa=1")]) == pytest.approx(away)


def test_equal_rows_have_one_direction_in_wide_networks(stored):
    wide = stored["interpolation"].to_dataset().sel(readout="isotropic", width=512)
    assert float(wide["cosine_bp"].min()) > 0.98
    assert float(wide["cosine_gn"].mean("member").min()) > 0.98


def test_the_figure_shows_measured_beside_predicted(tree):
    (drawing,) = figures.draw(tree).values()
    assert {claim.figure for claim in CLAIMS} == {"pc-interpolation"}
    assert "nan" not in drawing.caption
