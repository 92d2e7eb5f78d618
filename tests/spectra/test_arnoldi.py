import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.sparse.linalg import LinearOperator, eigs
from tests.spectra.known_maps import F64, normal, normalised, orthogonal, rotation
from torch import Tensor

from widthscope.errors import DynamicsError
from widthscope.spectra.arnoldi import by_modulus, leading_eigenvalues
from widthscope.spectra.dynamics import AutogradDynamics
from widthscope.spectra.eigenvalue_matching import largest_distance


def product(matrix: Tensor) -> Callable[[Tensor], Tensor]:
    return lambda vectors: vectors @ matrix.mT


def dense(matrix: Tensor, count: int) -> Tensor:
    values = torch.linalg.eigvals(matrix)
    return values.gather(1, by_modulus(values))[:, :count]


@pytest.mark.parametrize("settings", [{}, {"subspace": 24, "restarts": 60}], ids=["growing", "restarted"])
def test_random_matrices_agree_with_lapack(settings: dict[str, int]) -> None:
    matrix = normal(3, 100, 100) / 10
    found = leading_eigenvalues(product(matrix), normal(3, 100, seed=1), 6, **settings)
    assert found.converged.all()
    assert (found.residuals <= 1e-9 * found.values.abs()).all()
    assert float(largest_distance(found.values, dense(matrix, 6)).max()) < 1e-8
    torch.testing.assert_close(found.values, dense(matrix, 6), rtol=0, atol=1e-8)  # pairs in the same order


def test_a_nonlinear_map_agrees_with_arpack_on_finite_differences() -> None:
    weights = normal(80, 80) * 1.5 / 80**0.5

    def update(state: Tensor) -> Tensor:
        return 0.5 * state + torch.tanh(state @ weights.T)

    x, step = normal(1, 80, seed=1), 1e-6

    def difference(v: np.ndarray) -> np.ndarray:
        v = torch.from_numpy(np.asarray(v, dtype=np.float64)).reshape(1, 80)
        return ((update(x + step * v) - update(x - step * v)) / (2 * step)).numpy()[0]

    dynamics = AutogradDynamics(update)
    found = leading_eigenvalues(lambda v: dynamics.jvp(x, v), normal(1, 80, seed=2), 6)
    other = eigs(LinearOperator((80, 80), matvec=difference, dtype=np.float64), k=6, v0=normal(80).numpy())[0]
    assert found.converged.all()
    assert float(largest_distance(found.values, torch.from_numpy(other)[None])) < 1e-7


def test_what_has_not_converged_is_returned_with_its_residual() -> None:
    matrix = normal(2, 200, 200) / 200**0.5
    found = leading_eigenvalues(product(matrix), normal(2, 200, seed=1), 6, subspace=12, restarts=2)
    assert found.values.shape == (2, 6)
    assert not found.converged.any()
    assert (found.residuals > 1e-3).all()
    better = leading_eigenvalues(product(matrix), normal(2, 200, seed=1), 6, subspace=60, restarts=2)
    assert better.residuals[:, 0].max() < found.residuals[:, 0].min()


def test_a_value_beneath_one_that_has_not_converged_has_not_either() -> None:
    values = torch.cat([torch.linspace(0.99, 1, 60, dtype=F64), torch.tensor([-0.995], dtype=F64)])
    found = leading_eigenvalues(lambda v: v * values, normal(1, 61), 8, subspace=10, restarts=0)
    place = int((found.values[0] + 0.995).abs().argmin())
    assert place > 0
    assert float(found.residuals[0, place]) < 1e-10
    assert not found.converged[0].any()


def test_residuals_bound_errors_of_symmetric_matrices_before_convergence() -> None:
    Q = orthogonal(60)
    values = torch.linspace(-1, 1, 60, dtype=F64)
    found = leading_eigenvalues(
        product(Q @ torch.diag(values) @ Q.mT), normal(1, 60, seed=1), 4, subspace=15, restarts=0
    )
    nearest = (found.values[0, :, None] - values).abs().amin(1)
    assert not found.converged.all()
    assert (nearest <= found.residuals[0] + 1e-12).all()


def test_a_restart_in_the_middle_of_a_pair_changes_nothing() -> None:
    angles = torch.linspace(0.3, 2.8, 20, dtype=F64)
    moduli = torch.linspace(1.0, 0.4, 20, dtype=F64)
    matrix = torch.block_diag(
        *(
            r * torch.tensor([[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]], dtype=F64)
            for r, a in zip(moduli, angles, strict=True)
        )
    )
    Q = orthogonal(40)
    for count, subspace in ((3, 9), (3, 10), (4, 9), (4, 10)):
        found = leading_eigenvalues(
            product(Q @ matrix @ Q.mT), normal(1, 40), count, subspace=subspace, restarts=200
        )
        assert found.converged.all()
        expected = torch.polar(moduli, angles)
        both = torch.stack([expected, expected.conj()], dim=1).flatten()[None, :count]
        assert float(largest_distance(found.values, both)) < 1e-8


def test_the_normalised_rotation_has_the_spectrum_of_the_theory() -> None:
    eta, omega, D = 0.8, 1.5, 8
    matrix = rotation(torch.full((D // 2,), omega, dtype=F64), eta)
    x = normal(3, D)
    x = x / x.norm(dim=-1, keepdim=True)
    dynamics = AutogradDynamics(lambda state: normalised(matrix, state))
    found = leading_eigenvalues(lambda v: dynamics.jvp(x, v), normal(3, D, seed=1), D)
    theta = math.atan(eta * omega)
    pair = torch.polar(torch.ones(D // 2 - 1, dtype=F64), torch.full((D // 2 - 1,), theta, dtype=F64))
    exact = torch.cat([pair, pair.conj(), torch.tensor([0, math.cos(theta)], dtype=torch.complex128)])
    # Every copy is found: the subspace is invariant after four steps, and then begins anew.
    assert float(largest_distance(found.values, exact.expand(3, D)).max()) < 1e-7
    assert found.converged.all()


def test_a_jordan_block_shows_the_root_of_rounding() -> None:
    n = 4
    matrix = 0.5 * torch.eye(n, dtype=F64) + torch.diag(torch.ones(n - 1, dtype=F64), 1)
    found = leading_eigenvalues(product(matrix), normal(1, n), n)
    assert float((found.values - 0.5).abs().max()) < 10 * torch.finfo(F64).eps ** (1 / n)
    assert found.converged.all()
    assert float(found.residuals.max()) < 1e-14


@pytest.mark.parametrize("value", [0.0, 2.0])
def test_multiples_of_the_identity(value: float) -> None:
    found = leading_eigenvalues(lambda v: value * v, normal(2, 30), 5)
    assert found.values.tolist() == [[value] * 5] * 2
    assert found.converged.all()


def test_one_dimension() -> None:
    found = leading_eigenvalues(lambda v: -3 * v, torch.ones(2, 1, dtype=F64), 1)
    assert found.values.tolist() == [[-3], [-3]]


def test_a_map_that_is_not_finite_spoils_no_other_state() -> None:
    matrix = normal(3, 30, 30)
    whole = leading_eigenvalues(product(matrix), normal(3, 30, seed=1), 3)
    matrix[1, 0, 0] = torch.nan
    found = leading_eigenvalues(product(matrix), normal(3, 30, seed=1), 3)
    assert found.values[1].isnan().all()
    assert not found.converged[1].any()
    assert float(largest_distance(found.values[[0, 2]], whole.values[[0, 2]]).max()) < 1e-9


def test_the_same_start_gives_the_same_digits() -> None:
    matrix, start = normal(2, 50, 50), normal(2, 50, seed=1)
    first, second = (leading_eigenvalues(product(matrix), start, 4, subspace=10) for _ in range(2))
    assert torch.equal(first.values, second.values)
    assert torch.equal(first.residuals, second.residuals)


def test_pairs_are_in_one_order_however_they_are_rounded() -> None:
    values = torch.tensor([[1 - 1j, 0.1, 1 + 1j, -2, 0, 1e-30]], dtype=torch.complex128)
    values[0, 0] *= 1 + 1e-15
    assert by_modulus(values).tolist() == [[3, 2, 0, 1, 5, 4]]


@pytest.mark.parametrize(("count", "subspace"), [(0, None), (11, None), (4, 5)])
def test_a_subspace_without_room_is_refused(count: int, subspace: int | None) -> None:
    with pytest.raises(ValueError, match="subspace"):
        leading_eigenvalues(lambda v: v, normal(1, 10), count, subspace=subspace)
    with pytest.raises(DynamicsError, match="float32"):
        leading_eigenvalues(lambda v: v, normal(1, 10).float(), 2)
