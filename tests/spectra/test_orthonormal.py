import pytest
import torch
from tests.spectra.known_maps import F64, normal

from widthscope.spectra.orthonormal import Orthonormal


@pytest.mark.parametrize("dtype", [torch.float64, torch.complex128])
def test_vectors_that_are_nearly_alike_become_orthonormal(dtype: torch.dtype) -> None:
    base = normal(2, 20).to(dtype)
    basis = Orthonormal(2, 20, 8, dtype, "cpu")
    given = [
        base + 10.0**-k * normal(2, 20, seed=k + 1).to(dtype) * (1j if dtype.is_complex else 1)
        for k in range(8)
    ]
    for j, vector in enumerate(given):
        before = basis.vectors.clone()
        coefficients, length = basis.extend(vector)
        assert coefficients.shape == (2, j)
        rebuilt = (coefficients[:, None] @ before)[:, 0] + length[:, None] * basis.vectors[:, j]
        torch.testing.assert_close(rebuilt, vector, rtol=0, atol=1e-14)
    gram = basis.vectors.conj() @ basis.vectors.mT
    torch.testing.assert_close(gram, torch.eye(8, dtype=dtype).expand(2, 8, 8), rtol=0, atol=1e-14)
    assert basis.full


def test_a_vector_of_the_span_is_replaced_by_a_new_direction() -> None:
    basis = Orthonormal(2, 3, 3, F64, "cpu")
    first = normal(2, 3)
    basis.extend(first)
    _, length = basis.extend(torch.stack([2 * first[0], normal(3, seed=1)]))
    assert float(length[0]) == 0
    assert float(length[1]) > 0
    gram = basis.vectors @ basis.vectors.mT
    torch.testing.assert_close(gram, torch.eye(2, dtype=F64).expand(2, 2, 2), rtol=0, atol=1e-15)


def test_nothing_joins_a_whole_space() -> None:
    basis = Orthonormal(1, 2, 2, F64, "cpu")
    for k in range(2):
        basis.extend(normal(1, 2, seed=k))
    coefficients, length = basis.extend(torch.tensor([[3.0, 4.0]], dtype=F64))
    assert float(coefficients.norm()) == pytest.approx(5)
    assert length.tolist() == [0]
    assert basis.size == 2


def test_what_is_not_a_number_stays_so() -> None:
    basis = Orthonormal(2, 3, 3, F64, "cpu")
    vector = normal(2, 3)
    vector[0, 0] = torch.nan
    _, length = basis.extend(vector)
    assert length[0].isnan()
    assert length[1].isfinite()


def test_turning_keeps_combinations() -> None:
    basis = Orthonormal(1, 5, 3, F64, "cpu")
    for k in range(3):
        basis.extend(normal(1, 5, seed=k))
    former = basis.vectors.clone()
    rotation = torch.linalg.qr(normal(1, 3, 2) + 1j * normal(1, 3, 2, seed=1))[0]
    basis.turn(rotation)
    torch.testing.assert_close(basis.vectors, rotation.mT @ former.to(rotation.dtype))
    assert basis.size == 2
    assert not basis.full


def test_a_start_of_the_same_seed_leaves_a_direction_all_the_same() -> None:
    basis = Orthonormal(1, 2, 2, F64, "cpu")
    start = torch.randn(2, generator=torch.Generator().manual_seed(0), dtype=F64)
    basis.extend(start[None])
    basis.extend(torch.zeros(1, 2, dtype=F64))
    gram = basis.vectors @ basis.vectors.mT
    torch.testing.assert_close(gram, torch.eye(2, dtype=F64)[None], rtol=0, atol=1e-15)
