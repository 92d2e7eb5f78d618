import numpy as np
import pytest
from scipy import integrate, stats

from widthscope.attention.quadrature import chi_square, normal, normal_sobol


@pytest.mark.parametrize("degrees", [1, 2, 3, 16, 256, 1024, 1 << 20])
def test_chi_square_rule_has_the_exact_moments_and_transform(degrees):
    rule = chi_square(degrees)
    for power in range(1, 5):
        exact = np.prod([(degrees + 2 * k) / degrees for k in range(power)])
        assert rule.weights @ rule.nodes**power == pytest.approx(exact, rel=1e-12)
    for t in (0.3, 5.0):
        transform = (1 + 2 * t / degrees) ** (-degrees / 2)
        assert rule.weights @ np.exp(-t * rule.nodes) == pytest.approx(transform, rel=1e-8)
    assert len(rule.nodes) < 900


@pytest.mark.parametrize("degrees", [3, 16, 256])
def test_chi_square_rule_agrees_with_gauss_hermite_mapped_by_quantiles(degrees):
    x, w = np.polynomial.hermite_e.hermegauss(60)
    law = stats.gamma(degrees / 2, scale=2 / degrees)
    nodes = np.where(x > 0, law.isf(stats.norm.sf(x)), law.ppf(stats.norm.cdf(x)))
    mapped = w / w.sum() @ np.log1p(nodes)
    rule = chi_square(degrees)
    assert rule.weights @ np.log1p(rule.nodes) == pytest.approx(mapped, rel=1e-6)
    direct, _ = integrate.quad(lambda r: np.log1p(r) * law.pdf(r), 0, np.inf, epsabs=1e-13)
    assert rule.weights @ np.log1p(rule.nodes) == pytest.approx(direct, rel=1e-10)


def test_infinitely_many_degrees_do_not_fluctuate():
    assert chi_square(None).nodes.tolist() == [1.0]


def test_normal_rule_integrates_polynomials_of_several_variables():
    rule = normal(3, 8)
    x, y, z = rule.nodes.T
    assert rule.weights.sum() == pytest.approx(1)
    assert rule.weights @ (x**4 * y**2 * z**6) == pytest.approx(3 * 1 * 15)
    assert normal(0).nodes.shape == (1, 0)


def test_sobol_rule_is_unbiased_and_seeds_are_independent():
    means = [np.mean(np.exp(normal_sobol(5, 10, seed).nodes.sum(axis=1) / 5)) for seed in range(8)]
    error = np.std(means, ddof=1) / np.sqrt(len(means))
    assert len(set(means)) == 8
    assert abs(np.mean(means) - np.exp(0.1)) < 5 * error
    assert error < 1e-3


@pytest.mark.parametrize(
    "call", [lambda: chi_square(0), lambda: normal(2, 400), lambda: normal(-1), lambda: normal_sobol(0, 4, 0)]
)
def test_refuses_sizes_out_of_range(call):
    with pytest.raises(ValueError):
        call()
