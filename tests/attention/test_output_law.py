import numpy as np
import pytest
import torch
from scipy import integrate, stats

from widthscope.attention.output_law import (
    OutputLaw,
    distances,
    finite_output,
    frequency_grid,
    gaussian,
    limit_output,
)
from widthscope.attention.sampling import sample_finite
from widthscope.attention.softmax_moments import excess_kurtosis, finite_moments
from widthscope.attention.variance_law import exchangeable_token, from_samples, functional, single_token


def test_reference_densities_and_probabilities():
    one, two = limit_output(4, 1), limit_output(4, 2)
    assert one.pdf([0.0, 1.0]) == pytest.approx([0.6534884, 0.1692344], abs=6e-8)
    assert one.cdf([0.5, 1.0]) == pytest.approx([0.7924716, 0.9458081], abs=6e-8)
    assert two.pdf([0.0]) == pytest.approx([0.6460803], abs=2e-7)  # 0.64608013 by two routes
    assert two.cdf([1.0]) == pytest.approx([0.9453292], abs=6e-8)


def test_density_at_zero_by_another_route():
    # 1/sqrt(2 pi v) = (1/pi) int exp(-t^2 v / 2) dt, with v the mean of two variances on their own nodes
    law = single_token(np.eye(4), 0)
    u = np.linspace(0, 20, 801)
    single = np.array([law.weights @ np.exp(-0.5 * x**2 * law.variances) for x in u])
    assert limit_output(4, 2).pdf(0.0) == pytest.approx(
        np.sqrt(2) / np.pi * np.trapezoid(single**2, u), rel=1e-10
    )


@pytest.mark.parametrize("heads", [1, 2, 8])
def test_inversion_of_the_characteristic_function_agrees_with_the_mixture(heads):
    law = limit_output(4, heads)
    t, w = frequency_grid(law.deviation)
    x = np.linspace(-3, 3, 13)
    inverted = np.cos(np.outer(x, t)) @ (w * law.cf(t)) / np.pi
    assert law.pdf(x) == pytest.approx(inverted, abs=1e-12)
    cumulative = 0.5 + (x[:, None] * np.sinc(x[:, None] * t / np.pi)) @ (w * law.cf(t)) / np.pi
    assert law.cdf(x) == pytest.approx(cumulative, abs=1e-12)


@pytest.mark.parametrize("law", [limit_output(4, 3), finite_output(4, 2, 16, 16)])
def test_density_distribution_and_moments_belong_together(law):
    mass, _ = integrate.quad(lambda x: float(law.pdf(x)), -1.0, 0.4)
    assert float(law.cdf(0.4) - law.cdf(-1.0)) == pytest.approx(mass, abs=1e-9)
    x = np.linspace(-9, 9, 3601)
    density = law.pdf(x)
    second, fourth = (np.trapezoid(x**k * density, x) for k in (2, 4))
    assert second == pytest.approx(law.variance.moments.mean, rel=1e-6)
    exact = excess_kurtosis(law.variance.moments, law.heads, law.value_dim)
    assert fourth / second**2 - 3 == pytest.approx(exact, abs=2e-3)


@pytest.mark.parametrize(("heads", "n"), [(1, 6), (2, 16)])
def test_finite_law_is_that_of_sampled_outputs(heads, n):
    y = sample_finite(np.eye(4), heads, n, n, 40_000, 1, torch.Generator().manual_seed(n)).outputs
    law = finite_output(4, heads, n, n)
    x = np.linspace(-8, 8, 2001)
    cdf = law.cdf(x)
    assert stats.kstest(y[:, 0, 0].numpy(), lambda v: np.interp(v, x, cdf)).pvalue > 0.002
    if heads == 1:  # far enough from a Gaussian for this sample to tell
        assert stats.kstest(y[:, 0, 0].numpy(), gaussian(law.variance.moments.mean).cdf).pvalue < 1e-4


def test_scaled_distances_reach_their_constants():
    reference = {1: (0.1569, 0.2566), 2: (0.0897, 0.1467), 8: (0.0354, 0.0581)}
    wide = exchangeable_token(4, head_dim=1024)
    wider = exchangeable_token(4, head_dim=4096)
    for heads, (ks, wasserstein) in reference.items():
        limit = limit_output(4, heads)
        d, e = (distances(OutputLaw(law, heads, n), limit) for law, n in ((wide, 1024), (wider, 4096)))
        assert (1024 * d.ks, 1024 * d.wasserstein) == pytest.approx((ks, wasserstein), abs=6e-5)
        slopes = [
            np.log(getattr(e, k) / getattr(d, k)) / np.log(4) for k in ("ks", "wasserstein", "energy", "kl")
        ]
        assert slopes == pytest.approx([-1, -1, -2, -2], abs=0.01)


def test_distances_to_the_infinite_head_gaussian():
    kl = []
    for heads in (1, 2, 8):
        law = limit_output(4, heads)
        kl.append(distances(law, gaussian(law.variance.moments.mean)).kl)
    assert kl == pytest.approx([9.7e-4, 2.7e-4, 1.9e-5], rel=0.03)


def test_distances_of_two_normals_are_the_closed_forms():
    d = distances(gaussian(1.0), gaussian(1.21))
    kl = np.log(1.1) + 1 / (2 * 1.21) - 0.5
    assert d.kl == pytest.approx(kl, rel=1e-6)
    assert d.wasserstein == pytest.approx(0.1 * np.sqrt(2 / np.pi), rel=1e-5)
    x = np.linspace(-9, 9, 180_001)
    gap = stats.norm.cdf(x) - stats.norm.cdf(x / 1.1)
    assert d.ks == pytest.approx(np.abs(gap).max(), rel=1e-4)
    assert d.energy == pytest.approx(2 * np.trapezoid(gap**2, x), rel=1e-5)
    same = distances(gaussian(0.4), gaussian(0.4))
    assert (same.ks, same.wasserstein, same.energy, same.kl) == (0, 0, 0, 0)


def test_kl_agrees_with_the_definition():
    first, second = finite_output(4, 1, 16, 16), limit_output(4, 1)
    x = np.linspace(0, 6, 2401)
    p, q = first.pdf(x), second.pdf(x)
    direct = 2 * np.trapezoid(p * np.log(p / q), x)
    assert distances(first, second).kl == pytest.approx(direct, rel=1e-3)


def test_one_single_head_sample_serves_every_number_of_heads():
    law = single_token(np.eye(4), 0)
    draws = np.random.default_rng(0).choice(law.variances, 40_000, p=law.weights / law.weights.sum())
    sampled = OutputLaw(from_samples(draws), 4)
    t = np.array([0.5, 2.0, 5.0])
    assert sampled.cf(t) == pytest.approx(limit_output(4, 4).cf(t), abs=3e-3)


def test_token_differences_whose_variance_reaches_zero_are_inverted():
    law = OutputLaw(functional(np.eye(4), [1, -1, 0, 0], log2_points=10), 4)
    x = np.linspace(-8, 8, 801)
    assert np.trapezoid(law.pdf(x), x) == pytest.approx(1, abs=1e-3)
    assert law.cdf([0.0, 8.0]) == pytest.approx([0.5, 1.0], abs=1e-3)


def test_finite_law_tends_to_the_limit():
    assert finite_moments(1, 0, 4, 10**6).mean == pytest.approx(
        limit_output(4, 1).variance.moments.mean, rel=1e-5
    )
    assert distances(finite_output(4, 1, 10**6, 10**6), limit_output(4, 1)).ks < 2e-7


@pytest.mark.parametrize("sizes", [(0, None), (1, 0)])
def test_refuses_sizes_out_of_range(sizes):
    with pytest.raises(ValueError, match="at least 1"):
        OutputLaw(exchangeable_token(2), *sizes)
