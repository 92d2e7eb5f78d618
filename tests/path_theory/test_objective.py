import numpy as np
import pytest
import torch
from tests.path_theory.tasks import F64, UNEQUAL, generator, posed

from widthscope.path_theory import objective as objective_module
from widthscope.path_theory.action import action
from widthscope.path_theory.network import Network
from widthscope.path_theory.objective import Objective

FAMILIES = pytest.mark.parametrize("family", ["full", "diagonal", "scalar"])


def at_a_point(family="full", network=UNEQUAL):
    objective = Objective(posed(network), family)
    size = sum(objective.coordinates.counts)
    return objective, 0.3 * torch.randn(size, generator=generator(3), dtype=F64)


def test_value_is_the_action_per_width():
    objective, vector = at_a_point()
    value, energy, _ = objective(vector)
    expected = action(objective.problem, objective.order(vector))
    assert float(value) * 20 == pytest.approx(expected.value, rel=1e-12)
    assert float(energy) == pytest.approx(expected.energy, rel=1e-12)


@FAMILIES
def test_gradient_of_the_whole_chain_against_finite_differences(family):
    objective, vector = at_a_point(family)
    _, _, gradient = objective(vector)
    steps = 1e-5 * torch.eye(len(vector), dtype=F64)
    differences = (objective(vector + steps)[0] - objective(vector - steps)[0]) / 2e-5
    torch.testing.assert_close(gradient, differences, rtol=1e-6, atol=1e-8)


def test_a_batch_is_its_members_one_by_one_and_counts_as_many_evaluations():
    objective, vector = at_a_point()
    batch = vector + 0.1 * torch.randn(2, 3, len(vector), generator=generator(4), dtype=F64)
    found = objective(batch)
    assert objective.evaluations == 6
    for i in range(2):
        for j in range(3):
            for whole, alone in zip(found, objective(batch[i, j]), strict=True):
                torch.testing.assert_close(whole[i, j], alone, rtol=1e-11, atol=1e-12)


def test_hessian_times_a_direction_is_the_difference_of_gradients(monkeypatch):
    objective, vector = at_a_point(network=Network.equal((2, 2), 10))
    gradient = objective(vector)[2]
    direction = torch.randn(len(vector), generator=generator(5), dtype=F64)
    hessian = objective.hessian(vector)
    assert torch.equal(hessian, hessian.mT)
    torch.testing.assert_close(
        objective.curved(vector, gradient, direction), hessian @ direction, rtol=1e-3, atol=1e-4
    )
    monkeypatch.setattr(objective_module, "_BATCH_NUMBERS", 1)
    torch.testing.assert_close(objective.hessian(vector), hessian, rtol=1e-7, atol=1e-9)


def test_beyond_what_float64_holds_there_is_a_wall_with_no_slope():
    objective, vector = at_a_point()
    highest, _ = objective.for_scipy(vector.numpy())
    value, slope = objective.for_scipy(vector.numpy() + 1000.0)
    assert value == highest
    assert not np.any(slope)
    near, slope = objective.for_scipy(vector.numpy() + 0.01)
    assert np.isfinite(near)
    assert np.any(slope)
