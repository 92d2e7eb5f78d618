import numpy as np
import pytest
from scipy import integrate, special

from widthscope.attention import score_law
from widthscope.attention.gram import gram, root

K = gram(np.random.default_rng(7).normal(size=(4, 6)))
T = np.random.default_rng(8).normal(size=(4, 4))


def naive_scores(head_dim, draws, seed=0):
    """Scores from full query and key columns, with none of the library's samplers."""
    rng = np.random.default_rng(seed)
    L = root(K)
    query, key = (L @ rng.normal(size=(draws, L.shape[1], head_dim)) for _ in range(2))
    return query @ key.swapaxes(1, 2) / np.sqrt(head_dim)


def z_score(samples, exact):
    return (samples.mean() - exact) / (samples.std(ddof=1) / np.sqrt(len(samples)))


@pytest.mark.parametrize("head_dim", [1, 3, 12])
def test_covariance_and_functional_moments_hold_at_every_width(head_dim):
    G = naive_scores(head_dim, 40_000)
    flat = G.reshape(len(G), -1)
    exact = score_law.score_covariance(K)
    products = np.einsum("ni,nj->nij", flat, flat)
    errors = products.std(axis=0, ddof=1) / np.sqrt(len(G))
    assert np.abs((products.mean(axis=0) - exact) / errors).max() < 4.5
    t = np.einsum("nij,ij->n", G, T)
    variance = score_law.functional_variance(T, K)
    assert abs(z_score(t**2, variance)) < 4
    fourth = (3 + score_law.functional_excess_kurtosis(T, K, head_dim)) * variance**2
    assert abs(z_score(t**4, fourth)) < 4


@pytest.mark.parametrize("head_dim", [2, 5])
def test_characteristic_function_agrees_with_full_weights(head_dim):
    G = naive_scores(head_dim, 60_000, seed=3)
    cosine = np.cos(np.einsum("nij,ij->n", G, 0.4 * T))
    assert abs(z_score(cosine, score_law.characteristic_function(0.4 * T, K, head_dim))) < 4


def test_characteristic_function_tends_to_the_gaussian_limit():
    limit = score_law.characteristic_function(0.3 * T, K, None)
    gaps = [n * (score_law.characteristic_function(0.3 * T, K, n) - limit) for n in (1000, 100_000)]
    assert gaps[0] == pytest.approx(gaps[1], rel=0.02)
    assert gaps[0] > 0


def test_one_entry_has_excess_kurtosis_six_over_n():
    entry = np.zeros((4, 4))
    entry[1, 2] = 1
    assert score_law.functional_excess_kurtosis(entry, K, 16) == pytest.approx(6 / 16)
    assert score_law.functional_variance(entry, K) == pytest.approx(K[1, 1] * K[2, 2])


@pytest.mark.parametrize("head_dim", [2, 5, 16])
def test_entry_law_is_variance_gamma(head_dim):
    n, nu = head_dim, (head_dim - 1) / 2

    def closed_form(x):
        y = np.sqrt(n) * np.abs(x)
        return np.sqrt(n / np.pi) / special.gamma(n / 2) * (y / 2) ** nu * special.kv(nu, y)

    x = np.array([0.05, 0.3, 1.0, 2.0, 5.0])
    assert score_law.entry_pdf(x, n) == pytest.approx(closed_form(x), rel=1e-7)
    mass, _ = integrate.quad(closed_form, 0, 1.3)
    assert score_law.entry_cdf(1.3, n) == pytest.approx(0.5 + mass, abs=1e-7)


def test_distances_reach_their_edgeworth_constants():
    found = {n: score_law.distances_to_normal(n) for n in (16, 256, 1024)}
    assert [n * found[n].ks for n in (16, 1024)] == pytest.approx([0.13768, 0.13765], abs=6e-6)
    assert [n * found[n].wasserstein for n in (16, 1024)] == pytest.approx([0.3626, 0.3773], abs=6e-5)
    assert [n**2 * found[n].kl for n in (16, 256, 1024)] == pytest.approx([0.573, 0.733, 0.746], abs=6e-4)
    constants = [score_law.EDGEWORTH_KS, score_law.EDGEWORTH_W1]
    assert constants == pytest.approx([0.13766, 0.3775], abs=2e-5)


def test_edgeworth_constants_are_those_of_the_third_hermite_polynomial():
    x = np.linspace(-12, 12, 240_001)
    weight = np.abs(x**3 - 3 * x) * np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi) / 4
    assert weight.max() == pytest.approx(score_law.EDGEWORTH_KS, rel=1e-8)
    assert np.trapezoid(weight, x) == pytest.approx(score_law.EDGEWORTH_W1, rel=1e-8)


def test_refuses_arguments_out_of_range():
    with pytest.raises(ValueError, match="one shape"):
        score_law.functional_variance(np.eye(3), K)
    with pytest.raises(ValueError, match="no variance"):
        score_law.functional_excess_kurtosis(np.zeros((4, 4)), K, 8)
    with pytest.raises(ValueError, match="head_dim"):
        score_law.distances_to_normal(1)
