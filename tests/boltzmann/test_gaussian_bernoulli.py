"""The Gaussian-Bernoulli machine against sums over hidden states, derivatives and the attentional machine."""

import math

import pytest
import torch
from tests.boltzmann.machines import drawn_machine

from widthscope.boltzmann import gaussian_bernoulli, mixture, special_cases
from widthscope.boltzmann.mixture import Machine
from widthscope.boltzmann.special_cases import TooManyComponentsError


def test_it_is_the_attentional_machine_of_all_hidden_states():
    machine = drawn_machine(2, 4, 5, scale=3.0)
    visible = 2 * torch.randn(9, 5, dtype=torch.float64)
    attention = gaussian_bernoulli.as_attention(machine)
    assert attention.hidden_units == 16
    found = gaussian_bernoulli.energy(machine, visible)
    assert found == pytest.approx(mixture.energy(attention, visible), rel=1e-13, abs=1e-12)
    assert gaussian_bernoulli.log_partition(machine) == pytest.approx(
        mixture.log_partition(attention), rel=1e-13
    )
    assert gaussian_bernoulli.mean_negative_log_likelihood(machine, visible, 4) == pytest.approx(
        mixture.mean_negative_log_likelihood(attention, visible), rel=1e-12
    )


def test_its_one_hot_states_are_the_machine_with_the_same_parameters():
    machine = drawn_machine(4, 5)
    for ours, theirs in zip(gaussian_bernoulli.as_attention(machine, torch.eye(4)), machine, strict=True):
        assert torch.equal(ours, theirs)


def test_it_is_softmax_blocks_of_two():
    machine = drawn_machine(3, 5)
    visible = torch.randn(9, 5, dtype=torch.float64)
    zero = torch.zeros_like(machine.weights)
    paired = Machine(
        torch.stack([zero, machine.weights], dim=1).flatten(0, 1),
        machine.visible_bias,
        torch.stack([zero[:, 0], machine.hidden_bias], dim=1).flatten(),
    )
    assert special_cases.block_energy(paired, visible, 2) == pytest.approx(
        gaussian_bernoulli.energy(machine, visible), abs=1e-12
    )


def test_large_inputs_keep_what_a_softplus_that_turns_linear_drops():
    machine = Machine.without_biases(torch.ones(1, 1, dtype=torch.float64))
    visible = torch.tensor([[21.0]], dtype=torch.float64)
    expected = 0.5 * 21.0**2 - 21.0 - math.log1p(math.exp(-21.0))
    assert float(gaussian_bernoulli.energy(machine, visible)[0]) == pytest.approx(expected, abs=1e-13)
    linear = 0.5 * 21.0**2 - float(torch.nn.functional.softplus(visible[0, 0]))
    assert abs(linear - expected) > 1e-10


def test_the_exact_gradient_is_the_derivative():
    machine = drawn_machine(2, 4, 5)
    visible = torch.randn(2, 9, 5, dtype=torch.float64)
    leaves = Machine(*(tensor.clone().requires_grad_() for tensor in machine))
    loss = gaussian_bernoulli.mean_negative_log_likelihood(leaves, visible).sum()
    found = gaussian_bernoulli.log_likelihood_gradient(machine, visible)
    for ours, theirs in zip(found, torch.autograd.grad(loss, list(leaves)), strict=True):
        assert ours == pytest.approx(-theirs, abs=1e-12)


def test_one_step_of_contrastive_divergence_is_unbiased_where_the_data_are_the_machines_own():
    """Draws of the machine stay draws of it after one step, so that both terms have one expectation."""
    machine, count = drawn_machine(1, 3, 4, scale=0.5), 200_000
    generator = torch.Generator().manual_seed(7)
    own = mixture.sample(gaussian_bernoulli.as_attention(machine), count, generator)
    uniform = torch.rand(1, count, 3, generator=generator, dtype=torch.float64)
    noise = torch.randn(1, count, 4, generator=generator, dtype=torch.float64)
    found = gaussian_bernoulli.contrastive_gradient(machine, own, uniform, noise)
    for ours, parameter in zip(found, machine, strict=True):
        assert ours.shape == parameter.shape
        assert ours.abs().max() < 0.02
    shifted = gaussian_bernoulli.contrastive_gradient(machine, own + 1, uniform, noise)
    assert shifted.visible_bias.abs().max() > 0.2


def test_contrastive_divergence_without_weights_by_hand():
    bias = torch.tensor([[1.0, 2.0, 3.0]], dtype=torch.float64)
    own = Machine(torch.zeros(1, 2, 3).double(), bias, torch.zeros(1, 2).double())
    visible, noise = torch.randn(2, 1, 5, 3, dtype=torch.float64)
    found = gaussian_bernoulli.contrastive_gradient(own, visible, torch.full((1, 5, 2), 0.3), noise)
    left = (visible - bias[:, None] - noise).mean(1)
    assert found.visible_bias == pytest.approx(left, abs=1e-14)
    assert torch.equal(found.hidden_bias, own.hidden_bias)
    assert found.weights == pytest.approx(0.5 * left[:, None].expand(1, 2, 3), abs=1e-14)


@pytest.mark.parametrize(("units", "pixels"), [(6, 13), (8, 64)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_no_bit_of_a_machine_depends_on_the_machines_beside_it(units, pixels, dtype):
    shapes = ((7, units, pixels), (7, pixels), (7, units))
    machine = Machine(*(0.3 * torch.randn(shape, dtype=dtype) for shape in shapes))
    visible, noise = torch.randn(2, 7, 11, pixels, dtype=dtype)
    uniform = torch.rand(7, 11, units, dtype=dtype)

    def found(own):
        part, rows = Machine(*(tensor[own] for tensor in machine)), visible[own]
        return [
            *gaussian_bernoulli.log_likelihood_gradient(part, rows),
            *gaussian_bernoulli.contrastive_gradient(part, rows, uniform[own], noise[own]),
            gaussian_bernoulli.energy(part, rows),
            gaussian_bernoulli.mean_negative_log_likelihood(part, rows),
        ]

    together = found(slice(None))
    for size in (1, 2, 3, 5):
        for first in range(0, 7, size):
            own = slice(first, first + size)
            assert all(torch.equal(a, b[own]) for a, b in zip(found(own), together, strict=True)), size


def test_too_many_hidden_units_are_named():
    with pytest.raises(TooManyComponentsError, match="17 hidden units"):
        gaussian_bernoulli.log_partition(drawn_machine(17, 2))
