"""What is held to the exact posterior: deviations without Monte-Carlo error, and wrong theories."""

import math

import pytest
import torch

from widthscope.path_theory.minimise import minimise
from widthscope.path_theory.network import Network
from widthscope.path_theory.problem import Problem, problem
from widthscope.posteriors.collapsed.laplace import laplace_importance
from widthscope.posteriors.collapsed.prediction import Average, mean_matrices
from widthscope.studies.attention_paths.exact.candidates import (
    CANDIDATES,
    candidates,
    transposed_minimum,
)
from widthscope.studies.attention_paths.exact.deviations import deviations, squared_deviation
from widthscope.studies.attention_paths.tasks.gaussian_paths import gaussian_paths

NETWORK = Network.equal((2, 2), 16)
TASK = gaussian_paths(32, 16, 4, 40, seed=9, data_seed=1)


def posed() -> Problem:
    return problem(TASK.inputs, TASK.labels, 0.1, NETWORK)


def test_the_transposed_theory_is_the_right_one_of_paths_in_the_other_order():
    """With its own order of the paths the wrong index is right: undoing the exchange gives the theory."""
    exchanged = problem(TASK.inputs[:, [0, 2, 1, 3]], TASK.labels, 0.1, NETWORK)
    found = transposed_minimum(exchanged)
    expected = minimise(posed()).path_weights[[0, 2, 1, 3]][:, [0, 2, 1, 3]]
    assert found is not None
    assert found.numpy() == pytest.approx(expected.numpy(), abs=1e-5)


def test_the_transposed_theory_differs_and_one_layer_has_no_order_to_transpose():
    wrong, right = transposed_minimum(posed()), minimise(posed()).path_weights
    assert wrong is not None
    assert (wrong - right).norm() > 0.01 * right.norm()
    single = problem(TASK.inputs, TASK.labels, 0.1, Network.equal((4,), 16))
    same = transposed_minimum(single)
    assert same is not None
    assert same.numpy() == pytest.approx(minimise(single).path_weights.numpy(), abs=1e-5)


def test_another_width_is_the_theory_of_that_width():
    told = Network.equal((2, 2), 4)
    found = candidates(posed(), told, transposed=False)
    assert tuple(found) == CANDIDATES
    assert found["transposed paths"] is None
    expected = minimise(problem(TASK.inputs, TASK.labels, 0.1, told)).path_weights
    assert found["another width"] is not None
    assert found["another width"].numpy() == pytest.approx(expected.numpy(), abs=1e-5)
    assert candidates(posed(), None, transposed=False)["another width"] is None


def test_the_squared_deviation_has_no_share_of_the_scrambles_errors():
    generator = torch.Generator().manual_seed(0)
    truth = torch.randn(30, generator=generator, dtype=torch.float64)
    values = truth + 0.1 * torch.randn(30, generator=generator, dtype=torch.float64)
    found = []
    for _ in range(400):
        noisy = truth + 0.3 * torch.randn(4, 30, generator=generator, dtype=torch.float64)
        # Divided by the mean's own size, which the noise enlarges by a known share.
        found.append(squared_deviation(values, Average(noisy.mean(0), noisy)) * noisy.mean(0).square().sum())
    products = torch.stack(found)
    error = float(products.std() / 20)
    assert float(products.mean()) == pytest.approx(float((values - truth).square().sum()), abs=4 * error)
    assert error < 0.1 * float((values - truth).square().sum())


def test_the_squared_deviation_of_equal_scrambles_is_the_plain_one():
    exact = torch.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=torch.float64)
    values = exact + torch.tensor([[0.0, 0.5], [0.5, 0.0]], dtype=torch.float64)
    found = squared_deviation(values, Average(exact, exact.expand(3, 2, 2)))
    assert found == pytest.approx(0.5 / 30)


def test_deviations_tell_the_theory_from_the_rest_and_leave_out_what_is_missing():
    draws = laplace_importance(posed(), 128, 4, ("test",))
    found = candidates(posed(), Network.equal((2, 2), 2), transposed=True)
    row = deviations(posed(), draws, found, TASK, variance=True)
    for quantity in ("mean", "matrix", "variance"):
        theory, process, another, _ = (row[quantity][name] for name in CANDIDATES)
        assert 0 < theory < min(process, another)
    exact = mean_matrices(draws)[0].value
    relative = float((exact - torch.eye(4)).norm() / exact.norm())
    assert row["matrix"]["gaussian process"] ** 0.5 == pytest.approx(relative, rel=0.02)
    without = deviations(posed(), draws, {**found, "another width": None}, TASK, variance=False)
    assert math.isnan(without["mean"]["another width"])
    assert math.isnan(without["variance"]["theory"])
    assert without["mean"]["theory"] == row["mean"]["theory"]
