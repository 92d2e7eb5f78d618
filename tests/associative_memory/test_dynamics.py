"""Energies never rise beyond rounding with symmetric couplings, and do in the controls."""

from dataclasses import replace

import pytest
import torch

from widthscope.associative_memory import adiabatic, hidden_dynamics, layer_norm
from widthscope.associative_memory.hidden_dynamics import Layers
from widthscope.associative_memory.lagrangians import CONVEX, UNITS
from widthscope.associative_memory.memory import Memory, symmetric
from widthscope.associative_memory.rises import TOLERANCE, largest_rise, relative_steps, rose

R, S, C, HS, HC = 64, 8, 12, 16, 48
GENERATOR = torch.Generator().manual_seed(23)


def normal(*shape):
    return torch.randn(*shape, generator=GENERATOR, dtype=torch.float64)


W, V = normal(R, HS, S) / S**0.5, normal(R, HC, C) / C**0.5
W2, V2 = normal(R, S, HS) / S**0.5, normal(R, C, HC) / C**0.5
X = 2 * normal(R, S, C)


def memories(unit):
    return symmetric(W, V, UNITS[unit]), Memory(W, V, W2, V2, UNITS[unit])


@pytest.mark.parametrize("unit", ["relu", "gelu"])
@pytest.mark.parametrize("decay", [0.0, 1.0])
def test_the_continuous_energy_never_rises_with_symmetric_couplings_and_does_without(unit, decay):
    right, wrong = memories(unit)
    falling = adiabatic.runge_kutta(right, X, 0.02, 150, decay)
    assert float(largest_rise(falling.energy).max()) <= TOLERANCE
    rising = adiabatic.runge_kutta(wrong, X, 0.02, 150, decay)
    assert float(rose(rising.energy).double().mean()) > 0.5
    mismatched = falling.energy + layer_norm.mismatched_legendre(falling.deviation, S * C)
    assert float(rose(mismatched).double().mean()) > 0.9


@pytest.mark.parametrize("unit", CONVEX)
@pytest.mark.parametrize("length", [0.1, 1.0, 10.0, 1000.0])
def test_a_block_with_convex_lagrangians_lowers_the_energy_at_any_step(unit, length):
    right, wrong = memories(unit)
    assert float(largest_rise(adiabatic.residual(right, X, length, 40).energy).max()) <= TOLERANCE
    assert float(rose(adiabatic.residual(wrong, X, length, 40).energy).double().mean()) > 0.5


def test_anti_tied_couplings_raise_the_energy_in_every_run():
    _, memory = memories("relu")
    opposite = replace(memory, token_back=-W.mT, channel_back=-V.mT)
    assert rose(adiabatic.residual(opposite, X, 0.1, 10).energy).all()


def test_gelu_raises_the_energy_of_some_small_memories_in_large_steps_and_relu_of_none():
    count = 20000
    token, channel, x = normal(count, 1, 3), normal(count, 1, 2), 2 * normal(count, 3, 2)
    risen = {
        unit: int(rose(adiabatic.residual(symmetric(token, channel, UNITS[unit]), x, 100.0, 5).energy).sum())
        for unit in ("relu", "gelu")
    }
    assert risen["relu"] == 0
    assert risen["gelu"] > 0


def test_decayed_steps_are_residual_ones_on_a_rescaled_branch():
    for memory in memories("gelu"):
        decayed, residual = adiabatic.decayed_and_residual(memory, X, 0.2, 30)
        assert torch.allclose(decayed, residual, rtol=0, atol=1e-12)
        _, constant = adiabatic.decayed_and_residual(memory, X, 0.2, 30, rescaled=False)
        assert not torch.allclose(decayed, constant, rtol=0, atol=0.1)
    with pytest.raises(ValueError, match="between 0 and 1, not 1"):
        adiabatic.decayed_and_residual(memory, X, 1.0, 3)


def test_runge_kutta_is_of_fourth_order():
    memory, _ = memories("tanh")
    exact = adiabatic.runge_kutta(memory, X, 0.4 / 64, 64).last
    errors = [float((adiabatic.runge_kutta(memory, X, 0.4 / n, n).last - exact).abs().max()) for n in (4, 8)]
    assert errors[0] / errors[1] == pytest.approx(16, rel=0.35)


def layers(low=-2.0, high=2.0):
    hidden = (
        low + (high - low) * torch.rand(R, *shape, generator=GENERATOR, dtype=torch.float64)
        for shape in ((HS, C), (S, HC))
    )
    return Layers(X, *hidden)


@pytest.mark.parametrize("unit", ["relu", "gelu", "tanh"])
@pytest.mark.parametrize("tau", [0.3, 1.0])
def test_the_whole_energys_rate_is_that_of_its_gradient(unit, tau):
    memory, _ = memories(unit)
    states = Layers(*(state.clone().requires_grad_() for state in layers()))
    gradients = torch.autograd.grad(hidden_dynamics.energy(memory, states).sum(), list(states))
    moves = hidden_dynamics.velocity(memory, states, tau)
    along = sum((g * m).sum((1, 2)) for g, m in zip(gradients, moves, strict=True))
    assert torch.allclose(hidden_dynamics.energy_rate(memory, states, tau), along, rtol=1e-9, atol=1e-9)


def test_at_the_hidden_layers_fixed_point_the_energy_is_that_of_fast_ones():
    for memory in memories("gelu"):
        states = Layers(X, *memory.inputs(memory.visible(X)))
        assert torch.allclose(hidden_dynamics.energy(memory, states), memory.energy(X), rtol=0, atol=1e-10)
        moves = hidden_dynamics.velocity(memory, states, 1.0)
        assert float(moves.token.abs().max()) == 0
        assert torch.allclose(moves.visible, memory.update(X) - X)


def test_gelu_raises_the_whole_energy_where_it_falls_and_relu_does_not():
    risen = {}
    for unit in ("relu", "gelu"):
        memory, _ = memories(unit)
        energy, _ = hidden_dynamics.runge_kutta(memory, layers(-3.0, -0.8), 1.0, 0.02, 100)
        risen[unit] = float(rose(energy).double().mean())
    assert risen == {"relu": 0.0, "gelu": 1.0}


def test_from_hidden_states_that_follow_fast_small_steps_agree_with_the_adiabatic_dynamics():
    memory, _ = memories("tanh")
    start = Layers(X, *memory.inputs(memory.visible(X)))
    _, last = hidden_dynamics.runge_kutta(memory, start, 1e-3, 1e-3, 300)
    followed = adiabatic.runge_kutta(memory, X, 0.01, 30, 1.0).last
    assert torch.allclose(last.visible, followed, rtol=0, atol=0.02)


def test_rises_are_relative_and_a_constant_or_broken_run_is_told():
    energies = torch.tensor([[3.0, 1.0, 2.0], [1.0, 1.0, float("nan")], [2.0, 1.0, 0.0]], dtype=torch.float64)
    assert torch.equal(relative_steps(energies)[:, 0], torch.tensor([-1.0, 0.5], dtype=torch.float64))
    assert torch.equal(relative_steps(energies)[:, 1], torch.zeros(2, dtype=torch.float64))
    assert rose(energies).tolist() == [True, False, True]
    assert rose(1e12 * energies).tolist() == [True, False, True]


def test_changes_within_rounding_of_the_energy_are_no_rises_and_larger_ones_are():
    noise = torch.tensor([0.0, 3.0, -2.0, 4.0, 1.0], dtype=torch.float64)
    constant = 1e3 * (1 + torch.finfo(torch.float64).eps * noise[:, None])
    assert float(constant.diff(dim=0).max()) > 0
    assert torch.equal(relative_steps(constant), torch.zeros(4, 1, dtype=torch.float64))
    assert not rose(constant).any()
    assert rose(1e3 * (1 + 1e-12 * noise[:, None])).all()
    assert rose(-1e3 * (1 + 1e-12 * noise[:, None])).all()
