import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import integrate

from widthscope.spectra import competitors, product_law
from widthscope.spectra.query_key import singular_values

ASPECTS = [1.0, 1.001, 1.5, 4.0, 12.0, 300.0]


def companion_density(x: NDArray, aspect: float) -> NDArray:
    """|Im G| / pi of the non-real roots of the cubic, from the eigenvalues of companion matrices."""
    companion = np.zeros((len(x), 3, 3))
    companion[:, 1, 0] = companion[:, 2, 1] = 1
    cubic = (x**2, 2 * x * (aspect - 1), (aspect - 1) ** 2 - x, np.ones_like(x))
    for power in range(3):
        companion[:, power, 2] = -cubic[3 - power] / cubic[0]
    return np.abs(np.linalg.eigvals(companion).imag).max(-1) / np.pi


def interior(aspect: float, points: int = 401) -> NDArray:
    lower, upper = product_law.edges(aspect)
    return lower + (upper - lower) * np.linspace(0.02, 0.98, points)


def integral(aspect: float, order: int) -> float:
    """int x^order density dx in a variable that leaves no singularity at either edge."""
    lower, upper = product_law.edges(aspect)

    def integrand(angle: float) -> float:
        t = np.sin(angle / 2) ** 2  # takes the square roots off both edges, the cube the pole x^(-2/3)
        x = lower + (upper - lower) * t**3
        jacobian = (upper - lower) * 3 * t**2 * np.sin(angle) / 2
        return float(x**order * product_law.density(x, aspect) * jacobian)

    return float(integrate.quad(integrand, 0, np.pi, limit=400, epsabs=0, epsrel=1e-10)[0])


@pytest.mark.parametrize("aspect", ASPECTS)
def test_density_is_that_of_the_companion_matrices(aspect: float) -> None:
    x = interior(aspect)
    np.testing.assert_allclose(product_law.density(x, aspect), companion_density(x, aspect), rtol=1e-7)


@pytest.mark.parametrize("aspect", ASPECTS)
def test_stieltjes_transform_solves_the_cubic(aspect: float) -> None:
    x = interior(aspect)
    psi, inside = product_law._moment_series(x, aspect)
    assert inside.all()
    G = np.conj(1 + psi) / x
    terms = [x**2 * G**3, 2 * x * (aspect - 1) * G**2, ((aspect - 1) ** 2 - x) * G, np.ones_like(x)]
    # psi and x are differences of numbers alpha times their own size, which costs their last digits
    bound = 50 * aspect * np.finfo(np.float64).eps
    assert np.max(np.abs(sum(terms)) / sum(np.abs(term) for term in terms)) < bound
    np.testing.assert_allclose(-G.imag / np.pi, product_law.density(x, aspect), rtol=1e-12)


@pytest.mark.parametrize("aspect", ASPECTS)
def test_mass_and_moments(aspect: float) -> None:
    assert integral(aspect, 0) == pytest.approx(1, abs=1e-7)
    assert integral(aspect, 1) == pytest.approx(aspect**2, rel=1e-7)
    assert integral(aspect, 2) == pytest.approx(aspect**4 + 2 * aspect**3, rel=1e-7)
    for order in range(4):
        assert product_law.moment(order, aspect) == pytest.approx(integral(aspect, order), rel=1e-7)


def test_reference_numbers_of_the_notes() -> None:
    assert product_law.moment(2, 4) == 384
    assert product_law.moment(2, 12) == 24192
    assert product_law.edges(1) == pytest.approx((0, 27 / 4))
    assert [product_law.moment(k, 1) for k in range(6)] == [1, 1, 3, 12, 55, 273]  # Fuss-Catalan numbers


@pytest.mark.parametrize("aspect", ASPECTS)
def test_edges_are_where_the_discriminant_of_the_cubic_vanishes(aspect: float) -> None:
    for x in product_law.edges(aspect):
        if x > 1e-6:
            a, b, c, d = x**2, 2 * x * (aspect - 1), (aspect - 1) ** 2 - x, 1.0
            terms = [18 * a * b * c * d, -4 * b**3 * d, b**2 * c**2, -4 * a * c**3, -27 * a**2 * d**2]
            assert abs(sum(terms)) < 1e-10 * sum(np.abs(terms))
    lower, upper = product_law.edges(aspect)
    outside = np.array([-1, 0.999 * lower, 1.001 * upper])
    np.testing.assert_array_equal(product_law.density(outside, aspect), 0)


@pytest.mark.parametrize("aspect", ASPECTS)
def test_closed_form_cdf_is_the_integral_of_the_density(aspect: float) -> None:
    x = interior(aspect, 9)
    found = product_law.cdf(x, aspect)
    for left, right, rise in zip(x[:-1], x[1:], np.diff(found), strict=True):
        mass, _ = integrate.quad(lambda y: float(product_law.density(y, aspect)), left, right)
        assert rise == pytest.approx(mass, abs=1e-10)
    lower, upper = product_law.edges(aspect)
    np.testing.assert_array_equal(product_law.cdf([-1, lower, upper, 2 * upper], aspect), [0, 0, 1, 1])


def test_cdf_near_zero_of_square_matrices_is_the_cube_root() -> None:
    """Density -> (sqrt 3 / 2 pi) x^(-2/3), hence F -> (3 sqrt 3 / 2 pi) x^(1/3)."""
    x = 10.0 ** np.arange(-15, -8, 2)
    np.testing.assert_allclose(product_law.cdf(x, 1) / np.cbrt(x), 3 * np.sqrt(3) / (2 * np.pi), rtol=1e-3)


@pytest.mark.parametrize("aspect", ASPECTS)
def test_quantile_is_the_inverse(aspect: float) -> None:
    p = np.linspace(0, 1, 21)
    np.testing.assert_allclose(product_law.cdf(product_law.quantile(p, aspect), aspect), p, atol=1e-9)
    assert np.isnan(product_law.quantile([-0.1, np.nan], aspect)).all()


@pytest.mark.parametrize("aspect", [1, 4, 12])
def test_simulated_singular_values_have_the_law_and_those_of_the_small_product_their_own(aspect: int) -> None:
    rng = np.random.default_rng(2)
    head_dim, heads = 64, 16
    width = aspect * head_dim
    query, key = rng.standard_normal((2, heads, head_dim, width))
    x = product_law.scaled_squares(singular_values(query, key), np.full(heads, width), width)
    steps = np.arange(1, x.size + 1) / x.size
    assert np.abs(product_law.cdf(np.sort(x.ravel()), aspect) - steps).max() < 0.02
    for order in (1, 2):
        by_head = (x**order).mean(-1)
        assert (
            abs(by_head.mean() - product_law.mean_power(order, head_dim, width))
            < 4.5 * by_head.std(ddof=1) / 4
        )
    small = np.linalg.svd(key @ np.swapaxes(query, -1, -2), compute_uv=False) / np.sqrt(head_dim)
    wrong = product_law.scaled_squares(small, np.full(heads, width), width)
    distance = np.abs(product_law.cdf(np.sort(wrong.ravel()), aspect) - steps).max()
    # For square matrices both products have one law, so that only alpha > 1 tells them apart.
    assert distance < 0.02 if aspect == 1 else distance > 0.5


@pytest.mark.parametrize(("head_dim", "width"), [(1, 1), (1, 5), (3, 3), (4, 12)])
def test_mean_powers_at_finite_size_by_simulation(head_dim: int, width: int) -> None:
    draws = 100_000
    query, key = np.random.default_rng(5).standard_normal((2, draws, head_dim, width))
    AB = query @ np.swapaxes(query, -1, -2) @ key @ np.swapaxes(key, -1, -2) / head_dim**2
    for order, power in ((1, AB), (2, AB @ AB)):
        sample = np.trace(power, axis1=-2, axis2=-1) / head_dim
        error = sample.std(ddof=1) / np.sqrt(draws)
        assert abs(sample.mean() - product_law.mean_power(order, head_dim, width)) < 4.5 * error


def test_mean_power_of_one_number_by_hand() -> None:
    assert product_law.mean_power(2, 1, 1) == 9  # E (q^2 k^2)^2 = 3 * 3
    with pytest.raises(ValueError, match="order"):
        product_law.mean_power(3, 4, 8)


def test_mean_powers_tend_to_the_moments() -> None:
    assert product_law.mean_power(2, 10**6, 4 * 10**6) == pytest.approx(384, rel=1e-5)
    assert product_law.mean_power(2, 64, 256) == pytest.approx(386.26, abs=0.01)


def test_law_of_square_matrices_is_told_apart() -> None:
    x = np.linspace(*product_law.edges(4), 1001)
    assert np.abs(product_law.cdf(x, 4) - competitors.square_product_cdf(x, 4)).max() > 0.2
    y = np.linspace(*product_law.edges(1), 101)
    np.testing.assert_array_equal(product_law.cdf(y, 1), competitors.square_product_cdf(y, 1))


def test_scaled_squares_of_a_zero_head_are_unknown() -> None:
    assert np.isnan(product_law.scaled_squares(np.zeros(3), 0.0, 8)).all()


@pytest.mark.parametrize("aspect", [0.5, np.nan])
def test_aspects_below_one_are_refused(aspect: float) -> None:
    with pytest.raises(ValueError, match="aspect"):
        product_law.cdf(0.5, aspect)
