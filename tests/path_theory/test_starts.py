import pytest
import torch
from tests.path_theory.tasks import generator, posed

from widthscope.path_theory.minimise import minimise
from widthscope.path_theory.network import Network
from widthscope.path_theory.starts import anneal, restarts


def test_restarts_over_two_decades_reach_one_minimum():
    task = posed(Network.equal((2, 2), 10), 30, 20)
    reference = minimise(task)
    for found in restarts(task, generator(4), 10):
        assert found.converged
        assert found.value == pytest.approx(reference.value, rel=1e-12)
        torch.testing.assert_close(found.path_weights, reference.path_weights, rtol=1e-6, atol=1e-7)


def test_annealing_gives_the_minima_in_the_order_of_the_widths():
    task = posed(Network.equal((2, 2), 10))
    widths = (100, 10, 1000)
    for width, found in zip(
        widths, anneal(lambda width: task.at(network=Network.equal((2, 2), width)), widths), strict=True
    ):
        alone = minimise(task.at(network=Network.equal((2, 2), width)))
        assert found.converged
        torch.testing.assert_close(found.path_weights, alone.path_weights, rtol=1e-7, atol=1e-8)
