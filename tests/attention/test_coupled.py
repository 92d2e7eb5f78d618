"""Coupled layers and their first-order change, against brute force, derivatives and exact means."""

import numpy as np
import pytest
import torch

from widthscope.attention import masks
from widthscope.attention.gram import root
from widthscope.attention.sampling import _coupled as coupled
from widthscope.attention.sampling import (
    bartlett_factor,
    characteristic_change,
    characteristic_function,
    coupled_layers,
    normals,
)
from widthscope.attention.token_laws import finite_roots, limit_root
from widthscope.streams import torch_generator

K = np.array([[1.2, 0.5, -0.3], [0.5, 0.9, 0.1], [-0.3, 0.1, 1.1]])
L = root(K, method="cholesky")
I3 = torch.eye(3, dtype=torch.float64)


def generator(*names):
    return torch_generator("test", "coupled", *names)


def attend(scores, mask):
    scores = scores if mask is None else scores.masked_fill(~mask, -torch.inf)
    return torch.softmax(scores, dim=-1)


@pytest.mark.parametrize("mask", [None, masks.causal(3)])
@pytest.mark.parametrize(("head_dim", "value_dim"), [(5, 7), (None, 7), (5, None)])
def test_layers_are_those_of_the_formulas_draw_by_draw(head_dim, value_dim, mask):
    draws, heads = 6, 2
    found = coupled_layers(L, L, heads, head_dim, value_dim, draws, generator("order"), mask=mask)
    g, root_ = generator("order"), torch.from_numpy(L)
    finite, limit = torch.zeros(draws, 3, 3).double(), torch.zeros(draws, 3, 3).double()
    for _ in range(heads):
        query, value = (
            I3.expand(draws, 3, 3) if d is None else bartlett_factor(3, d, draws, g)
            for d in (head_dim, value_dim)
        )
        Z = normals((draws, 3, 3), g)
        for k in range(draws):
            M = attend(root_ @ query[k] @ Z[k] @ root_.T, mask) @ root_ @ value[k]
            M0 = attend(root_ @ Z[k] @ root_.T, mask) @ root_
            finite[k] += M @ M.T / heads
            limit[k] += M0 @ M0.T / heads
    torch.testing.assert_close(found.finite, finite)
    torch.testing.assert_close(found.limit, limit)


@pytest.mark.parametrize("mask", [None, masks.causal(3)])
@pytest.mark.parametrize(("head_dim", "value_dim"), [(40, 60), (None, 60), (40, None), (None, None)])
def test_first_order_is_the_derivative_along_the_deviations_of_the_grams(
    head_dim, value_dim, mask, monkeypatch
):
    """By differentiating the whole layer, roots by Cholesky, in the direction of the Grams' deviations."""
    draws, heads, drawn, noise = 4, 2, [], []

    def factor(*arguments):
        drawn.append(coupled_factor(*arguments))
        return drawn[-1]

    def recorded(*arguments):
        noise.append(normals(*arguments))
        return noise[-1]

    coupled_factor = coupled._factor
    monkeypatch.setattr(coupled, "_factor", factor)
    monkeypatch.setattr(coupled, "normals", recorded)
    limit = torch.from_numpy(L)
    tokens = limit @ bartlett_factor(3, 50, draws, generator("tokens"))
    found = coupled_layers(
        tokens, limit, heads, head_dim, value_dim, draws, generator("derivative"), mask=mask
    )

    def along(gram, R, t):
        return torch.linalg.cholesky(gram + t * (R @ R.mT - gram))

    def covariance(t):
        L_t, total = along(limit @ limit.T, tokens, t), 0
        for head in range(heads):
            query, value = (along(I3, one, t) for one in drawn[2 * head : 2 * head + 2])
            M = attend(L_t @ query @ noise[head] @ L_t.mT, mask) @ L_t @ value
            total = total + M @ M.mT / heads
        return total

    zero, one = torch.zeros((), dtype=torch.float64), torch.ones((), dtype=torch.float64)
    at_limit, derivative = torch.func.jvp(covariance, (zero,), (one,))
    torch.testing.assert_close(found.limit, at_limit)
    torch.testing.assert_close(found.first_order, derivative)
    torch.testing.assert_close(found.finite, covariance(one))


def test_root_change_is_the_derivative_of_a_cholesky_root():
    g = generator("cholesky")
    factor = torch.randn(4, 4, generator=g, dtype=torch.float64)
    limit = torch.linalg.cholesky(factor @ factor.mT + torch.eye(4, dtype=torch.float64))
    direction = torch.randn(4, 4, generator=g, dtype=torch.float64)
    step = 1e-6 * (direction + direction.mT)
    gram = limit @ limit.mT
    change = coupled._root_change(torch.linalg.cholesky(gram + step)[None], limit)[0]
    central = (torch.linalg.cholesky(gram + step) - torch.linalg.cholesky(gram - step)) / 2
    torch.testing.assert_close(change, central, rtol=1e-5, atol=1e-11)


@pytest.mark.parametrize("law", ["clip", "relu"])
@pytest.mark.parametrize(("head_dim", "value_dim"), [(8, 12), (None, 12), (8, None)])
def test_first_order_has_mean_zero_also_beside_functions_of_the_limit(law, head_dim, value_dim):
    draws = 20_000
    g = generator("mean", law, head_dim or 0, value_dim or 0)
    tokens = finite_roots(law, 3, 16, draws, g)
    pair = coupled_layers(tokens, limit_root(law, 3), 2, head_dim, value_dim, draws, g)
    w = torch.randn(8, 2, 3, generator=g, dtype=torch.float64)
    change = characteristic_change(characteristic_function(pair.limit, w), pair.first_order, w)
    for values in (pair.first_order.flatten(1), change):
        z = values.mean(0) / (values.std(0) / draws**0.5)
        assert z.abs().max() < 4.5


def test_characteristic_change_is_the_derivative_of_the_characteristic_function():
    g = generator("cf")
    pair = coupled_layers(L, L, 1, 8, 8, 5, g)
    w = torch.randn(6, 2, 3, generator=g, dtype=torch.float64)
    cf, derivative = torch.func.jvp(
        lambda covariance: characteristic_function(covariance, w), (pair.limit,), (pair.first_order,)
    )
    torch.testing.assert_close(characteristic_change(cf, pair.first_order, w), derivative)


def test_one_root_for_all_draws_does_not_fluctuate():
    """Not even where it differs from the limit's: that difference has no mean zero, and is left in."""
    pair = coupled_layers(1.1 * L, L, 2, None, None, 50, generator("fixed"))
    assert not pair.first_order.any()
    assert (pair.finite - pair.limit).abs().max() > 0.01
    same = coupled_layers(L, L, 2, None, None, 50, generator("fixed"))
    torch.testing.assert_close(same.finite, same.limit)


def test_random_roots_need_a_triangular_partner():
    tokens = finite_roots("clip", 3, 16, 10, generator("shape"))
    with pytest.raises(ValueError, match="lower-triangular"):
        coupled_layers(tokens, root(K), 1, 8, 8, 10, generator("shape"))
    with pytest.raises(ValueError, match="one shape"):
        coupled_layers(tokens, tokens, 1, 8, 8, 10, generator("shape"))
    with pytest.raises(ValueError, match="at least 3"):
        coupled_layers(L, L, 1, 2, 8, 10, generator("shape"))
