"""Closed partition functions against sums and integrals, and the energy that has none."""

import itertools
import math

import pytest
import torch
from tests.boltzmann.machines import drawn_machine

from widthscope.boltzmann import mixture, special_cases
from widthscope.boltzmann.mixture import Machine

LINE = torch.arange(-20, 20, 0.2, dtype=torch.float64)
PLANE = torch.cartesian_prod(LINE, LINE)


def log_integral(log_density: torch.Tensor) -> float:
    return float(torch.logsumexp(log_density, dim=0) + 2 * math.log(0.2))


def test_all_spins_are_all_states_the_first_spin_the_fastest():
    spins = special_cases.all_spins(3)
    assert sorted(map(tuple, spins.tolist())) == sorted(itertools.product([-1.0, 1.0], repeat=3))
    assert spins[1].tolist() == [1.0, -1.0, -1.0]
    with pytest.raises(special_cases.TooManyComponentsError, match="21 spins"):
        special_cases.all_spins(21)


def test_the_sum_over_binary_states_is_closed():
    machine = drawn_machine(2, 5, 8)
    summed = torch.logsumexp(-special_cases.binary_energy(machine, special_cases.all_spins(8)), dim=-1)
    assert special_cases.binary_log_partition(machine) == pytest.approx(summed, abs=1e-12)


def test_without_weights_spins_are_independent():
    bias = torch.tensor([0.5, -30.0, 400.0], dtype=torch.float64)
    machine = Machine(torch.zeros(4, 3, dtype=torch.float64), bias, torch.zeros(4, dtype=torch.float64))
    expected = math.log(4) + math.log(2 * math.cosh(0.5)) + 30 + 400
    assert special_cases.binary_log_partition(machine) == pytest.approx(expected)


@pytest.mark.parametrize("power", [1, 2, 3])
def test_whole_powers_are_mixtures(power):
    machine = drawn_machine(4, 2, scale=0.7)
    again = special_cases.power_machine(machine, power)
    assert again.hidden_units == math.comb(3 + power, power)
    expected = log_integral(-special_cases.power_energy(machine, PLANE, power))
    assert mixture.log_partition(again) == pytest.approx(expected, abs=1e-11)
    points = PLANE[::997]
    assert mixture.energy(again, points) == pytest.approx(
        special_cases.power_energy(machine, points, power), rel=1e-12, abs=1e-11
    )


def test_a_power_of_machines_in_a_batch_is_that_of_each():
    machine = drawn_machine(2, 3, 4)
    both = special_cases.power_machine(machine, 2)
    for i in range(2):
        one = special_cases.power_machine(Machine(*(tensor[i] for tensor in machine)), 2)
        for ours, theirs in zip(both, one, strict=True):
            assert torch.allclose(ours[i], theirs)


def test_powers_that_cannot_be_listed_are_refused():
    with pytest.raises(special_cases.TooManyComponentsError, match="300 hidden units with power 4"):
        special_cases.power_machine(drawn_machine(300, 2), 4)
    with pytest.raises(ValueError, match="power 0"):
        special_cases.power_machine(drawn_machine(3, 2), 0)


def test_a_divided_energy_is_a_machine_with_a_power_in_scaled_units():
    """exp(-E(v) / s^2) with 1/s^2 = 4 is the density of s u for a machine of narrowed weights."""
    machine, width = drawn_machine(3, 2), 0.5
    narrowed = Machine(machine.weights * width, machine.visible_bias / width, machine.hidden_bias)
    tempered = special_cases.power_machine(narrowed, 4)
    points = PLANE[::997]
    logs = mixture.log_density(tempered, points / width) - 2 * math.log(width)
    scaled = -mixture.energy(machine, points) / width**2
    assert logs - scaled == pytest.approx((logs - scaled)[0].expand(len(points)), rel=1e-10)


def test_the_joint_energy_does_not_change_along_a_common_shift():
    machine = drawn_machine(5, 3)
    visible, hidden = torch.randn(4, 3, dtype=torch.float64), torch.randn(4, 5, dtype=torch.float64)
    before = special_cases.joint_energy(machine, visible, hidden)
    assert special_cases.joint_energy(machine, visible, hidden + 100) == pytest.approx(before, abs=1e-11)
    eliminated = special_cases.joint_energy(machine, visible, mixture.hidden_inputs(machine, visible))
    assert eliminated == pytest.approx(mixture.energy(machine, visible), abs=1e-12)


def test_one_block_is_attention_and_blocks_that_do_not_fit_are_refused():
    machine = drawn_machine(6, 3)
    visible = torch.randn(4, 3, dtype=torch.float64)
    whole = special_cases.block_energy(machine, visible, 6)
    assert torch.equal(whole, mixture.energy(machine, visible))
    pairs = special_cases.block_energy(machine, visible, 2)
    inputs = mixture.hidden_inputs(machine, visible)
    expected = 0.5 * (visible - machine.visible_bias).square().sum(-1)
    expected = expected - sum(torch.logaddexp(inputs[:, k], inputs[:, k + 1]) for k in (0, 2, 4))
    assert pairs == pytest.approx(expected, abs=1e-12)
    with pytest.raises(ValueError, match="blocks of 4"):
        special_cases.block_energy(machine, visible, 4)
