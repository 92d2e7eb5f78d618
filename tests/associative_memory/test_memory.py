"""Drive and energy of a memory against loops, against its own gradient, and against the mixers' blocks."""

from dataclasses import replace

import pytest
import torch

from widthscope.associative_memory import layer_norm
from widthscope.associative_memory.lagrangians import UNITS
from widthscope.associative_memory.memory import Memory, energy_rate, symmetric
from widthscope.mixers import parallel

S, C, HS, HC, R = 4, 3, 5, 6, 7
GENERATOR = torch.Generator().manual_seed(11)


def normal(*shape):
    return torch.randn(*shape, generator=GENERATOR, dtype=torch.float64)


W, V, X = normal(R, HS, S), normal(R, HC, C), normal(R, S, C)
W2, V2 = normal(R, S, HS), normal(R, C, HC)


@pytest.mark.parametrize("name", UNITS)
@pytest.mark.parametrize("eps", [0.0, 0.1])
def test_drive_and_energy_are_sums_over_units(name, eps):
    unit = UNITS[name]
    memory = Memory(W, V, W2, V2, unit, eps)
    drive, energy = memory.drive_and_energy(X)
    for r in range(R):
        g = layer_norm.normalised(X[r], eps)
        total = (X[r] * g).sum() - layer_norm.lagrangian(X[r], eps)
        wanted = torch.zeros(S, C, dtype=torch.float64)
        for h in range(HS):
            for channel in range(C):
                z = (W[r, h] * g[:, channel]).sum()
                total = total - unit.lagrangian(z)
                wanted[:, channel] += W2[r, :, h] * unit.activation(z)
        for h in range(HC):
            for token in range(S):
                z = (V[r, h] * g[token]).sum()
                total = total - unit.lagrangian(z)
                wanted[token] += V2[r, :, h] * unit.activation(z)
        assert torch.allclose(drive[r], wanted, rtol=0, atol=1e-12)
        assert float(energy[r]) == pytest.approx(float(total), abs=1e-11)


@pytest.mark.parametrize("name", UNITS)
def test_with_symmetric_couplings_the_drive_is_minus_the_gradient_in_g(name):
    memory = symmetric(W, V, UNITS[name])
    g = memory.visible(X).requires_grad_()
    energy = -sum(UNITS[name].lagrangian(part).sum() for part in memory.inputs(g))
    (gradient,) = torch.autograd.grad(energy, g)
    assert torch.allclose(memory.update(X), -gradient, rtol=0, atol=1e-12)
    other = Memory(W, V, W2, V2, UNITS[name])
    assert not torch.allclose(other.update(X), -gradient, rtol=0, atol=0.1)


@pytest.mark.parametrize("name", UNITS)
@pytest.mark.parametrize("decay", [0.0, 1.0])
def test_the_energys_rate_is_that_of_its_gradient_along_the_dynamics(name, decay):
    memory = symmetric(W, V, UNITS[name])
    x = X.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(memory.energy(x).sum(), x)
    along = (gradient * (memory.update(X) - decay * X)).sum((1, 2))
    assert torch.allclose(energy_rate(memory, X), along, rtol=1e-10, atol=1e-11)
    assert (energy_rate(memory, X) < 0).all()


def test_a_step_is_the_mixers_parallel_block():
    memory = Memory(W, V, W2, V2, UNITS["gelu"], 1e-6)
    block = parallel.block(
        X[:, :, None], parallel.Couplings(W, W2, V, V2), UNITS["gelu"].activation, "parallel"
    )
    assert torch.allclose(X + memory.update(X), block[:, :, 0], rtol=0, atol=1e-12)


def test_leading_dimensions_broadcast():
    memory = symmetric(W[:, None], V[:, None], UNITS["relu"])
    images = normal(R, 4, S, C)
    for place in range(4):
        one = symmetric(W, V, UNITS["relu"])
        assert torch.allclose(memory.energy(images)[:, place], one.energy(images[:, place]))
        assert torch.allclose(memory.update(images)[:, place], one.update(images[:, place]))


def test_with_a_gain_the_transposes_drive_is_not_the_gradient_unless_it_is_multiplied_too():
    gain = torch.exp(normal(R, S, C))
    memory = replace(symmetric(W, V, UNITS["relu"]), gain=gain)
    x_hat = layer_norm.normalised(X).requires_grad_()
    energy = -sum(UNITS["relu"].lagrangian(part).sum() for part in memory.inputs(gain * x_hat))
    (gradient,) = torch.autograd.grad(energy, x_hat)
    assert torch.allclose(gain * memory.update(X), -gradient, rtol=0, atol=1e-11)
    assert not torch.allclose(memory.update(X), -gradient, rtol=0, atol=0.1)
