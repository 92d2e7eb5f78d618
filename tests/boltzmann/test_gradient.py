"""The closed form against automatic differentiation, and the model's term against exact samples."""

import pytest
import torch
from tests.boltzmann.machines import drawn_machine

from widthscope.boltzmann import gradient, mixture
from widthscope.boltzmann.mixture import Machine


def by_autograd(machine: Machine, visible: torch.Tensor) -> Machine:
    leaves = Machine(*(tensor.clone().requires_grad_() for tensor in machine))
    total = mixture.log_density(leaves, visible).mean(-1).sum()
    return Machine(*torch.autograd.grad(total, list(leaves)))


@pytest.mark.parametrize("rows", [(11, 4), (3, 11, 4)])
def test_the_closed_form_is_the_derivative(rows):
    machine = drawn_machine(3, 5, 4)
    visible = torch.randn(*rows, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    found, expected = gradient.log_likelihood_gradient(machine, visible), by_autograd(machine, visible)
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.shape == theirs.shape
        assert ours == pytest.approx(theirs, abs=1e-13)


def test_uniform_mixing_weights_are_not():
    machine = drawn_machine(5, 4)
    visible = torch.randn(11, 4, dtype=torch.float64)
    uniform = torch.full((5,), 0.2, dtype=torch.float64)
    wrong = gradient.data_term(machine, visible).weights - gradient.model_term(machine, uniform).weights
    assert (wrong - by_autograd(machine, visible).weights).abs().max() > 0.1


def test_the_models_term_is_the_mean_over_its_own_samples():
    machine = drawn_machine(4, 3)
    samples = mixture.sample(machine, 200_000, torch.Generator().manual_seed(5))
    sampled, exact = gradient.data_term(machine, samples), gradient.model_term(machine)
    for ours, theirs in zip(sampled, exact, strict=True):
        assert ours == pytest.approx(theirs, abs=0.03)


def test_the_likelihood_does_not_change_along_the_redundant_directions():
    machine = drawn_machine(5, 4)
    found = gradient.log_likelihood_gradient(machine, torch.randn(11, 4, dtype=torch.float64))
    assert found.hidden_bias.sum() == pytest.approx(0, abs=1e-14)
    assert found.visible_bias == pytest.approx(found.weights.sum(0), abs=1e-14)


def test_a_step_of_training_gets_losses_and_gradients_of_what_is_trained():
    machine = drawn_machine(3, 5, 4)
    visible = torch.randn(3, 11, 4, dtype=torch.float64)
    parameters = machine._asdict()
    loss, gradients = gradient.loss_and_gradients(parameters, visible)
    assert loss == pytest.approx(mixture.mean_negative_log_likelihood(machine, visible))
    for name, expected in by_autograd(machine, visible)._asdict().items():
        assert gradients[name] == pytest.approx(-expected, abs=1e-13)
    _, of_weights = gradient.loss_and_gradients({"weights": machine.weights}, visible)
    assert set(of_weights) == {"weights"}
    bare = by_autograd(Machine.without_biases(machine.weights), visible)
    assert of_weights["weights"] == pytest.approx(-bare.weights, abs=1e-13)


def test_a_fused_step_is_a_step_along_the_gradient():
    weights = drawn_machine(3, 5, 4).weights
    visible = torch.randn(3, 2, 4, dtype=torch.float64)
    rate = torch.tensor([0.1, 0.01, 1.0], dtype=torch.float64)
    before = weights.clone()
    _, slope = gradient.loss_and_gradients({"weights": weights}, visible)
    found = gradient.descent_of_weights(weights, visible, rate)
    assert found == pytest.approx(weights - rate[:, None, None] * slope["weights"], abs=1e-14)
    assert torch.equal(weights, before)


def test_the_slope_of_the_energy_is_its_derivative():
    machine = drawn_machine(5, 4)
    visible = torch.randn(6, 4, dtype=torch.float64, requires_grad=True)
    (expected,) = torch.autograd.grad(mixture.energy(machine, visible).sum(), visible)
    assert gradient.energy_gradient(machine, visible.detach()) == pytest.approx(expected, abs=1e-13)
