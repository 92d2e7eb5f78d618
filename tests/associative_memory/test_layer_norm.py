"""The normalisation of a whole state against Torch's, and its Lagrangian and Hessian by differentiation."""

import pytest
import torch
from torch.nn import functional

from widthscope.associative_memory import layer_norm
from widthscope.mixers.normalisation import joint

GENERATOR = torch.Generator().manual_seed(5)
X = 1.5 * torch.randn(6, 4, 5, generator=GENERATOR, dtype=torch.float64) + 0.7
EPSILONS = (0.0, 1e-6, 0.3)


@pytest.mark.parametrize("eps", EPSILONS)
def test_it_is_layer_normalisation_over_tokens_and_channels(eps):
    assert torch.allclose(layer_norm.normalised(X, eps), functional.layer_norm(X, X.shape[1:], eps=eps))


def test_mixers_normalise_in_the_same_way():
    of_mixer = joint(X.transpose(0, 1)[None], eps=1e-6)[0].transpose(0, 1)
    assert torch.allclose(layer_norm.normalised(X, 1e-6), of_mixer, rtol=0, atol=1e-14)


@pytest.mark.parametrize("eps", EPSILONS)
def test_it_is_the_gradient_of_its_lagrangian(eps):
    leaf = X.clone().requires_grad_()
    (found,) = torch.autograd.grad(layer_norm.lagrangian(leaf, eps).sum(), leaf)
    assert torch.allclose(found, layer_norm.normalised(X, eps), rtol=0, atol=1e-14)


@pytest.mark.parametrize("eps", EPSILONS)
def test_the_legendre_transform_is_what_its_definition_says(eps):
    g = layer_norm.normalised(X, eps)
    defined = (X * g).sum((1, 2)) - layer_norm.lagrangian(X, eps)
    assert torch.allclose(layer_norm.legendre(X, eps), defined, rtol=0, atol=1e-12)


def test_the_mismatched_one_is_the_same_with_the_length_of_the_centred_state():
    centred = X - X.mean((1, 2), keepdim=True)
    length = torch.linalg.vector_norm(centred.flatten(1), dim=1)
    defined = (X * layer_norm.normalised(X)).sum((1, 2)) - length
    found = layer_norm.mismatched_legendre(layer_norm.deviation(X), 20)
    assert torch.allclose(found, defined, rtol=0, atol=1e-12)
    leaf = X.clone().requires_grad_()
    wrong = leaf - leaf.mean((1, 2), keepdim=True)
    (gradient,) = torch.autograd.grad(torch.linalg.vector_norm(wrong.flatten(1), dim=1).sum(), leaf)
    assert torch.allclose(gradient * 20**0.5, layer_norm.normalised(X))


def test_the_hessian_is_the_lagrangians_and_has_its_null_space_and_no_negative_eigenvalue():
    for x, formula in zip(X, layer_norm.hessian(X), strict=True):
        exact = torch.autograd.functional.hessian(layer_norm.lagrangian, x).reshape(20, 20)
        assert torch.allclose(formula, exact, rtol=0, atol=1e-14)
        assert torch.allclose(formula @ x.flatten(), torch.zeros(20, dtype=x.dtype), atol=1e-13)
        assert torch.allclose(formula.sum(1), torch.zeros(20, dtype=x.dtype), atol=1e-14)
        values = torch.linalg.eigvalsh(formula)
        assert values[0] > -1e-14
        assert torch.allclose(values[2:] * layer_norm.deviation(x), torch.ones(18, dtype=x.dtype))


def test_curvature_is_the_quadratic_form_without_the_matrix():
    u = torch.randn(X.shape, generator=GENERATOR, dtype=torch.float64)
    form = torch.einsum("ri,rij,rj->r", u.flatten(1), layer_norm.hessian(X), u.flatten(1))
    assert torch.allclose(layer_norm.curvature(X, u), form, rtol=0, atol=1e-12)
    assert torch.allclose(layer_norm.curvature(X, 3 * X + 2), torch.zeros(6, dtype=X.dtype), atol=1e-11)
