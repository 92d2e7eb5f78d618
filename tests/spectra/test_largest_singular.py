from collections.abc import Callable

import pytest
import torch
from tests.spectra.known_maps import F64, normal, orthogonal
from torch import Tensor

from widthscope.spectra.dynamics import AutogradDynamics
from widthscope.spectra.largest_singular import LargestSingular, largest_singular_values
from widthscope.spectra.product_map import product_map


def of(matrix: Tensor, count: int = 1, seed: int = 1, **settings: int) -> LargestSingular:
    forward: Callable[[Tensor], Tensor] = lambda v: v @ matrix.mT  # noqa: E731
    start = normal(len(matrix), matrix.shape[-1], seed=seed)
    return largest_singular_values(forward, lambda u: u @ matrix, start, count, **settings)


def test_random_matrices_agree_with_lapack() -> None:
    matrix = normal(3, 80, 80)
    found = of(matrix, 5)
    torch.testing.assert_close(found.values, torch.linalg.svdvals(matrix)[:, :5], rtol=1e-12, atol=0)
    assert found.converged.all()
    assert found.iterations < 80


def test_all_values_of_a_small_matrix() -> None:
    matrix = normal(2, 7, 7)
    torch.testing.assert_close(of(matrix, 7).values, torch.linalg.svdvals(matrix), rtol=1e-12, atol=1e-14)


def test_repeated_values_are_found_as_often_as_they_are() -> None:
    values = torch.tensor([3.0, 3.0, 3.0, 1.0, 1.0, 0.0, 0.0], dtype=F64)
    matrix = orthogonal(1, 7) @ torch.diag(values) @ orthogonal(1, 7, seed=1)
    torch.testing.assert_close(of(matrix, 7).values, values[None], rtol=0, atol=1e-13)


@pytest.mark.parametrize("rank", [0, 1])
def test_maps_of_low_rank(rank: int) -> None:
    matrix = normal(2, 9, rank) @ normal(2, rank, 9, seed=1) if rank else torch.zeros(2, 9, 9, dtype=F64)
    found = of(matrix, 3)
    torch.testing.assert_close(found.values, torch.linalg.svdvals(matrix)[:, :3], rtol=1e-12, atol=1e-14)
    assert found.converged.all()


def test_what_has_not_converged_is_returned_with_its_residual() -> None:
    matrix = normal(2, 100, 100)
    found = of(matrix, 2, subspace=5)
    true = torch.linalg.svdvals(matrix)
    assert not found.converged.any()
    assert found.iterations == 5
    nearest = (found.values[..., None] - true[:, None]).abs().amin(-1)
    assert (nearest <= found.residuals).all()


def test_a_value_beneath_one_that_has_not_converged_has_not_either() -> None:
    values = torch.cat([torch.linspace(0.99, 1, 60, dtype=F64), torch.tensor([0.1], dtype=F64)])
    found = of(torch.diag(values)[None], 8, subspace=8)
    place = int((found.values[0] - 0.1).abs().argmin())
    assert place > 0
    assert float(found.residuals[0, place]) < 1e-10
    assert not found.converged[0].any()


def test_a_map_that_is_not_finite_spoils_no_other_state() -> None:
    matrix = normal(2, 20, 20)
    matrix[0, 3, 3] = torch.inf
    found = of(matrix, 2)
    assert found.values[0].isnan().all()
    assert not found.converged[0].any()
    torch.testing.assert_close(found.values[1], torch.linalg.svdvals(matrix[1])[:2], rtol=1e-12, atol=0)


def test_the_map_of_many_steps_is_the_product_of_their_jacobians() -> None:
    weights = normal(6, 6)
    dynamics = AutogradDynamics(lambda x: torch.sin(x @ weights.T))
    x, T = normal(3, 6, seed=1), 5
    product = product_map(dynamics, x, T)
    whole, state = torch.eye(6, dtype=F64), x
    for _ in range(T):
        whole, state = dynamics.jacobian(state) @ whole, dynamics.step(state)
    scale = product.log_scale.exp()[:, None, None]
    v = normal(3, 4, 6, seed=2)
    torch.testing.assert_close(product.matvec(v) * scale, v @ whole.mT, rtol=1e-11, atol=1e-12)
    torch.testing.assert_close(product.rmatvec(v) * scale, v @ whole, rtol=1e-11, atol=1e-12)
    torch.testing.assert_close(product.states[-1], state)
    assert len(product.states) == T + 1


def test_a_count_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="within 1 and 5"):
        of(normal(1, 9, 9), 6, subspace=5)
