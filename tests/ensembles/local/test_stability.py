import pytest
import torch
from tests.ensembles.local.small_network import SIZES, WEIGHTS, case, largest_difference

from widthscope.ensembles.local.inference import at_states, energy_weights, equilibrium
from widthscope.ensembles.local.stability import dense_hessian, hessian_product, largest_eigenvalue
from widthscope.models.mlp import activate, layer_names


def somewhere(activation, weights=WEIGHTS):
    parameters, batch, passed = case(activation)
    g = torch.Generator().manual_seed(4)
    states = [torch.randn(3, 4, n, generator=g, dtype=torch.float64) for n in SIZES[1:-1]]
    return parameters, batch, at_states(parameters, passed, states, batch["y"], activation)


def by_autograd(parameters, batch, inferred, activation, member, sample):
    """Hessian of one sample's energy from its definition."""
    own = {name: value[member] for name, value in parameters.items()}
    x, y = batch["x"][member, sample], batch["y"][member, sample]

    def energy(flat):
        before, total = x, 0.0
        for place, (name, value) in enumerate(
            zip(layer_names(4), (*flat.split(SIZES[1:-1]), y), strict=True)
        ):
            total = total + WEIGHTS[place] / 2 * (value - own[name] @ before).square().sum()
            before = activate(activation, value)
        return total

    at = torch.cat([state[member, sample] for state in inferred.states])
    return torch.autograd.functional.hessian(energy, at)


@pytest.mark.parametrize("activation", ["tanh", "relu", "identity"])
def test_hessian_is_that_of_autograd(activation):
    parameters, batch, inferred = somewhere(activation)
    found = dense_hessian(parameters, inferred, activation, WEIGHTS)
    assert found.shape == (3, 4, 21, 21)
    for member, sample in ((0, 0), (1, 3), (2, 1)):
        expected = by_autograd(parameters, batch, inferred, activation, member, sample)
        assert largest_difference(found[member, sample], expected) < 1e-13


@pytest.mark.parametrize("activation", ["tanh", "identity"])
def test_largest_eigenvalue_is_that_of_the_dense_matrix(activation):
    parameters, _, inferred = somewhere(activation)
    exact = torch.linalg.eigvalsh(dense_hessian(parameters, inferred, activation, WEIGHTS))[..., -1]
    whole, residual = largest_eigenvalue(parameters, inferred, activation, WEIGHTS, steps=50)
    assert largest_difference(whole, exact) < 1e-11
    assert float(residual.max()) < 1e-9
    some, residual = largest_eigenvalue(parameters, inferred, activation, WEIGHTS, steps=12)
    assert ((some - exact).abs() <= residual + 1e-12).all()
    assert (some <= exact + 1e-12).all()


def test_one_sample_of_a_linear_network_is_all():
    parameters, _, inferred = somewhere("identity")
    found, _ = largest_eigenvalue(parameters, inferred, "identity", WEIGHTS)
    assert largest_difference(found, found[:, :1].expand(-1, 4)) < 1e-11


def test_a_readout_of_zeros_leaves_known_eigenvalues():
    """Two layers, no readout: F is |u - h|^2 / 2, whose Hessian is the identity."""
    sizes = (5, 7, 3)
    parameters, batch, passed = case("identity", sizes, readout_scale=0.0)
    inferred = at_states(parameters, passed, passed.preactivations[:-1], batch["y"], "identity")
    found, residual = largest_eigenvalue(parameters, inferred, "identity", energy_weights(2))
    assert largest_difference(found, torch.ones(3, 4, dtype=torch.float64)) < 1e-14
    assert float(residual.max()) < 1e-12


def test_the_bound_on_the_step_is_sharp():
    parameters, batch, passed = case("identity")
    weights = energy_weights(4)
    inferred = at_states(parameters, passed, passed.preactivations[:-1], batch["y"], "identity")
    largest = largest_eigenvalue(parameters, inferred, "identity", weights)[0][:, 0].max()
    below = equilibrium(parameters, passed, batch["y"], "identity", weights, float(1.98 / largest), 2000)
    above = equilibrium(parameters, passed, batch["y"], "identity", weights, float(2.1 / largest), 2000)
    assert (below.residual < 1e-3).all()
    assert float(above.residual.max()) > 1e3


def test_product_is_linear_and_weights_may_differ_by_member():
    parameters, _, inferred = somewhere("tanh")
    last = torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64)
    g = torch.Generator().manual_seed(8)
    v = [torch.randn(3, 4, n, generator=g, dtype=torch.float64) for n in SIZES[1:-1]]
    together = hessian_product(parameters, inferred, "tanh", energy_weights(4, last), v)
    double = hessian_product(parameters, inferred, "tanh", energy_weights(4, last), [2 * part for part in v])
    assert largest_difference(double, [2 * part for part in together]) < 1e-13
    for member, value in enumerate(last.tolist()):
        alone = hessian_product(parameters, inferred, "tanh", energy_weights(4, value), v)
        assert largest_difference([p[member] for p in alone], [p[member] for p in together]) < 1e-14
