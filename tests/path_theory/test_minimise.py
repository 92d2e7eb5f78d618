import time

import pytest
import torch
from tests.path_theory.tasks import F64, UNEQUAL, gaussian_paths, generator, posed, positive

from widthscope.errors import PosteriorError
from widthscope.path_theory import memory_limit
from widthscope.path_theory.action import action, residuals
from widthscope.path_theory.energy import energy_gradient
from widthscope.path_theory.kernels import FactoredKernels, PackedKernels
from widthscope.path_theory.minimise import minimise
from widthscope.path_theory.network import Network
from widthscope.path_theory.order_parameters import (
    OrderParameters,
    eliminated_readout,
    gaussian_process,
    layer_update,
)
from widthscope.path_theory.problem import problem

THREE = Network((2, 3, 2), (9, 14, 6, 11), (1.1, 0.8, 1.2, 1.4, 0.9))


@pytest.mark.parametrize("network", [Network.equal((1,), 5), Network.equal((3,), 10), UNEQUAL, THREE])
def test_closed_forms_hold_at_the_minimum(network):
    """u, every intermediate U_l, and the inverse of U_1 are what their neighbours say."""
    task = posed(network)
    found = minimise(task)
    order = found.order
    assert found.converged
    assert found.gradient_norm <= 1e-7
    assert order.readout == pytest.approx(float(eliminated_readout(order.matrices[-1].trace(), network)))
    above = [*order.matrices[1:], torch.full((1, 1), order.readout, dtype=F64)]
    for layer in range(2, network.layers + 1):
        expected = layer_update(layer, order.matrices[layer - 2], above[layer - 1], network)
        torch.testing.assert_close(order.matrices[layer - 1], expected, rtol=1e-7, atol=1e-8)
    _, slope = energy_gradient(task, order.matrices[0])
    prior = torch.kron(torch.eye(network.heads[0], dtype=F64), torch.linalg.inv(above[0]).contiguous())
    expected = prior / network.value_variances[0] + slope / network.widths[0]
    torch.testing.assert_close(torch.linalg.inv(order.matrices[0]), expected, rtol=1e-7, atol=1e-8)


def test_reported_value_energy_and_condition_are_those_of_the_order_parameters():
    task = posed(UNEQUAL)
    found = minimise(task)
    expected = action(task, found.order)
    assert found.value == pytest.approx(expected.value, rel=1e-12)
    assert found.energy == pytest.approx(expected.energy, rel=1e-12)
    K = task.kernels.kernel(found.path_weights) + 0.1 * torch.eye(20, dtype=F64)
    assert found.condition == pytest.approx(float(torch.linalg.cond(K)), rel=1e-9)
    assert found.hessian_min > 0


def test_nearby_order_parameters_have_a_larger_action():
    task = posed(UNEQUAL)
    found = minimise(task)
    for seed in range(20):
        nudges = [
            torch.eye(len(U), dtype=F64) + 0.02 * torch.randn(U.shape, generator=generator(seed), dtype=F64)
            for U in found.order.matrices
        ]
        moved = tuple(n @ U @ n.mT for n, U in zip(nudges, found.order.matrices, strict=True))
        assert action(task, OrderParameters(found.order.readout, moved)).value > found.value


def test_factored_and_packed_kernels_give_one_solution():
    xi, y = gaussian_paths((2, 2), 30, 12, seed=5)
    network = Network.equal((2, 2), 15)
    one, other = (
        minimise(problem(xi, y, 0.1, network, form(xi))) for form in (PackedKernels, FactoredKernels)
    )
    assert one.value == pytest.approx(other.value, rel=1e-12)
    torch.testing.assert_close(one.path_weights, other.path_weights, rtol=1e-8, atol=1e-9)


def test_many_coordinates_are_brought_to_the_tolerance_without_a_hessian():
    task = posed(Network.equal((4, 4), 10**5), 30, 12)
    found = minimise(task)
    assert found.converged
    assert found.hessian_min != found.hessian_min  # not computed
    assert max(residuals(task, found.order)) < 1e-9


@pytest.mark.parametrize("family", ["diagonal", "scalar"])
def test_restricted_minima_lie_above_and_are_stationary_within_their_family(family):
    task = posed(UNEQUAL)
    found = minimise(task, **{family: True})
    assert found.converged
    assert found.value > minimise(task).value
    for U in found.order.matrices:
        expected = U.diagonal().diag() if family == "diagonal" else U[0, 0] * torch.eye(len(U), dtype=F64)
        assert torch.equal(U, expected)
    for factor in (0.99, 1.01):
        scaled = OrderParameters(
            found.order.readout, (factor * found.order.matrices[0], found.order.matrices[1])
        )
        assert action(task, scaled).value > found.value


def test_one_path_needs_no_restriction():
    task = posed(Network.equal((1, 1), 5))
    values = [minimise(task, **chosen).value for chosen in ({}, {"diagonal": True}, {"scalar": True})]
    assert values == pytest.approx([values[0]] * 3, rel=1e-12)


def test_labels_far_smaller_than_the_prior_shrink_the_path_weights():
    xi, y = gaussian_paths((2,), 20, 10, seed=1)
    found = minimise(problem(xi, 1e-8 * y, 0.1, Network.equal((2,), 5)))
    assert found.converged
    assert torch.linalg.eigvalsh(found.path_weights)[-1] < 1.0


def test_starts_that_do_not_fit_are_refused():
    task = posed(Network.equal((2, 2), 10))
    limit = gaussian_process(task.network)
    with pytest.raises(PosteriorError, match=r"sizes \(4, 2\), the start has \(\(4, 4\),\)"):
        minimise(task, OrderParameters(1.0, limit.matrices[:1]))
    with pytest.raises(PosteriorError, match="not all positive definite"):
        minimise(task, OrderParameters(1.0, (-limit.matrices[0], limit.matrices[1])))
    with pytest.raises(PosteriorError, match="not both"):
        minimise(task, diagonal=True, scalar=True)


def test_a_start_far_away_still_converges():
    task = posed(Network.equal((2, 2), 10))
    far = OrderParameters(1.0, (1e6 * positive(4), 1e-4 * positive(2)))
    found = minimise(task, far)
    assert found.converged
    assert found.value == pytest.approx(minimise(task).value, rel=1e-10)


def test_a_minimiser_that_does_not_fit_in_memory_is_refused(monkeypatch):
    task = posed(Network.equal((2, 2), 10))
    monkeypatch.setattr(memory_limit, "available_bytes", lambda: 1000)
    with pytest.raises(PosteriorError, match=r"order parameters of 4 paths would take .* GB"):
        minimise(task)


def test_a_solution_takes_little_time():
    """D = 4 and P = 100, as often as a study asks: the bound is six times what it takes on one slow core."""
    task = posed(Network.equal((2, 2), 10), 100, 40, temperature=0.01)
    before = time.process_time()
    minimise(task)
    assert time.process_time() - before < 0.3
