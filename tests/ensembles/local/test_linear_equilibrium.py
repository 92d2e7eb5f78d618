import pytest
import torch
from tests.ensembles.local.small_network import SIZES, WEIGHTS, case, largest_difference

from widthscope.ensembles.local.inference import (
    at_states,
    energies,
    equilibrium,
    state_gradients,
    weight_gradients,
)
from widthscope.ensembles.local.linear_equilibrium import (
    coupling,
    gauss_newton,
    gauss_newton_gradients,
    linear_energy,
    linear_equilibrium,
    products_from_output,
)
from widthscope.ensembles.local.predictive_coding import Inference
from widthscope.ensembles.local.predictive_coding import gradients as pc_gradients
from widthscope.models.mlp import forward
from widthscope.models.mlp import gradients as bp_gradients


def joint_solution(weights, x, y, gammas):
    """States of one sample from the whole stationarity system, one dense symmetric solve.

    F is |G^(1/2) (A u - b)|^2 / 2 with A u - b the errors of all layers stacked.
    """
    lengths = SIZES[1:-1]
    total, rows = sum(lengths), sum(SIZES[1:])
    a, b = torch.zeros(rows, total, dtype=torch.float64), torch.zeros(rows, dtype=torch.float64)
    g = torch.cat([torch.full((n,), v, dtype=torch.float64) for n, v in zip(SIZES[1:], gammas, strict=True)])
    row = column = 0
    for place, n in enumerate(SIZES[1:]):
        here = slice(row, row + n)
        if place < len(lengths):
            a[here, column : column + n] = torch.eye(n, dtype=torch.float64)
        else:
            b[here] = -y
        if place == 0:
            b[here] = weights["W1"] @ x
        else:
            before = lengths[place - 1]
            a[here, column - before : column] = -weights[f"W{place + 1}"]
        row, column = row + n, column + n
    flat = torch.linalg.solve(a.T @ (g[:, None] * a), a.T @ (g * b))
    return flat.split(lengths)


def test_closed_form_is_the_joint_solution():
    parameters, batch, passed = case("identity")
    found = linear_equilibrium(parameters, passed, batch["y"], WEIGHTS)
    for member in range(3):
        own = {name: value[member] for name, value in parameters.items()}
        for sample in range(4):
            states = joint_solution(own, batch["x"][member, sample], batch["y"][member, sample], WEIGHTS)
            assert largest_difference([u[member, sample] for u in found.states], states) < 1e-12


def test_it_is_stationary_and_where_the_iteration_ends():
    parameters, batch, passed = case("identity")
    found = linear_equilibrium(parameters, passed, batch["y"], WEIGHTS)
    again = at_states(parameters, passed, found.states, batch["y"], "identity")
    assert largest_difference(found.errors, again.errors) < 1e-13
    gradients = state_gradients(parameters, again, "identity", WEIGHTS)
    assert max(float(g.abs().max()) for g in gradients) < 1e-13
    iterated = equilibrium(parameters, passed, batch["y"], "identity", WEIGHTS, 0.1, 4000)
    assert largest_difference(iterated.inferred.states, found.states) < 1e-11


def test_energy_identity():
    parameters, batch, passed = case("identity")
    found = linear_equilibrium(parameters, passed, batch["y"], WEIGHTS)
    closed = linear_energy(parameters, passed, batch["y"], WEIGHTS)
    torch.testing.assert_close(energies(found.errors, WEIGHTS), closed, rtol=1e-13, atol=0)


def test_envelope_theorem():
    """The partial derivative at fixed states is the whole derivative of the minimal energy."""
    parameters, batch, passed = case("identity")
    found = linear_equilibrium(parameters, passed, batch["y"], WEIGHTS)
    partial = weight_gradients(found, WEIGHTS)
    leaves = {name: value.clone().requires_grad_() for name, value in parameters.items()}
    product = leaves["W4"]
    eye, c = torch.eye(3, dtype=torch.float64), 0.0
    for place in (3, 2, 1):
        c = c + WEIGHTS[3] / WEIGHTS[place - 1] * product @ product.mT
        product = product @ leaves[f"W{place}"]
    r = batch["y"] - batch["x"] @ product.mT
    minimal = WEIGHTS[3] / 2 * (r * torch.linalg.solve(eye + c, r.mT).mT).sum() / 4
    whole = torch.autograd.grad(minimal, list(leaves.values()))
    assert largest_difference(partial, dict(zip(leaves, whole, strict=True))) < 1e-12


def test_products_and_coupling_by_hand():
    parameters, _, _ = case("identity")
    w = {name: value[1] for name, value in parameters.items()}
    products = products_from_output(parameters)
    assert largest_difference(products[0][1], w["W4"] @ w["W3"] @ w["W2"] @ w["W1"]) < 1e-13
    assert torch.equal(products[3], parameters["W4"])
    by_hand = sum(
        WEIGHTS[3] / gamma * p @ p.T
        for gamma, p in zip(
            WEIGHTS[:3], (w["W4"] @ w["W3"] @ w["W2"], w["W4"] @ w["W3"], w["W4"]), strict=True
        )
    )
    assert largest_difference(coupling(parameters, WEIGHTS)[1], by_hand) < 1e-13


def test_small_energy_of_the_output_gives_back_propagation():
    parameters, batch, _ = case("identity")
    bp = bp_gradients(parameters, batch["x"], batch["y"], "identity").values
    distances = []
    for gamma in (1e-3, 1e-6):
        found = pc_gradients(
            parameters, batch["x"], batch["y"], "identity", (1.0, 1.0, 1.0, gamma), Inference("linear")
        ).values
        assert set(found) == set(bp)
        distances.append(max(float((found[n] / gamma - bp[n]).norm() / bp[n].norm()) for n in bp))
    assert distances[0] < 0.05
    assert distances[1] == pytest.approx(distances[0] * 1e-3, rel=0.05)


def test_large_energy_of_the_output_gives_the_gauss_newton_target():
    parameters, batch, passed = case("identity")
    target = gauss_newton(parameters, passed, batch["y"], WEIGHTS)
    at_limit = gauss_newton_gradients(parameters, passed, batch["y"], WEIGHTS, moved=True)
    distances = []
    for gamma in (1e2, 1e4, 1e6):
        weights = (*WEIGHTS[:3], gamma)
        found = linear_equilibrium(parameters, passed, batch["y"], weights)
        distances.append(float((found.errors[0] - target.errors[0]).norm() / target.errors[0].norm()))
        apart = largest_difference(weight_gradients(found, weights), at_limit)
    assert distances[1] == pytest.approx(distances[0] / 1e2, rel=0.15)
    assert distances[2] == pytest.approx(distances[1] / 1e2, rel=0.01)
    assert apart < 1e-3
    # At the limit the moved states reproduce the target exactly.
    outputs = torch.bmm(target.states[-1], parameters["W4"].mT)
    assert largest_difference(outputs, batch["y"]) < 1e-11


def test_gauss_newton_gradient_with_feed_forward_inputs():
    parameters, batch, passed = case("identity")
    found = gauss_newton_gradients(parameters, passed, batch["y"], (1.0,) * 4)
    products = products_from_output(parameters)
    r = batch["y"] - passed.outputs
    gram = sum(p @ p.mT for p in products[1:])
    strength = torch.linalg.solve(gram, r.mT).mT
    for place in range(4):
        error = strength @ products[place + 1] if place < 3 else strength
        by_hand = -(error.mT @ passed.inputs[place]) / 4
        assert largest_difference(found[f"W{place + 1}"], by_hand) < 1e-12


def test_no_readout_means_no_coupling_and_no_target():
    parameters, batch, _ = case("identity", readout_scale=0.0)
    assert (coupling(parameters, WEIGHTS) == 0).all()
    passed = forward(parameters, batch["x"], "identity")
    found = linear_equilibrium(parameters, passed, batch["y"], WEIGHTS)
    assert largest_difference(found.errors[-1], batch["y"]) == 0
    assert (found.errors[0] == 0).all()
    # The Gram matrix of the Gauss-Newton target is singular: NaN, which the training loop notes.
    assert gauss_newton(parameters, passed, batch["y"], WEIGHTS).errors[0].isnan().all()
