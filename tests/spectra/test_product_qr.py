import math

import pytest
import torch
from tests.spectra.known_maps import F64, normal, orthogonal
from torch import Tensor

from widthscope.errors import DynamicsError
from widthscope.spectra.product_qr import product_exponents


def chain(logs: list[float], T: int, seed: int = 0) -> Tensor:
    """Jacobians whose product has the singular values e^(T logs), with frames that turn at every step."""
    Q = orthogonal(T + 1, len(logs), seed=seed)
    return (Q[1:] @ torch.diag(torch.tensor(logs, dtype=F64).exp()) @ Q[:-1].mT)[None]


def multiplied(jacobians: Tensor) -> Tensor:
    whole = torch.eye(jacobians.shape[-1], dtype=F64)
    for J in jacobians[0]:
        whole = J @ whole
    return whole


def test_exponents_far_below_the_digits_of_the_product() -> None:
    logs, T = [0.5, 0.1, 0.0, -1.0, -3.0], 64
    jacobians = chain(logs, T)
    found = product_exponents(jacobians)
    torch.testing.assert_close(found.exponents[0], torch.tensor(logs, dtype=F64), rtol=0, atol=1e-12)
    assert found.converged.all()
    lost = torch.linalg.svdvals(multiplied(jacobians)).log() / T
    assert float((lost - torch.tensor(logs, dtype=F64))[-2:].min()) > 0.5


def test_products_of_integer_matrices_against_exact_arithmetic() -> None:
    generator = torch.Generator().manual_seed(1)
    factors = torch.randint(-3, 4, (1, 200, 2, 2), generator=generator)
    factors[0, torch.linalg.det(factors[0].to(F64)).round() == 0] = torch.tensor([[2, 1], [1, 3]])
    whole = [[1, 0], [0, 1]]  # of Python's integers, which do not overflow
    for a, b, c, d in factors[0].flatten(1).tolist():
        (p, q), (r, s) = whole
        whole = [[a * p + b * r, a * q + b * s], [c * p + d * r, c * q + d * s]]
    (p, q), (r, s) = whole
    determinant, frobenius = abs(p * s - q * r), p * p + q * q + r * r + s * s
    # sigma_1^2 + sigma_2^2 and sigma_1 sigma_2 are exact; sigma_1^2 = F (1 + sqrt(1 - 4 det^2 / F^2)) / 2
    largest = 0.5 * (
        math.log(frobenius) + math.log((1 + math.sqrt(1 - 4 * determinant**2 / frobenius**2)) / 2)
    )
    found = product_exponents(factors.to(F64))
    expected = torch.tensor([largest / 200, (math.log(determinant) - largest) / 200], dtype=F64)
    torch.testing.assert_close(found.exponents[0], expected, rtol=0, atol=1e-13)
    assert expected[1] < expected[0] - 0.3


def test_random_products_agree_with_their_svd_where_it_has_digits() -> None:
    jacobians = normal(3, 6, 8, 8) / 8**0.5
    found = product_exponents(jacobians)
    for item in range(3):
        expected = torch.linalg.svdvals(multiplied(jacobians[item : item + 1])).log() / 6
        torch.testing.assert_close(found.exponents[item], expected, rtol=0, atol=1e-7)


def test_triangular_factors_in_the_wrong_order_are_sorted_out() -> None:
    J = torch.tensor([[0.5, 1.0], [0.0, 4.0]], dtype=F64).expand(1, 40, 2, 2)
    found = product_exponents(J)
    expected = torch.linalg.svdvals(
        torch.linalg.matrix_power(J[0, 0], 10)
    )  # sigma_1, sigma_2 -> |lambda|^T const
    assert float(found.exponents.sum()) == pytest.approx(math.log(2), abs=1e-13)
    assert float(found.exponents[0, 0]) == pytest.approx(float(expected[0].log() / 10), abs=0.03)


def test_repeated_values() -> None:
    logs = [0.3, 0.3, -0.2, -0.2, -0.2]
    found = product_exponents(chain(logs, 20, seed=3))
    torch.testing.assert_close(found.exponents[0], torch.tensor(logs, dtype=F64), rtol=0, atol=1e-12)


def test_exact_null_directions_are_named() -> None:
    jacobians = normal(2, 30, 6, 6)
    jacobians[1] = jacobians[1] @ torch.diag(torch.tensor([1.0, 1, 0, 1, 1, 0], dtype=F64))
    found = product_exponents(jacobians)
    assert not found.null[0].any()
    assert found.null[1].tolist() == [False] * 4 + [True] * 2
    assert (found.exponents[1, 4:] == -torch.inf).all()
    assert found.converged.all()
    # What the product is where it is not 0: on the four other coordinates, less what the last factor adds.
    kept = torch.tensor([0, 1, 3, 4])
    small = jacobians[1][:, kept][:, :, kept]
    inner = product_exponents(small[None, :-1])
    assert torch.allclose(found.exponents[1, :4].sum() * 30, _log_volume(jacobians[1]), atol=1e-9)
    assert inner.exponents.shape == (1, 4)


def _log_volume(jacobians: Tensor) -> Tensor:
    """Logarithm of the product of the singular values that are not 0, by volumes of the four columns kept."""
    kept = torch.tensor([0, 1, 3, 4])
    total = torch.zeros((), dtype=F64)
    columns = torch.eye(6, dtype=F64)[:, kept]
    for J in jacobians:
        columns, R = torch.linalg.qr(J @ columns)
        total = total + R.diagonal().abs().log().sum()
    return total


def test_values_that_are_close_say_that_they_have_not_converged() -> None:
    found = product_exponents(normal(1, 1, 40, 40), sweeps=3)
    assert found.sweeps == 3
    assert not found.converged.all()
    assert (found.residuals[~found.converged] > 1e-10).all()


def test_what_cannot_be_is_said() -> None:
    with pytest.raises(DynamicsError, match=r"\(2, 3, 3\)"):
        product_exponents(normal(2, 3, 3))
    with pytest.raises(ValueError, match="at least 2"):
        product_exponents(normal(1, 2, 3, 3), sweeps=1)
