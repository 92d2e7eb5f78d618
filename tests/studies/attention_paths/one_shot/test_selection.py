"""Predictors and their temperatures."""

import numpy as np
import pytest
import torch

from widthscope.path_theory.network import Network
from widthscope.path_theory.prediction import predict
from widthscope.path_theory.problem import Problem, problem
from widthscope.streams import torch_generator
from widthscope.studies.attention_paths.one_shot import selection
from widthscope.studies.attention_paths.one_shot.path_episodes import PathEpisodes

HEADS = (2, 2)


@pytest.fixture(scope="module")
def task() -> Problem:
    generator = torch_generator("test", "one-shot selection")
    inputs = torch.randn(20, 4, 6, generator=generator, dtype=torch.float64)
    labels = torch.sign(inputs[:, 1, 0])
    return problem(inputs, labels, 0.2, Network.equal(HEADS, 8))


def test_mean_weights_make_the_mean_of_the_predictor(task: Problem) -> None:
    U = selection.minimum(task).path_weights
    tests = torch.randn(9, 4, 6, generator=torch_generator("test", "tests"), dtype=torch.float64)
    weights = selection.mean_weights(task, U)
    found = torch.einsum("pdn,dn->p", tests, weights)
    torch.testing.assert_close(found, predict(task, U, tests).mean)


def test_solutions_are_minima_at_their_temperatures(task: Problem) -> None:
    grid = [0.3, 0.1, 1.0]
    found = selection.solutions(task, grid)
    for temperature, solution in zip(grid, found, strict=True):
        alone = selection.minimum(task.at(temperature=temperature))
        assert solution.converged
        assert solution.value == pytest.approx(alone.value, rel=1e-9)


def test_a_minimum_does_not_depend_on_where_its_search_begins(task: Problem) -> None:
    grid = [0.3, 0.1]
    wide = selection.solutions(task.at(network=Network.equal(HEADS, 50)), grid, loosely=True)
    for found, alone in zip(
        selection.solutions(task, grid, wide), selection.solutions(task, grid), strict=True
    ):
        torch.testing.assert_close(found.path_weights, alone.path_weights, rtol=1e-5, atol=1e-7)


def test_restricted_minima_have_their_shapes_and_lie_above_the_whole_one(task: Problem) -> None:
    (whole,), (diagonal,), (scalar,) = (
        selection.solutions(task, [0.3]),
        selection.restricted(task, [0.3], diagonal=True),
        selection.restricted(task, [0.3], scalar=True),
    )
    assert whole.value < diagonal.value < scalar.value
    torch.testing.assert_close(diagonal.path_weights, diagonal.path_weights.diag().diag())
    one = scalar.path_weights
    torch.testing.assert_close(one, one[0, 0] * torch.eye(4, dtype=torch.float64))


def test_accuracies_count_signs(task: Problem) -> None:
    U = torch.eye(4, dtype=torch.float64)
    parts = torch.zeros(20, 4)
    sets = {
        "validation": PathEpisodes(task.inputs, task.labels, parts),
        "test": PathEpisodes(task.inputs, -task.labels, parts),
    }
    found = selection.accuracies(task, U, sets)
    assert found.sum() == pytest.approx(1)
    assert found[0] > 0.5


def test_the_choice_looks_at_validation_alone_and_at_what_exists() -> None:
    accuracy = np.array([[np.nan, np.nan], [0.6, 0.9], [0.8, 0.1], [0.8, 0.2]])
    assert selection.chosen(accuracy) == 2
    assert selection.chosen(accuracy[:1]) == 0


def test_colder_temperatures_stand_beside_the_grid() -> None:
    found = selection.colder([0.3, 1.0])
    np.testing.assert_allclose(found, [0.01, 0.0333, 0.3, 1.0])
    assert {0.3, 1.0} <= set(found)


def test_renamed_heads_have_the_weights_of_the_next() -> None:
    generator = torch_generator("test", "renamed")
    heads = (2, 3)
    U = torch.randn(6, 6, generator=generator, dtype=torch.float64)
    found = selection.renamed(U, heads)
    for row in range(6):
        for column in range(6):
            taken = [3 * ((path // 3 + 1) % 2) + (path % 3 + 1) % 3 for path in (row, column)]
            assert found[row, column] == U[taken[0], taken[1]]


def test_the_inverse_keeps_the_trace_and_turns_the_order_of_weights() -> None:
    U = torch.diag(torch.tensor([1.0, 2.0, 4.0], dtype=torch.float64))
    found = selection.inverse(U)
    torch.testing.assert_close(found, torch.diag(torch.tensor([4.0, 2.0, 1.0], dtype=torch.float64)))
    assert selection.inverse(torch.full((2, 2), torch.nan)).isnan().all()
