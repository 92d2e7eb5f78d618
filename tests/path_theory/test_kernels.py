import pytest
import torch
from tests.path_theory.tasks import F64, gaussian_paths, generator, path_kernels, positive

from widthscope.errors import PosteriorError
from widthscope.path_theory import kernels as kernels_module
from widthscope.path_theory import memory_limit
from widthscope.path_theory.kernels import FactoredKernels, PackedKernels, kernels_of, packed_bytes

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


def test_few_paths_of_wide_inputs_are_packed_and_many_of_narrow_ones_are_not():
    assert isinstance(kernels_of(torch.randn(50, 4, 200, generator=generator())), PackedKernels)
    assert isinstance(kernels_of(torch.randn(50, 64, 5, generator=generator())), FactoredKernels)


def test_the_sizes_alone_choose_and_memory_only_refuses(monkeypatch):
    xi = torch.randn(50, 4, 200, generator=generator())
    monkeypatch.setattr(memory_limit, "available_bytes", lambda: packed_bytes(50, 4))
    assert isinstance(kernels_of(xi), PackedKernels)  # though nothing would be left beside them
    monkeypatch.setattr(memory_limit, "available_bytes", lambda: packed_bytes(50, 4) - 1)
    with pytest.raises(PosteriorError, match="packed kernels of 4 attention paths and 50"):
        kernels_of(xi)


def test_packed_kernels_of_more_than_the_limit_are_not_built(monkeypatch):
    xi = torch.randn(50, 4, 200, generator=generator())
    monkeypatch.setattr(kernels_module, "_LARGEST_PACKED_BYTES", packed_bytes(50, 4))
    assert isinstance(kernels_of(xi), PackedKernels)
    monkeypatch.setattr(kernels_module, "_LARGEST_PACKED_BYTES", packed_bytes(50, 4) - 1)
    assert isinstance(kernels_of(xi), FactoredKernels)


@BOTH
def test_what_does_not_fit_at_all_is_refused_with_its_size(form, monkeypatch):
    monkeypatch.setattr(memory_limit, "available_bytes", lambda: 1000)
    with pytest.raises(
        PosteriorError, match=r"64 attention paths and 2 examples would take .* GB .* fewer heads"
    ):
        form(torch.zeros(2, 64, 5))
