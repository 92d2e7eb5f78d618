import math
from functools import partial

import pytest
import torch
from tests.spectra.known_maps import F64, logistic, normal, normalised, rotation

from widthscope.spectra.criticality import criticality
from widthscope.spectra.dynamics import AutogradDynamics, LinearDynamics


def test_the_normalised_rotation_is_critical_by_every_number() -> None:
    x = normal(2, 6)
    matrix = rotation(torch.full((3,), 0.5, dtype=F64), 1.0)
    dynamics = AutogradDynamics(partial(normalised, matrix))
    found = criticality(dynamics, x / x.norm(dim=-1, keepdim=True), steps=50, exponents=2)
    for number in (found.radius_distance, found.finite_time, found.exponent, found.largest_singular - 1):
        torch.testing.assert_close(number, torch.zeros(2, dtype=F64), rtol=0, atol=1e-10)
    assert found.converged.all()
    assert found.long_run.exponents.shape == (2, 2)
    assert found.horizon == 16


def test_growth_that_is_not_normal_is_told_from_chaos() -> None:
    matrix = torch.tensor([[0.5, 30.0], [0.0, 0.4]], dtype=F64)
    found = criticality(LinearDynamics(matrix), torch.zeros(1, 2, dtype=F64), horizon=4)
    assert float(found.spectral_radius) == pytest.approx(0.5)
    assert float(found.radius_distance) == pytest.approx(-0.5)
    assert float(found.largest_singular) > 30
    assert float(found.finite_time) > 0.3
    assert float(found.exponent) == pytest.approx(math.log(0.5), abs=1e-12)


def test_one_step_of_a_stable_cycle_can_have_a_radius_above_one() -> None:
    dynamics = logistic(3.2)
    state = torch.full((1, 1), 0.7994554904673701, dtype=F64)  # on the cycle
    found = criticality(dynamics, state)
    assert float(found.spectral_radius) > 1.9
    assert float(found.exponent) == pytest.approx(0.5 * math.log(0.16), abs=1e-9)
    assert float(found.finite_time) == pytest.approx(0.5 * math.log(0.16), abs=1e-9)
