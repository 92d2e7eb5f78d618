"""Scores against derivatives, and the three objectives against integrals."""

import math

import pytest
import torch
from tests.boltzmann.machines import drawn_machine

from widthscope.boltzmann import denoising, mixture

MACHINE = drawn_machine(4, 2)
CLEAN = torch.randn(5, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def test_the_score_is_the_slope_of_the_log_density():
    visible = torch.randn(6, 2, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(mixture.log_density(MACHINE, visible).sum(), visible)
    assert denoising.score(MACHINE, visible.detach(), 1.0) == pytest.approx(slope, abs=1e-13)
    assert denoising.score(MACHINE, visible.detach(), 0.5) == pytest.approx(4 * slope, abs=1e-12)


def test_the_divergence_is_the_trace_of_the_scores_jacobian():
    for point in torch.randn(4, 2, dtype=torch.float64):
        jacobian = torch.autograd.functional.jacobian(
            lambda v: denoising.score(MACHINE, v[None], 0.5)[0], point
        )
        found = denoising.score_divergence(MACHINE, point[None], 0.5)[0]
        assert float(found) == pytest.approx(float(jacobian.trace()), abs=1e-12)


def test_the_corrupted_density_and_its_score_are_those_of_the_kernels():
    visible = torch.randn(6, 2, dtype=torch.float64, requires_grad=True)
    logs = denoising.corrupted_log_density(CLEAN, visible, 0.7)
    (slope,) = torch.autograd.grad(logs.sum(), visible)
    assert denoising.corrupted_score(CLEAN, visible.detach(), 0.7) == pytest.approx(slope, abs=1e-12)
    with torch.no_grad():
        kernels = [torch.distributions.Normal(v, 0.7).log_prob(visible).sum(-1) for v in CLEAN]
        expected = torch.logsumexp(torch.stack(kernels), 0) - math.log(5)
    assert logs.detach() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("noise", [1.0, 0.5])
def test_the_objectives_differ_by_constants(noise):
    line = torch.arange(-12, 12, 0.1, dtype=torch.float64)
    points = torch.cartesian_prod(line, line)
    density = denoising.corrupted_log_density(CLEAN, points, noise).exp() * 0.01
    kernels = [torch.distributions.Normal(v, noise).log_prob(points).sum(-1).exp() * 0.01 for v in CLEAN]
    clean = CLEAN[:, None].expand(5, len(points), 2)
    weight = torch.stack(kernels) / 5
    matching = (weight * denoising.denoising_objective(MACHINE, clean, points, noise)).sum()
    auto = (weight * denoising.autoencoder_loss(MACHINE, clean, points)).sum()
    explicit = (density * denoising.explicit_objective(MACHINE, points, CLEAN, noise)).sum()
    implicit = (density * denoising.implicit_objective(MACHINE, points, noise)).sum()
    information = (density * denoising.corrupted_score(CLEAN, points, noise).square().sum(-1)).sum() / 2
    assert float(matching) == pytest.approx(float(auto / noise**4), rel=1e-12)
    assert float(explicit) == pytest.approx(float(matching - 1 / noise**2 + information), rel=1e-10)
    assert float(implicit) == pytest.approx(float(explicit - information), rel=1e-10)
