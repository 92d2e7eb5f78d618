"""Moments, propagation probability, contrast and peaks of random walks, against brute force and the notes."""

import numpy as np
import pytest
from scipy.special import ndtr

from widthscope.studies.qk_spectrum.walks.exact import TwoValued, exact_propagation
from widthscope.studies.qk_spectrum.walks.feasibility import (
    InfeasibleSpectrumError,
    check_feasible,
    least_eta,
)
from widthscope.studies.qk_spectrum.walks.theory import (
    Summaries,
    contrast,
    limiting_propagation,
    peak,
    propagation,
    score_mean,
    score_variance,
    two_valued_spectrum,
)

EIGHTHS = np.arange(32, 256, 32)
"""Positions t/T = 1/8, ..., 7/8 at T = 256: the grid of the reference numbers."""


def drawn_scores(W, covariance, tokens, walks, seed=0):
    """Scores (walks, tokens) with every step drawn, float64."""
    generator = np.random.default_rng(seed)
    steps = generator.standard_normal((walks, tokens, len(W))) @ np.linalg.cholesky(covariance).T
    x = np.cumsum(steps, axis=1)
    return np.einsum("ni,ij,ntj->nt", x[:, -1], W, x)


def test_summaries_are_the_traces_of_dense_products():
    generator = np.random.default_rng(1)
    W, root = generator.standard_normal((2, 5, 5))
    S = root @ root.T
    found = Summaries.of(W, S)
    assert found.xi == pytest.approx(np.trace(W @ S))
    assert found.eta1 == pytest.approx(np.trace(W @ S @ W @ S))
    assert found.eta2 == pytest.approx(np.trace(W @ S @ W.T @ S))
    bare = Summaries.of(W)
    assert bare.eta2 == pytest.approx(np.linalg.norm(W) ** 2)
    assert Summaries.of(W + W.T).eta1 == pytest.approx(Summaries.of(W + W.T).eta2)
    assert Summaries.of(W - W.T).xi == pytest.approx(0)
    assert Summaries.of(W - W.T).eta1 == pytest.approx(-Summaries.of(W - W.T).eta2)


@pytest.mark.parametrize("kind", ["general", "symmetric", "antisymmetric"])
def test_moments_are_those_of_drawn_walks(kind):
    generator = np.random.default_rng(2)
    W, root = generator.standard_normal((2, 4, 4)) / 2
    W = {"general": W, "symmetric": W + W.T, "antisymmetric": W - W.T}[kind]
    S = root @ root.T + 0.2 * np.eye(4)
    tokens, walks = 6, 40_000
    scores = drawn_scores(W, S, tokens, walks)
    t, found = np.arange(1, tokens + 1), Summaries.of(W, S)
    variance = score_variance(t, tokens, found)
    mean_error = np.sqrt(np.maximum(variance, 1e-12) / walks)
    assert np.all(np.abs(scores.mean(0) - score_mean(t, found.xi)) < 5 * mean_error + 1e-9)
    squares = (scores - score_mean(t, found.xi)) ** 2
    assert np.all(np.abs(squares.mean(0) - variance) < 5 * squares.std(0) / np.sqrt(walks) + 1e-9)


def test_variance_of_a_symmetric_matrix_is_the_short_formula():
    t = np.arange(1, 33)
    assert score_variance(t, 32, Summaries.symmetric(0.3, 0.7)) == pytest.approx(t * (t + 32) * 0.7)


def test_finite_walks_approach_the_limit():
    tau = np.array([0.1, 0.5, 0.9])
    limit = limiting_propagation(tau, 0.5, 0.1)
    gaps = [
        np.abs(propagation(tau * T, T, Summaries.symmetric(0.5, 0.1)) - limit).max()
        for T in (100, 1000, 10_000)
    ]
    assert gaps[0] < 0.05
    assert gaps[1] == pytest.approx(gaps[0] / 10, rel=0.1)
    assert gaps[2] == pytest.approx(gaps[1] / 10, rel=0.1)


@pytest.mark.parametrize("xi", [-1.0, 0.0, 0.5, 2.0])
def test_the_first_tokens_propagate_with_one_half(xi):
    assert limiting_propagation(1e-10, xi, 0.3) == pytest.approx(0.5, abs=1e-4)


@pytest.mark.parametrize("xi", [-2.0, -0.5, 0.0])
def test_no_contrast_without_a_positive_trace(xi):
    assert contrast(xi, 0.1) == 0
    assert np.all(limiting_propagation(np.linspace(1e-6, 1, 2000), xi, 0.1) <= 0.5)


@pytest.mark.parametrize("xi", [0.25, 0.5, 1.0, 2.0, 4.0])
def test_contrast_falls_in_eta_from_one_half(xi):
    etas = np.geomspace(1e-3, 100, 60)
    found = np.array([contrast(xi, eta) for eta in etas])
    seen = found < 0.5 - 1e-12  # closer than this rounding decides
    assert np.all(np.diff(found)[seen[:-1]] < 0)
    assert np.all((found > 0) & (found <= 0.5))
    assert seen.sum() > 30
    assert contrast(xi, 1e-5) > 0.4999


@pytest.mark.parametrize(("xi", "eta"), [(0.5, 0.1), (2.0, 0.1), (0.5, 3.0)])
def test_the_peak_is_where_a_fine_grid_has_it(xi, eta):
    grid = np.linspace(1e-5, 1, 200_001)
    values = limiting_propagation(grid, xi, eta)
    tau, found = peak(xi, eta)
    assert found == pytest.approx(values.max() - 0.5, abs=1e-9)
    assert tau == pytest.approx(grid[values.argmax()], abs=1e-4)


@pytest.mark.parametrize(
    ("xi", "eta", "contrast_of_notes", "place"),
    [(0.5, 1.0, 0.064, None), (0.5, 0.1, 0.324, 0.625), (0.5, 0.01, 0.500, None), (2.0, 0.1, 0.495, 0.25)],
)
def test_contrasts_and_places_of_the_notes(xi, eta, contrast_of_notes, place):
    rho = propagation(EIGHTHS, 256, Summaries.symmetric(xi, eta))
    assert rho.max() - 0.5 == pytest.approx(contrast_of_notes, abs=6e-4)
    if place is not None:
        assert EIGHTHS[rho.argmax()] / 256 == place


def test_without_a_trace_the_first_position_is_the_best():
    for eta in (0.01, 0.1, 1.0):
        assert propagation(EIGHTHS, 256, Summaries.symmetric(0.0, eta)).argmax() == 0


@pytest.mark.parametrize(
    ("xi", "eta", "rank"), [(0.5, 0.05, 16), (-2.0, 0.1, 128), (0.0, 0.5, 7), (1.6, 0.2, 13)]
)
def test_two_valued_spectra_have_the_traces_asked_for(xi, eta, rank):
    values = two_valued_spectrum(xi, eta, rank)
    assert len(values) == rank
    assert values.sum() == pytest.approx(xi, abs=1e-12)
    assert (values**2).sum() == pytest.approx(eta)


@pytest.mark.parametrize(
    ("xi", "eta", "rank"), [(1.6, 0.2, 12), (2.0, 0.01, 128), (0.5, 0.0, 8), (0.5, 0.3, 1)]
)
def test_infeasible_traces_are_refused_and_not_clipped(xi, eta, rank):
    with pytest.raises(InfeasibleSpectrumError, match="rank"):
        two_valued_spectrum(xi, eta, rank)


def test_the_bound_is_reached_by_a_projector():
    assert least_eta(1.6, 13) < 0.2 < least_eta(1.6, 12)
    check_feasible(2.0, least_eta(2.0, 5), 5)
    assert two_valued_spectrum(2.0, least_eta(2.0, 6), 6) == pytest.approx(np.full(6, 1 / 3))


def test_quadrature_of_rank_one_is_a_one_dimensional_integral():
    """With W = c e e^T the score is c x_T x_t of two scalars: integrate over x_T directly."""
    c, tokens, t = 0.5, 16, 6
    z = np.linspace(-9, 9, 2_000_001)
    last = np.sqrt(tokens) * z
    deviation = np.abs(c * last) * np.sqrt(t * (tokens - t) / tokens)
    mean = c * last**2 * t / tokens
    with np.errstate(divide="ignore", invalid="ignore"):
        inside = ndtr((tokens - 1 - mean) / deviation) - ndtr((-1 - mean) / deviation)
    inside[~np.isfinite(inside)] = 1.0
    expected = np.trapezoid(inside * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi), z)
    assert exact_propagation([t], tokens, TwoValued.of(c, c**2, 1)) == pytest.approx(expected, abs=1e-7)


def test_quadrature_is_the_share_of_propagating_keys():
    tokens, walks, positions = 12, 200_000, np.array([2, 6, 11])
    spectrum = TwoValued.of(1.2, 0.8, 4)
    W = np.diag([spectrum.a] * spectrum.p + [spectrum.b] * spectrum.q)
    scores = drawn_scores(W, np.eye(4), tokens, walks, seed=5)[:, positions - 1]
    share = ((scores > -1) & (scores < tokens - 1)).mean(0)
    assert share == pytest.approx(
        exact_propagation(positions, tokens, spectrum), abs=5 * 0.5 / np.sqrt(walks)
    )


def test_quadrature_of_a_concentrated_spectrum():
    """With all eigenvalues equal, half and half is one chi^2: the split may be put anywhere."""
    whole = TwoValued(0.1, 8)
    halves, thirds = TwoValued(0.1, 4, 0.1, 4), TwoValued(0.1, 2, 0.1, 6)
    expected = exact_propagation([5, 20], 32, whole)
    assert exact_propagation([5, 20], 32, halves) == pytest.approx(expected, abs=1e-10)
    assert exact_propagation([5, 20], 32, thirds) == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize(("xi", "eta"), [(0.5, 0.05), (1.6, 0.2), (0.0, 0.5)])
def test_the_error_of_the_formula_falls_as_one_over_the_rank(xi, eta):
    positions = np.arange(8, 64, 8)
    formula = propagation(positions, 64, Summaries.symmetric(xi, eta))
    rms = [
        np.sqrt(np.mean((exact_propagation(positions, 64, TwoValued.of(xi, eta, d)) - formula) ** 2))
        for d in (1024, 4096)
    ]
    assert np.log(rms[1] / rms[0]) / np.log(4) == pytest.approx(-1, abs=0.01)


def test_errors_at_a_fixed_rank_are_of_the_notes_size():
    """The notes: .0249 to .0256 at rank 16, .168 at rank one, at seven positions that they do not name."""
    positions = np.arange(8, 64, 8)

    def rms(xi, eta, rank):
        gap = exact_propagation(positions, 64, TwoValued.of(xi, eta, rank))
        gap = gap - propagation(positions, 64, Summaries.symmetric(xi, eta))
        return float(np.sqrt(np.mean(gap**2)))

    assert rms(0.5, 0.05, 16) == pytest.approx(0.025, abs=0.004)
    assert 0.12 < rms(0.5, 0.25, 1) < rms(1.6, 2.56, 1) < 0.25


def test_positions_at_the_ends_are_refused():
    for position in (0, 32):
        with pytest.raises(ValueError, match="strictly between"):
            exact_propagation([position], 32, TwoValued(0.1, 8))
    with pytest.raises(ValueError, match="whole number"):
        TwoValued.of(0.5, 0.5, 3)
