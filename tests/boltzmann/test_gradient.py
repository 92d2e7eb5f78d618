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
