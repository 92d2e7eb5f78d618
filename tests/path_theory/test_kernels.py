import pytest
import torch
from tests.path_theory.tasks import F64, gaussian_paths, generator, path_kernels, positive

from widthscope.errors import PosteriorError
from widthscope.path_theory import kernels as kernels_module
from widthscope.path_theory import memory_limit
from widthscope.path_theory.kernels import (
    FactoredKernels,
    PackedKernels,
    cross_kernel,
    kernel_diagonal,
    kernels_of,
    packed_bytes,
)

BOTH = pytest.mark.parametrize("form", [PackedKernels, FactoredKernels])


@BOTH
@pytest.mark.parametrize("batch", [(), (3,), (2, 3)])
def test_kernel_is_the_sum_over_pairs_of_paths(form, batch):
    xi, _ = gaussian_paths((2, 3), 7, 4, seed=2)
    U = positive(6, batch=batch)
    expected = 1.3 / 6 * torch.einsum("...ab,abmn->...mn", U, path_kernels(xi))
    found = form(xi, 1.3).kernel(U)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-13)
    assert torch.equal(found, found.mT)


@BOTH
@pytest.mark.parametrize("batch", [(), (3,), (2, 3)])
def test_gradient_is_the_transposed_sum(form, batch):
    xi, _ = gaussian_paths((2, 3), 7, 4, seed=2)
    G = positive(7, batch=batch)
    expected = 1.3 / 6 * torch.einsum("...mn,abmn->...ab", G, path_kernels(xi))
    torch.testing.assert_close(form(xi, 1.3).gradient(G), expected, rtol=1e-12, atol=1e-13)


@BOTH
def test_one_path_is_the_plain_linear_kernel(form):
    xi, _ = gaussian_paths((1,), 5, 4, seed=3)
    K = form(xi).kernel(torch.eye(1, dtype=F64))
    torch.testing.assert_close(K, xi[:, 0] @ xi[:, 0].T / 4)


@pytest.mark.parametrize("batch", [1, 60])
def test_cross_kernel_and_diagonal_by_either_order(batch, monkeypatch):
    """60 matrices are more than contracting U first is worth; small chunks must not change anything."""
    monkeypatch.setattr(kernels_module, "_CHUNK_BYTES", 8 * 9 * 7 * 2)
    xi, _ = gaussian_paths((3,), 18, 9, seed=2)
    a, b = xi[:7], xi[7:]
    U = positive(3, batch=(batch,))
    C = torch.einsum("mai,nbi->abmn", a, b) / 9
    expected = 0.7 / 3 * torch.einsum("...ab,abmn->...mn", U, C)
    torch.testing.assert_close(cross_kernel(U, a, b, 0.7), expected, rtol=1e-12, atol=1e-13)
    whole = cross_kernel(U, a, a, 0.7).diagonal(dim1=-2, dim2=-1)
    torch.testing.assert_close(kernel_diagonal(U, a, 0.7), whole, rtol=1e-12, atol=1e-13)
    torch.testing.assert_close(cross_kernel(U[0], a, b, 0.7), expected[0], rtol=1e-12, atol=1e-13)


def test_few_paths_of_wide_inputs_are_packed_and_many_of_narrow_ones_are_not():
    assert isinstance(kernels_of(torch.randn(50, 4, 200, generator=generator())), PackedKernels)
    assert isinstance(kernels_of(torch.randn(50, 64, 5, generator=generator())), FactoredKernels)


def test_packed_kernels_that_do_not_fit_are_not_built(monkeypatch):
    xi = torch.randn(50, 4, 200, generator=generator())
    monkeypatch.setattr(kernels_module, "available_bytes", lambda: packed_bytes(50, 4))
    assert isinstance(kernels_of(xi), FactoredKernels)


@BOTH
def test_what_does_not_fit_at_all_is_refused_with_its_size(form, monkeypatch):
    monkeypatch.setattr(memory_limit, "available_bytes", lambda: 1000)
    with pytest.raises(
        PosteriorError, match=r"64 attention paths and 2 examples would take .* GB .* fewer heads"
    ):
        form(torch.zeros(2, 64, 5))
