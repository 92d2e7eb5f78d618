"""Radius, stretch, exponent over a horizon and in the long run: what each says of maps that are known."""

import math
from functools import partial

import pytest
import torch
from tests.spectra.known_maps import F64, logistic, normal, normalised, rotation

from widthscope.spectra.dynamics import AutogradDynamics, LinearDynamics
from widthscope.spectra.finite_time import finite_time
from widthscope.spectra.jacobian_spectra import eigenvalues
from widthscope.spectra.lyapunov import lyapunov_spectrum


def test_the_normalised_rotation_is_critical_by_every_number() -> None:
    x = normal(2, 6)
    matrix = rotation(torch.full((3,), 0.5, dtype=F64), 1.0)
    dynamics = AutogradDynamics(partial(normalised, matrix))
    state = x / x.norm(dim=-1, keepdim=True)
    spectrum = eigenvalues(dynamics, state, 4)
    one, finite = finite_time(dynamics, state, 1), finite_time(dynamics, state, 16)
    long_run = lyapunov_spectrum(dynamics, state, 2, 50)
    radius, stretch = spectrum.values[:, 0].abs(), one.exponents[:, 0].exp()
    for number in (radius - 1, finite.exponents[:, 0], long_run.exponents[:, 0], stretch - 1):
        torch.testing.assert_close(number, torch.zeros(2, dtype=F64), rtol=0, atol=1e-10)
    assert (spectrum.converged[:, 0] & one.converged[:, 0] & finite.converged[:, 0]).all()
    assert long_run.exponents.shape == (2, 2)
    assert finite.steps == 16


def test_growth_that_is_not_normal_is_told_from_chaos() -> None:
    matrix = torch.tensor([[0.5, 30.0], [0.0, 0.4]], dtype=F64)
    dynamics, state = LinearDynamics(matrix), torch.zeros(1, 2, dtype=F64)
    assert float(eigenvalues(dynamics, state, 2).values[0, 0].abs()) == pytest.approx(0.5)
    assert float(finite_time(dynamics, state, 1).exponents.exp()) > 30
    assert float(finite_time(dynamics, state, 4).exponents) > 0.3
    long_run = lyapunov_spectrum(dynamics, state, 1, 500)
    assert float(long_run.exponents) == pytest.approx(math.log(0.5), abs=1e-12)


def test_one_step_of_a_stable_cycle_can_have_a_radius_above_one() -> None:
    dynamics = logistic(3.2)
    state = torch.full((1, 1), 0.7994554904673701, dtype=F64)  # on the cycle
    assert float(eigenvalues(dynamics, state, 1).values.abs()) > 1.9
    for found in (finite_time(dynamics, state, 16), lyapunov_spectrum(dynamics, state, 1, 500)):
        assert float(found.exponents) == pytest.approx(0.5 * math.log(0.16), abs=1e-9)
