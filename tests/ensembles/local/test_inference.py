import pytest
import torch
from scipy import optimize
from tests.ensembles.local.small_network import (
    SIZES,
    WEIGHTS,
    batch_of,
    case,
    largest_difference,
    weights_of,
)

from widthscope.ensembles.local.inference import (
    LocalRuleError,
    at_states,
    energies,
    energy_weights,
    equilibrium,
    relative_residual,
    state_gradients,
    weight_gradients,
)
from widthscope.models.mlp import activate, forward, layer_names

ACTIVATIONS = ("tanh", "relu", "identity")


def energy_by_hand(weights, x, y, states, gammas, activation):
    """F of one member's samples, a sum over samples, from its definition."""
    values = [*states, y]
    before, total = x, 0.0
    for place, (name, value) in enumerate(zip(layer_names(len(weights)), values, strict=True)):
        error = value - before @ weights[name].T
        total = total + gammas[place] / 2 * (error**2).sum()
        before = activate(activation, value)
    return total


def random_states(seed=5):
    g = torch.Generator().manual_seed(seed)
    return [torch.randn(3, 4, n, generator=g, dtype=torch.float64) for n in SIZES[1:-1]]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_energy_and_its_gradients_are_those_of_the_definition(activation):
    parameters, batch, passed = case(activation)
    states = random_states()
    inferred = at_states(parameters, passed, states, batch["y"], activation)
    found = state_gradients(parameters, inferred, activation, WEIGHTS)
    by_weight = weight_gradients(inferred, WEIGHTS)
    values = energies(inferred.errors, WEIGHTS)
    for member in range(3):
        weights = {name: value[member].clone().requires_grad_() for name, value in parameters.items()}
        own = [state[member].clone().requires_grad_() for state in states]
        total = energy_by_hand(weights, batch["x"][member], batch["y"][member], own, WEIGHTS, activation)
        torch.testing.assert_close(values[member], total.detach() / 4, rtol=1e-13, atol=0)
        total.backward()
        assert largest_difference([f[member] for f in found], [u.grad for u in own]) < 1e-13
        for name, weight in weights.items():
            assert largest_difference(by_weight[name][member], weight.grad / 4) < 1e-13


@pytest.mark.parametrize("activation", ["tanh", "identity"])
def test_equilibrium_is_where_a_root_finder_ends(activation):
    parameters, batch, passed = case(activation)
    weights = energy_weights(4, 0.8)
    found = equilibrium(parameters, passed, batch["y"], activation, weights, 0.2, 3000)
    assert (found.residual < 1e-12).all()
    lengths = [n * 4 for n in SIZES[1:-1]]
    for member in range(3):
        own = {name: value[member : member + 1] for name, value in parameters.items()}
        own_passed = forward(own, batch["x"][member : member + 1], activation)

        def gradient(flat, own=own, own_passed=own_passed, member=member):
            parts = torch.from_numpy(flat).split(lengths)
            states = [part.reshape(1, 4, -1) for part in parts]
            inferred = at_states(own, own_passed, states, batch["y"][member : member + 1], activation)
            return torch.cat(
                [g.flatten() for g in state_gradients(own, inferred, activation, weights)]
            ).numpy()

        start = torch.cat([h.flatten() for h in own_passed.preactivations[:-1]]).numpy()
        root = optimize.root(gradient, start, tol=1e-13)
        ours = torch.cat([u[member].flatten() for u in found.inferred.states])
        assert largest_difference(ours, torch.from_numpy(root.x)) < 1e-9


def test_energy_falls_and_the_residual_is_that_of_its_definition():
    parameters, batch, passed = case("tanh")
    found = equilibrium(parameters, passed, batch["y"], "tanh", WEIGHTS, 0.1, 30)
    assert (found.energy < found.energy_start).all()
    assert found.sweeps.tolist() == [30, 30, 30]
    residual = (batch["y"] - passed.outputs).square().sum(dim=2).mean(dim=1)
    torch.testing.assert_close(found.energy_start, WEIGHTS[-1] / 2 * residual)
    states = found.inferred.states
    again = relative_residual(parameters, passed, states, batch["y"], "tanh", WEIGHTS)
    torch.testing.assert_close(found.residual, again, rtol=1e-12, atol=0)
    shifted = [u + 1e-6 * torch.ones_like(u) for u in passed.preactivations[:-1]]
    close = relative_residual(parameters, passed, shifted, batch["y"], "tanh", WEIGHTS)
    torch.testing.assert_close(close, torch.ones_like(close), rtol=1e-4, atol=0)


def test_each_member_stops_at_its_own_tolerance():
    parameters, batch, passed = case("tanh")
    y = batch["y"].clone()
    y[0] = passed.outputs[0]  # nothing to infer
    parameters["W4"] = parameters["W4"].clone()
    parameters["W4"][1] *= 0.1
    weights = energy_weights(4)
    found = equilibrium(parameters, passed, y, "tanh", weights, 0.3, 2000, 1e-7)
    assert found.sweeps[0] == 0
    assert 0 < found.sweeps[1] < found.sweeps[2] < 2000
    assert found.residual[0] == 0
    assert (found.residual <= 1e-7).all()
    for member in range(3):
        alone = {name: value[[member, member]] for name, value in parameters.items()}
        own = forward(alone, batch["x"][[member, member]], "tanh")
        pair = equilibrium(alone, own, y[[member, member]], "tanh", weights, 0.3, 2000, 1e-7)
        assert pair.sweeps.tolist() == [int(found.sweeps[member])] * 2
        assert torch.equal(pair.inferred.states[1][0], found.inferred.states[1][member])


def test_weights_may_differ_by_member():
    parameters, batch, passed = case("tanh")
    last = torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64)
    together = equilibrium(parameters, passed, batch["y"], "tanh", energy_weights(4, last), 0.1, 20)
    for member, value in enumerate((0.5, 1.0, 2.0)):
        alone = equilibrium(parameters, passed, batch["y"], "tanh", energy_weights(4, value), 0.1, 20)
        assert (
            largest_difference(together.inferred.states[0][member], alone.inferred.states[0][member]) < 1e-14
        )
        assert together.energy[member] == pytest.approx(float(alone.energy[member]), rel=1e-13)


def test_a_step_too_long_overflows_that_member_only():
    parameters, batch, passed = case("identity")
    calm = equilibrium(parameters, passed, batch["y"], "identity", energy_weights(4), 0.2, 400, 1e-9)
    parameters["W2"] = parameters["W2"].clone()
    parameters["W2"][0] *= 1e3
    passed = forward(parameters, batch["x"], "identity")
    wild = equilibrium(parameters, passed, batch["y"], "identity", energy_weights(4), 0.2, 400, 1e-9)
    assert not torch.isfinite(wild.residual[0])
    assert torch.equal(wild.residual[1:], calm.residual[1:])
    assert torch.equal(wild.inferred.states[0][1:], calm.inferred.states[0][1:])


def test_the_number_of_weights_is_checked():
    parameters, batch, passed = case("tanh")
    with pytest.raises(LocalRuleError, match="2 weights for 4 layers"):
        equilibrium(parameters, passed, batch["y"], "tanh", (1.0, 1.0))


def test_two_layers_have_one_state():
    sizes = (5, 6, 3)
    parameters, batch = weights_of(sizes), batch_of(sizes)
    passed = forward(parameters, batch["x"], "identity")
    found = equilibrium(parameters, passed, batch["y"], "identity", energy_weights(2), 0.2, 2000)
    w = parameters["W2"]
    # (I + W^T W) (u - h) = W^T r, the ridge regression of the residual on the readout
    eye = torch.eye(6, dtype=torch.float64)
    right = (batch["y"] - passed.outputs) @ w
    shift = torch.linalg.solve(eye + w.mT @ w, right.mT).mT
    assert largest_difference(found.inferred.errors[0], shift) < 1e-12
