"""Samplers of the heads family: many heads, and layers coupled to their limit."""

import numpy as np
import pytest
import torch

from widthscope.attention.sampling import bartlett_factor, characteristic_function, coupled
from widthscope.attention.softmax_moments import finite_excess_kurtosis
from widthscope.attention.token_laws import finite_roots
from widthscope.progress import quiet
from widthscope.studies.limit_law.heads import low_rank, many_heads, tangent_coupling
from widthscope.studies.limit_law.measurements import excess_kurtosis, rows

I4 = torch.eye(4, dtype=torch.float64)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def layers(law="clip", heads=2, head_dim=24, width=32, draws=20_000, seed=0):
    point = {"law": law, "heads": heads, "head_dim": head_dim, "width": width}
    return low_rank.coupled_layers(point, 4, draws, generator(seed), "cpu")


def test_mean_factors_are_those_of_chi_variables():
    factors = bartlett_factor(4, 9, 200_000, generator())
    error = factors.std(dim=0) / np.sqrt(len(factors))
    assert ((factors.mean(dim=0) - torch.diag(tangent_coupling.mean_factor(4, 9))).abs() <= 4.5 * error).all()
    large = tangent_coupling.mean_factor(2, 2**30)
    torch.testing.assert_close(large, 1 - (1 + 2 * torch.arange(2.0)).double() / 2**32, rtol=0, atol=1e-12)


def test_mean_root_of_the_clip_tokens():
    roots = finite_roots("clip", 4, 10, 200_000, generator())
    error = roots.std(dim=0) / np.sqrt(len(roots))
    assert (
        (roots.mean(dim=0) - torch.diag(tangent_coupling.mean_clip_root(4, 10))).abs() <= 4.5 * error
    ).all()


def test_the_tangent_is_the_derivative_at_the_limit():
    """Against forward-mode differentiation of the layer in the direction of its deviations."""
    draws, heads = 3, 2
    g = generator(4)
    deviations = [torch.randn(draws, 4, 4, generator=g, dtype=torch.float64).tril() for _ in range(5)]
    Z = [torch.randn(draws, 4, 4, generator=g, dtype=torch.float64) for _ in range(heads)]
    L = torch.tensor([[1.0, 0, 0, 0], [0.3, 0.9, 0, 0], [0, 0.2, 1, 0], [0.1, 0, 0, 0.8]]).double()

    def covariance(t):
        root = L + t * deviations[0]
        total = torch.zeros(draws, 4, 4, dtype=torch.float64)
        for head in range(heads):
            query, value = (I4 + t * deviations[1 + 2 * head + k] for k in range(2))
            attended = torch.softmax(root @ query @ Z[head] @ root.mT, dim=-1) @ root @ value
            total = total + attended @ attended.mT / heads
        return total

    factors = iter(deviations[1:])
    noise = iter(Z)
    patch = pytest.MonkeyPatch()
    with patch.context() as m:
        m.setattr(tangent_coupling, "_factor", lambda *_: (lambda d: (I4 + d, d))(next(factors)))
        m.setattr(tangent_coupling, "normals", lambda *_: next(noise))
        found = tangent_coupling.sample_coupled(L + deviations[0], L, L, heads, 8, draws, g)
    _, derivative = torch.func.jvp(
        covariance, (torch.zeros(1, dtype=torch.float64),), (torch.ones(1, dtype=torch.float64),)
    )
    torch.testing.assert_close(found.tangent, derivative)
    torch.testing.assert_close(found.limit, covariance(0.0))
    torch.testing.assert_close(found.finite, covariance(1.0))


@pytest.mark.parametrize("law", ["fixed", "clip"])
def test_the_tangent_has_mean_zero_and_lowers_the_noise(law):
    w = low_rank.joint_frequencies(0, 16, 2, 4)
    drawn = layers(law, head_dim=256, width=256)
    draws = len(drawn.tangent)
    error = drawn.tangent.std(dim=0) / np.sqrt(draws)
    assert (drawn.tangent.mean(dim=0).abs() <= 4.5 * error).all()
    plain = characteristic_function(drawn.finite, w) - characteristic_function(drawn.limit, w)
    reduced = drawn.difference(w)
    gap = plain - reduced
    assert (gap.mean(dim=0).abs() <= 4.5 * gap.std(dim=0) / np.sqrt(draws)).all()
    assert (reduced.var(dim=0) < 0.5 * plain.var(dim=0)).all()
    assert reduced.var(dim=0).sum() < 0.05 * plain.var(dim=0).sum()


def test_the_noise_falls_as_fast_as_the_difference_itself():
    w = low_rank.joint_frequencies(0, 16, 2, 4)
    narrow, wide = (layers("fixed", head_dim=d).difference(w).std(dim=0) for d in (64, 256))
    ratio = narrow / wide
    assert float(ratio.median()) == pytest.approx(4, rel=0.15)  # 2 without the control variate


def test_coupled_layers_have_the_law_of_the_plain_coupling():
    w = low_rank.joint_frequencies(0, 8, 2, 4)
    roots = finite_roots("clip", 4, 32, 20_000, generator(5))
    finite, limit = coupled(roots, I4, 2, 24, 24, 20_000, generator(6))
    drawn = layers()
    pairs = (
        (characteristic_function(finite, w), characteristic_function(drawn.finite, w)),
        (characteristic_function(limit, w), characteristic_function(drawn.limit, w)),
        (characteristic_function(finite, w) - characteristic_function(limit, w), drawn.difference(w)),
    )
    for one, other in pairs:
        error = ((one.var(dim=0) + other.var(dim=0)) / len(one)).sqrt()
        assert ((one.mean(dim=0) - other.mean(dim=0)).abs() <= 4.5 * error).all()


def test_nothing_differs_at_infinite_head_dimension_on_fixed_tokens():
    drawn = layers("fixed", head_dim=0, draws=50)
    torch.testing.assert_close(drawn.finite, drawn.limit)
    assert not drawn.tangent.any()


def test_many_heads_have_their_exact_excess_kurtosis():
    points = [
        {"law": "fixed", "tokens": 4, "heads": heads, "width": 64, "scores": scores}
        for heads in (1, 8)
        for scores in ("own", "shared")
    ]
    settings = {"points": points, "seed": 1, "draws": 20_000, "batches": 20}
    table = many_heads.run(settings, {}, "cpu", quiet)
    for row in rows(table, scores="own"):
        estimate = excess_kurtosis(row, "token")
        exact = finite_excess_kurtosis(4, int(row["heads"]), 64, 64)
        assert abs(estimate.value - exact) < 4.5 * estimate.standard_error
    shared = excess_kurtosis(next(rows(table, scores="shared", heads=8)), "token")
    # the scores average nothing, the values of 8 heads do: d_v is replaced by 8 d_v
    exact = finite_excess_kurtosis(4, 1, 64, 8 * 64)
    assert abs(shared.value - exact) < 4.5 * shared.standard_error


def test_random_tokens_keep_many_heads_from_being_gaussian():
    point = {"law": "clip", "tokens": 4, "heads": 64, "width": 64, "scores": "own"}
    settings = {"points": [point], "seed": 1, "draws": 4000, "batches": 20}
    estimate = excess_kurtosis(next(rows(many_heads.run(settings, {}, "cpu", quiet))), "token")
    assert abs(64 * estimate.value - 18.9) < 2 + 4.5 * 64 * estimate.standard_error
