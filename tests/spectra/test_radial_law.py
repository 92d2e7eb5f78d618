import numpy as np
import pytest
from scipy import integrate

from widthscope.spectra import competitors, radial_law
from widthscope.spectra.query_key import eigenvalues

ASPECTS = [1.0, 1.5, 4.0, 12.0, 1e4]


@pytest.mark.parametrize("aspect", ASPECTS)
def test_cdf_is_the_formula_of_the_notes(aspect: float) -> None:
    u = np.linspace(0, radial_law.edge(aspect), 101)
    gap = aspect - 1
    np.testing.assert_allclose(radial_law.cdf(u, aspect), (-gap + np.sqrt(gap**2 + 4 * u**2)) / 2, atol=1e-11)
    assert radial_law.cdf(radial_law.edge(aspect), aspect) == pytest.approx(1, abs=1e-14)
    np.testing.assert_array_equal(radial_law.cdf([-1, 0, 2 * np.sqrt(aspect)], aspect), [0, 0, 1])


@pytest.mark.parametrize("aspect", ASPECTS)
def test_planar_density_integrates_to_the_cdf(aspect: float) -> None:
    for u in radial_law.edge(aspect) * np.array([0.1, 0.5, 1]):
        mass, _ = integrate.quad(lambda r: 2 * np.pi * r * radial_law.density(r, aspect), 0, u)
        assert mass == pytest.approx(radial_law.cdf(u, aspect), abs=1e-9)
    assert radial_law.density(1.01 * radial_law.edge(aspect), aspect) == 0


def test_square_matrices_have_a_uniform_radius() -> None:
    u = np.linspace(0, 1, 11)
    np.testing.assert_allclose(radial_law.cdf(u, 1.0), u, atol=1e-15)
    assert radial_law.density(0.0, 1.0) == np.inf


def test_many_more_dimensions_than_head_dimensions_give_the_circular_law() -> None:
    u = np.linspace(0, 1e4, 101)
    np.testing.assert_allclose(radial_law.cdf(u, 1e8), competitors.circular_cdf(u, 1e8), atol=1e-7)


@pytest.mark.parametrize("aspect", ASPECTS)
def test_quantile_is_the_inverse(aspect: float) -> None:
    p = np.linspace(0, 1, 21)
    np.testing.assert_allclose(radial_law.cdf(radial_law.quantile(p, aspect), aspect), p, atol=1e-13)
    assert np.isnan(radial_law.quantile([-0.1, 1.1, np.nan], aspect)).all()


@pytest.mark.parametrize("aspect", ASPECTS[:-1])
@pytest.mark.parametrize("order", [0, 1, 2, 3])
def test_moments_against_the_integral_over_the_density(aspect: float, order: int) -> None:
    found, _ = integrate.quad(
        lambda r: 2 * np.pi * r * radial_law.density(r, aspect) * r ** (2 * order),
        0,
        radial_law.edge(aspect),
    )
    assert radial_law.moment(order, aspect) == pytest.approx(found, rel=1e-9)


@pytest.mark.parametrize("aspect", ASPECTS)
def test_mean_square_of_the_notes(aspect: float) -> None:
    assert radial_law.moment(1, aspect) == pytest.approx(1 / 3 + (aspect - 1) / 2)


def test_radius_undoes_the_scales_of_the_weights() -> None:
    """E sum |lambda|^2 is close to its limit, so that the moment of u is, whatever the scales are."""
    rng = np.random.default_rng(0)
    heads, head_dim, width, sigma_q, sigma_k = 40, 32, 128, 0.3, 7.0
    query = sigma_q * rng.standard_normal((heads, head_dim, width))
    key = sigma_k * rng.standard_normal((heads, head_dim, width))
    u = radial_law.radius(eigenvalues(query, key), np.full(heads, width * sigma_q * sigma_k), width)
    assert u.shape == (heads, head_dim)
    by_head = (u**2).mean(-1)
    error = by_head.std(ddof=1) / np.sqrt(heads)
    # The bias at finite head_dim is O(1/head_dim^2) of the value, far below this error.
    assert abs(by_head.mean() - radial_law.moment(1, width / head_dim)) < 4 * error
    assert np.isnan(radial_law.radius(np.zeros(3), 0.0, 8)).all()


@pytest.mark.parametrize("aspect", [1, 4, 12])
def test_simulated_eigenvalues_approach_the_law_and_no_other(aspect: int) -> None:
    rng = np.random.default_rng(1)
    head_dim, heads = 64, 16
    query, key = rng.standard_normal((2, heads, head_dim, aspect * head_dim))
    u = np.sort(
        radial_law.radius(eigenvalues(query, key), np.full(heads, aspect * head_dim), aspect * head_dim)
    )
    pooled = np.sort(u.ravel())
    steps = np.arange(1, len(pooled) + 1) / len(pooled)
    ks = np.abs(radial_law.cdf(pooled, aspect) - steps).max()
    assert ks < 0.06  # the notes measure .034, .045, .051 at this size
    if aspect == 1:
        assert np.abs(competitors.circular_cdf(pooled, aspect) - steps).max() > 0.2
    if aspect == 4:
        assert np.abs(competitors.square_radial_cdf(pooled, aspect) - steps).max() > 0.15


def test_wrong_laws_differ_by_what_the_notes_say() -> None:
    u = np.linspace(0, 1, 10_001)
    assert np.abs(competitors.circular_cdf(u, 1) - radial_law.cdf(u, 1)).max() == pytest.approx(
        0.25, abs=1e-6
    )
    apart = np.abs(competitors.square_radial_cdf(2 * u, 4) - radial_law.cdf(2 * u, 4)).max()
    assert apart == pytest.approx(0.2, abs=0.005)
    edge = radial_law.edge(12)
    assert np.abs(competitors.circular_cdf(edge * u, 12) - radial_law.cdf(edge * u, 12)).max() < 0.03


@pytest.mark.parametrize("aspect", [0.5, np.nan, np.inf])
def test_aspects_below_one_are_refused(aspect: float) -> None:
    with pytest.raises(ValueError, match="aspect"):
        radial_law.cdf(0.5, aspect)
