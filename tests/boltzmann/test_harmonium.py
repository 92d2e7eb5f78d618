"""Harmoniums against closed forms, joint sums, and their own sampling."""

import pytest
import torch

from widthscope.boltzmann.harmonium import LAGRANGIANS, Harmonium, gibbs_samples, transition_matrix
from widthscope.boltzmann.special_cases import all_spins


def drawn_harmonium(name: str, points: int = 301, units: int = 3) -> Harmonium:
    generator = torch.Generator().manual_seed(4)
    weights = torch.randn(2, units, dtype=torch.float64, generator=generator)
    weights = 0.7 * weights / torch.linalg.vector_norm(weights, dim=1, keepdim=True)
    bias = 0.3 * torch.randn(units, dtype=torch.float64, generator=generator)
    return Harmonium(weights, bias, LAGRANGIANS[name], points)


@pytest.mark.parametrize("name", LAGRANGIANS)
def test_slopes_are_those_of_the_lagrangian(name):
    h = torch.linspace(0.1, 3, 7, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(LAGRANGIANS[name].value(h).sum(), h)
    assert LAGRANGIANS[name].slope(h.detach()) == pytest.approx(slope)


def test_a_quadratic_harmonium_is_the_quadratic_memory_and_the_others_are_not():
    distance = {
        name: float((drawn_harmonium(name).marginal() - drawn_harmonium(name).eliminated()).abs().sum() / 2)
        for name in LAGRANGIANS
    }
    assert distance["quadratic"] < 1e-14
    assert min(distance["quartic"], distance["cubic"]) > 0.005


def test_the_marginal_is_the_joint_summed_over_hidden_units():
    one = drawn_harmonium("quartic", points=61, units=2)
    h, measure = one.grid, one.log_measure()
    f, own = one.lagrangian.slope(h), one.lagrangian.value(h) - h * one.lagrangian.slope(h) + measure
    total = []
    for s in all_spins(2):
        x = (one.weights @ s).tolist()
        joint = one.bias @ s + own[:, None] + own + f[:, None] * x[0] + f * x[1]
        total.append(float(joint.exp().sum()))
    expected = torch.tensor(total, dtype=torch.float64) / sum(total)
    assert one.marginal() == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize("name", LAGRANGIANS)
def test_the_grid_is_fine_and_wide_enough(name):
    found = drawn_harmonium(name, points=2001).marginal()
    assert drawn_harmonium(name, points=8001).marginal() == pytest.approx(found, abs=1e-9)


@pytest.mark.parametrize("name", LAGRANGIANS)
def test_a_sweep_leaves_the_marginal_and_is_reversible(name):
    one = drawn_harmonium(name, points=121)
    kernel, marginal = transition_matrix(one), one.marginal()
    assert kernel.sum(1) == pytest.approx(torch.ones(8, dtype=torch.float64), abs=1e-13)
    assert marginal @ kernel == pytest.approx(marginal, abs=1e-14)
    flow = marginal[:, None] * kernel
    assert flow == pytest.approx(flow.mT, abs=1e-14)


def test_sampled_sweeps_follow_the_transition_matrix_and_end_at_the_marginal():
    one = drawn_harmonium("quartic", points=121)
    kernel = transition_matrix(one)
    generator = torch.Generator().manual_seed(0)
    counts = gibbs_samples(one, 40_000, 1, generator)
    assert counts.sum() == 40_000
    assert counts / 40_000 == pytest.approx(kernel.mean(0), abs=5 * 0.5 / 200)
    late = gibbs_samples(one, 40_000, 20, generator) / 40_000
    assert late == pytest.approx(one.marginal(), abs=5 * 0.5 / 200)
