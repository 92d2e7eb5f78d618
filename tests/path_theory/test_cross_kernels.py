import pytest
import torch
from tests.path_theory.tasks import gaussian_paths, positive

from widthscope.path_theory import cross_kernels
from widthscope.path_theory.cross_kernels import cross_kernel, kernel_diagonal


@pytest.mark.parametrize("batch", [1, 60])
def test_cross_kernel_and_diagonal_by_either_order(batch, monkeypatch):
    """60 matrices are more than contracting U first is worth; small chunks must not change anything."""
    monkeypatch.setattr(cross_kernels, "_CHUNK_BYTES", 8 * 9 * 7 * 2)
    xi, _ = gaussian_paths((3,), 18, 9, seed=2)
    a, b = xi[:7], xi[7:]
    U = positive(3, batch=(batch,))
    C = torch.einsum("mai,nbi->abmn", a, b) / 9
    expected = 0.7 / 3 * torch.einsum("...ab,abmn->...mn", U, C)
    torch.testing.assert_close(cross_kernel(U, a, b, 0.7), expected, rtol=1e-12, atol=1e-13)
    whole = cross_kernel(U, a, a, 0.7).diagonal(dim1=-2, dim2=-1)
    torch.testing.assert_close(kernel_diagonal(U, a, 0.7), whole, rtol=1e-12, atol=1e-13)
    torch.testing.assert_close(cross_kernel(U[0], a, b, 0.7), expected[0], rtol=1e-12, atol=1e-13)
