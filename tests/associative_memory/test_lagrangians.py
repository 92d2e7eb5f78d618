"""Lagrangians of hidden units against automatic differentiation, and which of them are convex."""

import pytest
import torch
from torch.nn import functional

from widthscope.associative_memory.lagrangians import CONVEX, GELU, UNITS, gelu_slope, log_cosh

Z = torch.linspace(-8, 8, 2001, dtype=torch.float64)


def derivative(function, z=Z):
    leaf = z.clone().requires_grad_()
    return torch.autograd.grad(function(leaf).sum(), leaf)[0]


@pytest.mark.parametrize("name", UNITS)
def test_the_activation_is_the_lagrangians_derivative_and_the_slope_its_own(name):
    unit = UNITS[name]
    assert torch.allclose(derivative(unit.lagrangian), unit.activation(Z), rtol=0, atol=1e-13)
    smooth = Z[Z.abs() > 1e-3]
    assert torch.allclose(derivative(unit.activation, smooth), unit.slope(smooth), rtol=0, atol=1e-13)
    assert float(unit.lagrangian(torch.zeros(1, dtype=torch.float64))) == 0


def test_gelu_is_the_exact_one():
    assert torch.equal(GELU.activation(Z), functional.gelu(Z, approximate="none"))
    normal = torch.distributions.Normal(0.0, 1.0)
    assert torch.allclose(GELU.activation(Z), Z * normal.cdf(Z), atol=1e-7)


@pytest.mark.parametrize("name", UNITS)
def test_convex_are_those_whose_activation_never_falls(name):
    falls = bool((UNITS[name].slope(Z) < 0).any())
    assert falls == (name not in CONVEX)


def test_gelu_falls_below_its_least_value():
    turning = Z[gelu_slope(Z) < 0].max()
    assert float(turning) == pytest.approx(-0.7518, abs=0.01)


def test_log_cosh_of_large_numbers_does_not_overflow():
    large = torch.tensor([-1e4, 1e4], dtype=torch.float64)
    assert torch.allclose(log_cosh(large), large.abs() - torch.log(torch.tensor(2.0, dtype=torch.float64)))
