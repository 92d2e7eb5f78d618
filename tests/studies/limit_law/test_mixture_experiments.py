"""Samplers of the mixture family against brute force and exact values."""

import itertools

import numpy as np
import pytest
import torch

from widthscope.attention.sampling import sample_finite, sample_naive
from widthscope.studies.limit_law.measurements import excess_kurtosis, rows
from widthscope.studies.limit_law.mixture import coordinates, kurtosis
from widthscope.studies.limit_law.mixture.coordinate_estimates import (
    exact_correlation,
    exact_explained,
    exact_norm_variance,
    explained,
    linear_correlation,
    regression_slope,
    square_correlation,
    variance,
)
from widthscope.studies.limit_law.mixture.coordinate_estimates import kurtosis as fourth_moment
from widthscope.studies.limit_law.mixture.fit_kurtosis import exact_value
from widthscope.work import Work


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def layer(draws=5, heads=2, width=16, coordinates=3):
    return sample_finite(np.eye(4), heads, width, width, draws, coordinates, generator(), keep_heads=True)


def point(**values):
    return {"gram": "orthonormal", "tokens": 4, "heads": 1, "width": 32} | values


@pytest.fixture(scope="module")
def small():
    points = [point(width=n, heads=H) for n in (16, 64) for H in (1, 2)]
    settings = {"points": points, "seed": 7, "draws": 20_000, "batches": 20, "coordinates": 8}
    return coordinates.run(settings, {}, Work())


def test_variance_moments_by_loops():
    covariance = layer(draws=3).covariance_given_values
    moments = kurtosis.variance_moments(covariance)
    pairs = list(itertools.combinations(range(4), 2))
    for draw in range(3):
        C, other = covariance[draw], covariance[draw - 1]
        differences = [C[i, i] + C[j, j] - 2 * C[i, j] for i, j in pairs]
        unrelated = [C[i, i] + other[j, j] for i, j in pairs]
        expected = {
            "token": C.diagonal(),
            "difference": torch.stack(differences),
            "total": torch.ones(4, dtype=C.dtype) @ C @ torch.ones(4, dtype=C.dtype),
            "unrelated": torch.stack(unrelated),
        }
        for name, values in expected.items():
            torch.testing.assert_close(moments[name][draw], values.mean())
            torch.testing.assert_close(moments[f"{name}_square"][draw], values.square().mean())


def test_excess_kurtosis_is_exact_at_finite_width_and_for_identical_tokens():
    points = [point(), point(heads=2), point(tokens=2), point(gram="identical")]
    settings = {"points": points, "seed": 3, "draws": 20_000, "batches": 20}
    table = kurtosis.run(settings, {}, Work())
    for row in rows(table, gram="orthonormal"):
        estimate = excess_kurtosis(row, "token")
        assert abs(estimate.value - exact_value(row)) < 4.5 * estimate.standard_error
        assert estimate.standard_error < 0.06 * exact_value(row)
    identical = excess_kurtosis(next(rows(table, gram="identical")), "token")
    assert abs(identical.value - 6 / 32) < 4.5 * identical.standard_error


def test_pairs_by_loops():
    drawn = layer(draws=3)
    y = drawn.outputs
    moments = coordinates.pairs(drawn)
    for draw in range(3):
        products = [
            y[draw, i, a] * y[draw, i, b] for i in range(4) for a, b in itertools.permutations(range(3), 2)
        ]
        unrelated = [
            y[draw, i, a] ** 2 * y[draw - 1, i, b] ** 2
            for i in range(4)
            for a, b in itertools.product(range(3), repeat=2)
        ]
        torch.testing.assert_close(moments["pair_product"][draw], torch.stack(products).mean())
        torch.testing.assert_close(moments["pair_squares"][draw], torch.stack(products).square().mean())
        torch.testing.assert_close(moments["unrelated_squares"][draw], torch.stack(unrelated).mean())


def test_normalised_outputs_by_loops():
    drawn = layer(draws=2)
    moments = coordinates.normalised(drawn)
    for draw in range(2):
        y = drawn.outputs[draw]
        own = drawn.covariance[draw].diagonal().unsqueeze(-1)
        given = drawn.covariance_given_values[draw].diagonal().unsqueeze(-1)
        for name, scaled in (
            ("raw", y),
            ("given_scores", y / own.sqrt()),
            ("given_values", y / given.sqrt()),
        ):
            torch.testing.assert_close(moments[f"{name}_second"][draw], scaled.pow(2).mean())
            torch.testing.assert_close(moments[f"{name}_fourth"][draw], scaled.pow(4).mean())
        heads = drawn.head_covariance[draw].diagonal(dim1=-2, dim2=-1)
        shares = heads / heads.sum(0)
        torch.testing.assert_close(moments["participation"][draw], (shares**2).sum(0).mean())


def test_the_norm_has_the_moments_of_a_layer_with_all_its_weights():
    width, draws = 12, 40_000
    naive = sample_naive(np.eye(4) * 2, 1, width, width, draws, width, generator(1))  # X Xᵀ/d = I
    expected = naive.outputs.square().mean(dim=-1)
    drawn = sample_finite(np.eye(4), 1, width, width, draws, 3, generator(2), keep_heads=True)
    moments = coordinates.norms(drawn, width, generator(3))
    for name, power in (("norm", 1), ("norm_square", 2)):
        by_weights, by_sampler = expected.pow(power).mean(dim=-1), moments[name]
        error = (by_weights.var() / draws + by_sampler.var() / draws).sqrt()
        assert abs(by_weights.mean() - by_sampler.mean()) < 4.5 * error


def test_with_all_coordinates_sampled_the_norm_is_their_sum():
    drawn = layer(draws=4, width=16, coordinates=16)
    norm = drawn.outputs.square().sum(dim=-1) / 16
    moments = coordinates.norms(drawn, 16, generator())
    torch.testing.assert_close(moments["norm"], norm.mean(dim=-1))
    own = drawn.covariance.diagonal(dim1=-2, dim2=-1)
    torch.testing.assert_close(moments["norm_variance"], (norm * own).mean(dim=-1))
    torch.testing.assert_close(moments["norm_unrelated"], (norm * own.roll(1, 0)).mean(dim=-1))


def test_a_frozen_layer_has_the_variance_of_a_product_of_chi_squares():
    tokens, heads, width, draws = 4, 2, 16, 200_000
    norm = coordinates.frozen_norm(tokens, heads, width, draws, generator())
    # (1/s) χ²_{nH}/(nH) times χ²_n/n
    assert float(norm.mean()) == pytest.approx(1 / tokens, rel=0.01)
    exact = ((1 + 2 / (width * heads)) * (1 + 2 / width) - 1) / tokens**2
    assert float(norm.var()) == pytest.approx(exact, rel=0.03)


def test_histograms_count_what_lies_between_their_edges():
    edges = coordinates.BIN_EDGES
    values = torch.tensor([0.0, 0.0126, 0.0124, 1.1999, 1.2, 7.0], dtype=torch.float64)
    counts = coordinates.histogram(values)
    assert counts.shape == (6, len(edges) - 1)
    assert counts.sum(dim=1).tolist() == [1, 1, 1, 1, 0, 0]
    assert counts.argmax(dim=1)[:4].tolist() == [0, 1, 0, len(edges) - 2]


def test_coordinates_agree_with_their_exact_moments(small):
    for row in rows(small):
        width = int(row["width"])
        shares = float(row["participation"].mean())
        pairs = (
            (square_correlation(row, "pair_squares"), exact_correlation(row)),
            (square_correlation(row, "unrelated_squares"), 0.0),
            (linear_correlation(row), 0.0),
            (variance(row, "norm"), exact_norm_variance(row)),
            (regression_slope(row, "norm_variance"), 1.0),
            (regression_slope(row, "norm_unrelated"), 0.0),
            (explained(row, "norm_variance"), exact_explained(row)),
            (explained(row, "norm_unrelated"), 0.0),
            (fourth_moment(row, "given_scores"), 3 + 6 / width * shares),
            (fourth_moment(row, "given_values"), 3.0),
        )
        for estimate, exact in pairs:
            assert abs(estimate.value - exact) < 4.5 * estimate.standard_error
        assert (shares == pytest.approx(1)) if int(row["heads"]) == 1 else (0.5 < shares < 0.6)


def test_exact_values_are_those_of_the_theory_notes(small):
    single, pair = list(rows(small, heads=1)), list(rows(small, heads=2))
    assert [exact_correlation(row) for row in single] == pytest.approx([0.0844, 0.0498], abs=5e-5)
    assert [exact_correlation(row) for row in pair] == pytest.approx([0.0483, 0.0269], abs=5e-5)
    assert [exact_norm_variance(row) for row in single] == pytest.approx([0.0573, 0.0233], abs=5e-5)
    assert [exact_explained(row) for row in single] == pytest.approx([0.23, 0.55], abs=0.06)


def test_the_histogram_is_a_law(small):
    total = small["norm_histogram"].sum("bin")
    assert float(total.min()) > 0.97  # at n = 16 the norm exceeds the last edge in 1 % of draws
    assert float(total.max()) <= 1 + 1e-12
    assert small["bin_edges"].sizes["edge"] == small.sizes["bin"] + 1
