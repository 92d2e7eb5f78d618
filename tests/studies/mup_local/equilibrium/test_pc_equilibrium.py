"""Identities of the equilibrium and the inference's Hessian, from draws to verdicts."""

import numpy as np
import pytest
import torch
import xarray as xr
from tests.studies.controls import assert_judged_tests_have_controls, assert_only_controls_are_refuted

from widthscope.ensembles.local.inference import at_states, energy_weights
from widthscope.ensembles.local.stability import dense_hessian
from widthscope.models import mlp
from widthscope.statistics.claims import judge
from widthscope.studies.mup_local.equilibrium import experiment, figures, fit, identities, plan, stability
from widthscope.studies.mup_local.equilibrium.claims import CLAIMS
from widthscope.studies.mup_local.equilibrium.settings import Equilibrium
from widthscope.studies.mup_local.networks import members, parameterised
from widthscope.work import Work

SETTINGS = Equilibrium(networks=12, samples=3, widths=(64, 128, 256), seeds=12)


@pytest.fixture(scope="module")
def stored():
    (shard,) = plan.shards(SETTINGS, seed=103)
    return {shard.name: experiment.run(shard.settings, {}, Work())}


@pytest.fixture(scope="module")
def tree(stored):
    return xr.DataTree.from_dict(fit.fit(stored, {}))


def test_brute_force_states_are_stationary():
    parameters, passed, y = identities._networks({"networks": 12, "samples": 3, "seed": 5}, "identity")
    found = identities._brute_force(parameters, passed, y)
    u = [passed.inputs[0], *(state.clone().requires_grad_() for state in found.states), y]
    energy = sum(
        gamma / 2 * (u[layer] - torch.bmm(u[layer - 1], parameters[f"W{layer}"].mT)).square().sum()
        for layer, gamma in enumerate(identities.WEIGHTS, start=1)
    )
    for slope in torch.autograd.grad(energy, u[1:-1]):
        assert float(slope.abs().max()) < 1e-12


def test_identities_hold_to_rounding_and_wrong_forms_do_not(stored):
    closed = stored["equilibrium"]["closed-form"].to_dataset()
    for name in closed.data_vars:
        assert float(closed[name].sel(form="closed").max()) < 1e-12
        assert float(closed[name].sel(form="wrong").max()) > 1e-2
    fixed = stored["equilibrium"]["fixed-predictions"].to_dataset()["deviation"]
    assert float(fixed.sel(assumption="fixed").max()) < 1e-13
    assert float(fixed.sel(assumption="moving").min()) > 1e-3


def test_eigenvalues_are_those_of_dense_matrices():
    table = stability.run({"widths": [16, 24], "seeds": 3, "seed": 7, "base": 8, "products": 60}, Work())
    for width in (16, 24):
        (drawn,) = members(("equilibrium.stability", 7), width, 3, 3, stability.INPUTS, stability.OUTPUTS)
        zero, targets = (torch.zeros(3, 1, count, dtype=torch.float64) for count in (2, 10))
        for name, exponents in stability.ARMS.items():
            parameters = parameterised(drawn, exponents, 8)
            passed = mlp.forward(parameters, zero, "identity")
            at = at_states(parameters, passed, passed.preactivations[:-1], targets, "identity")
            weights = energy_weights(3, exponents.energy_factor(width, 8))
            exact = torch.linalg.eigvalsh(dense_hessian(parameters, at, "identity", weights))[:, 0, -1]
            assert table["largest"].sel(arm=name, width=width).values == pytest.approx(exact.numpy())


def test_eigenvalues_of_the_notes(stored):
    largest = stored["equilibrium"]["stability"].to_dataset()["largest"].mean("member")
    for arm in ("standard", "gauss-newton"):
        assert largest.sel(arm=arm).values == pytest.approx(5.7, abs=0.2)
    # At the base width all arms are one network.
    assert largest.sel(width=64, arm="unstable") == pytest.approx(
        float(largest.sel(width=64, arm="standard"))
    )


def test_no_claim_is_refuted_and_every_control_is(tree):
    for claim in judge("mup_local", "2411.02001", CLAIMS[:3], tree):
        assert claim.verdict == "supported", claim.reason
    assert_judged_tests_have_controls(CLAIMS, tree)


def test_at_the_default_widths_the_stability_is_decided():
    settings = {**Equilibrium().model_dump(mode="json"), "seed": 103, "seeds": 12}
    table = stability.run(settings, Work())
    largest = table["largest"].where(table["residual"] <= fit.RESIDUAL)
    slopes = {"pc-inference-stability": fit.stable(largest)}
    tree = xr.DataTree.from_dict(fit.claim_tree(slopes))
    assert_only_controls_are_refuted("mup_local", "2411.02001", CLAIMS[3:], tree)


def test_an_eigenvalue_that_did_not_converge_is_not_judged(stored):
    broken = {"equilibrium": stored["equilibrium"].copy(deep=True)}
    broken["equilibrium"]["stability"]["residual"][0, 0, 0] = 0.5
    found = xr.DataTree.from_dict(fit.fit(broken, {}))
    row = found["/claims/pc-inference-stability/slope/measured"].to_dataset()["estimate"]
    assert np.isnan(row.values[0])


def test_the_figure_is_drawn(tree):
    drawings = figures.draw(tree)
    assert {claim.figure for claim in CLAIMS} == set(drawings)
    assert "nan" not in drawings["pc-equilibrium"].caption
