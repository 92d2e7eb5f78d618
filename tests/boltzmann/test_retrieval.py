"""Retrieval never raises the energy, ends at fixed points, and recalls a stored pattern."""

import torch
from tests.boltzmann.machines import drawn_machine

from widthscope.boltzmann import mixture, retrieval
from widthscope.boltzmann.mixture import Machine

EPS = torch.finfo(torch.float64).eps


def test_no_update_raises_the_energy_beyond_rounding():
    machine = drawn_machine(4, 20, 10)
    starts = 3 * torch.randn(4, 50, 10, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    found = retrieval.energies(machine, retrieval.trajectory(machine, starts, 30))
    assert found.shape == (31, 4, 50)
    assert (retrieval.largest_rise(found) < 100 * EPS).all()
    too_far = retrieval.energies(machine, retrieval.trajectory(machine, starts, 30, length=3.0))
    assert (retrieval.largest_rise(too_far) > 0.1).any()


def test_an_update_is_a_step_of_length_one_down_the_slope():
    machine = drawn_machine(5, 4)
    visible = torch.randn(6, 4, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(mixture.energy(machine, visible).sum(), visible)
    found = retrieval.read_out(machine, visible.detach())
    assert torch.allclose(found, visible.detach() - slope, atol=1e-13)


def test_a_separated_pattern_is_recalled_from_a_part_of_it():
    patterns = 30 * torch.eye(4, dtype=torch.float64)
    machine = Machine.without_biases(patterns)
    states = retrieval.trajectory(machine, 0.2 * patterns, 3)
    assert torch.allclose(states[-1], patterns)
    assert torch.allclose(states[-1], states[-2])
