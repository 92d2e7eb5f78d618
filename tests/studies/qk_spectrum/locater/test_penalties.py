"""Penalties through small products, against the dense matrix and its eigenvalues."""

import math

import pytest
import torch

from widthscope.studies.qk_spectrum.locater.penalties import PENALTIES, Target, penalty, traces

TARGET = Target(mean=0.3, pull=2.0)


def weights(members=3, layers=2, heads=2, head_dim=4, width=8, seed=0):
    generator = torch.Generator().manual_seed(seed)
    shape = (members, layers, heads, head_dim, width)
    query, key = (torch.randn(shape, generator=generator, dtype=torch.float64) for _ in range(2))
    return query.requires_grad_(), key.requires_grad_()


def dense(query, key):
    return query.mT @ key / math.sqrt(query.shape[-2])


def by_eigenvalues(name, W):
    """Each penalty of dense W (..., d, d), from eigenvalues and singular values."""
    width = W.shape[-1]
    mean = torch.diagonal(W, dim1=-2, dim2=-1).mean(-1)
    missed = TARGET.pull * (mean - TARGET.mean).square()
    identity = torch.eye(width, dtype=W.dtype)
    return {
        "var": (W - mean[..., None, None] * identity).square().sum((-2, -1)) / width,
        "scale": W.square().sum((-2, -1)) / width,
        "target": W.square().sum((-2, -1)) / width + missed,
        "tr2": (W @ W).diagonal(dim1=-2, dim2=-1).sum(-1) / width + missed,
    }[name].sum((1, 2))


@pytest.mark.parametrize("name", PENALTIES)
def test_value_and_gradient_are_those_of_the_dense_matrix(name):
    query, key = weights()
    values = [penalty(name, query, key, TARGET), by_eigenvalues(name, dense(query, key))]
    torch.testing.assert_close(values[0], values[1], rtol=1e-12, atol=1e-12)
    gradients = [torch.autograd.grad(value.sum(), (query, key), retain_graph=True) for value in values]
    for fast, slow in zip(*gradients, strict=True):
        torch.testing.assert_close(fast, slow, rtol=1e-11, atol=1e-11)


def test_traces_are_sums_of_eigenvalues_and_of_squared_singular_values():
    query, key = (value.detach() for value in weights())
    found, W = traces(query, key), dense(query, key)
    eigenvalues = torch.linalg.eigvals(W)
    torch.testing.assert_close(found.trace, eigenvalues.sum(-1).real, rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(
        found.trace_of_square, eigenvalues.square().sum(-1).real, rtol=1e-10, atol=1e-10
    )
    squares = torch.linalg.svdvals(W).square().sum(-1)
    torch.testing.assert_close(found.frobenius_square, squares, rtol=1e-10, atol=1e-10)


def test_the_gradient_of_var_keeps_the_mean_of_a_multiple_of_the_identity():
    """At W = c I the variance is 0, so that `var` leaves it alone; `scale` shrinks it."""
    eye = torch.eye(6, dtype=torch.float64).expand(1, 1, 1, 6, 6)
    query, key = eye.clone().requires_grad_(), (3 * eye).requires_grad_()
    assert penalty("var", query, key).item() == pytest.approx(0, abs=1e-14)
    kept = torch.autograd.grad(penalty("var", query, key).sum(), (query, key))
    shrunk = torch.autograd.grad(penalty("scale", query, key).sum(), (query, key))
    assert max(float(each.abs().max()) for each in kept) < 1e-14
    assert min(float(each.diagonal(dim1=-2, dim2=-1).min()) for each in shrunk) > 0


def test_members_do_not_mix():
    query, key = weights()
    alone = penalty("var", query[1:2], key[1:2])
    assert torch.equal(alone, penalty("var", query, key)[1:2])
    grown = torch.autograd.grad(penalty("var", query, key)[0], query)[0]
    assert float(grown[1:].abs().max()) == 0


def test_tr2_is_unbounded_below_and_the_others_are_not():
    """Gradient descent on `tr2` inflates the antisymmetric part without end; trap 1 of the theory notes."""
    query, key = (value.detach().clone().requires_grad_() for value in weights(1, 1, 1, 6, 6, seed=3))
    optimiser = torch.optim.SGD([query, key], lr=0.02)
    values = []
    for _ in range(400):
        value = penalty("tr2", query, key).sum()
        optimiser.zero_grad()
        value.backward()
        torch.nn.utils.clip_grad_norm_([query, key], 1.0)  # or it would overflow within a few steps
        optimiser.step()
        values.append(value.item())
    W = dense(query, key).detach()[0, 0, 0]
    falls = torch.tensor(values[-200:]).diff()
    assert values[-1] < -50
    assert falls.max() < 0
    assert falls.diff().max() < 0  # ever faster
    assert (W - W.mT).norm() > 3 * (W + W.mT).norm()
    for name in ("var", "scale", "target"):
        assert penalty(name, query, key).item() > -values[-1]


def test_no_penalty_is_zero_and_an_unknown_one_is_named():
    query, key = weights()
    assert torch.equal(penalty("none", query, key), torch.zeros(3, dtype=torch.float64))
    with pytest.raises(ValueError, match="no penalty 'variance'; there are none, var, scale, target, tr2"):
        penalty("variance", query, key)
