"""Samplers and scores: exact facts at reduced size, and that wrong laws are found out."""

import numpy as np
import pytest
import torch
import xarray as xr

from widthscope.attention.gram import gram
from widthscope.attention.score_law import score_covariance
from widthscope.statistics.rules import Equals, MatchesExact, SameLaw
from widthscope.streams import torch_generator
from widthscope.studies.limit_law.scores import (
    covariance_fit,
    gaussian_fit,
    sampler,
    sampler_fit,
    scaling_fit,
    score_law,
    wrong_scaling,
)
from widthscope.studies.limit_law.scores.generic_tokens import generic_gram, generic_tokens
from widthscope.work import Work


@pytest.fixture(scope="module")
def samplers():
    return sampler.run({"draws": 40_000, "seed": 0}, {}, Work())


@pytest.fixture(scope="module")
def moments():
    return score_law.run({"widths": [16, 64], "draws": 100_000, "seed": 0}, {}, Work())


@pytest.fixture(scope="module")
def scalings():
    return wrong_scaling.run({"widths": [16, 64, 256], "draws": 20_000, "seed": 0}, {}, Work())


@pytest.mark.parametrize("width", [4, 6, 16, 100])
def test_generic_tokens_have_one_gram_at_every_width(width):
    np.testing.assert_allclose(gram(generic_tokens(width)), generic_gram(), atol=1e-12)


def test_generic_gram_is_far_from_exchangeable():
    off = generic_gram()[np.triu_indices(4, 1)]
    assert np.ptp(off) > 0.3
    assert np.linalg.eigvalsh(generic_gram())[0] > 0.05
    with pytest.raises(ValueError, match="at least 4"):
        generic_tokens(3)


def test_sampler_is_exact_and_the_limit_is_not(samplers):
    tests = sampler_fit.tests(samplers)
    measured, control = tests["marginal-laws"]
    assert measured.sizes["component"] == 24
    assert SameLaw(0.04).judge(measured, 0.99).verdict == "supported"
    assert SameLaw(0.04).judge(control, 0.99).verdict == "refuted"
    assert (control.p_value < 0.05).all()
    assert int((control.p_value < 1e-4).sum()) > 18
    measured, control = tests["joint-law"]
    assert np.all(np.abs(measured.estimate) < 4.5 * measured.standard_error)
    assert control.estimate.values == pytest.approx(1, abs=0.5)


def test_counts_hold_every_draw(samplers):
    assert (samplers.counts.sum("cell") == 40_000).all()


def test_scores_have_covariance_kron_k_k():
    """Against the definition: G = Q K^T / sqrt(d_k) with every weight drawn, in float64."""
    generator = torch_generator("test", "scores")
    X = torch.from_numpy(generic_tokens(8))
    weights = torch.randn(2, 60_000, 8, 8, generator=generator, dtype=torch.float64) / 8**0.5
    query, key = X @ weights
    brute = (query @ key.mT / 8**0.5).flatten(1).numpy()
    ours = score_law.scores("n=8", 8, 30_000, generator).flatten(0, 1).flatten(1).double().numpy()
    exact = score_covariance(generic_gram())
    scale = np.sqrt(np.outer(np.diag(exact), np.diag(exact)))
    for sample in (brute, ours):
        np.testing.assert_allclose(sample.T @ sample / len(sample) / scale, exact / scale, atol=0.04)


def test_covariances_match_and_iid_scores_do_not(moments):
    tests = covariance_fit.tests(moments)
    measured, control = tests["within-heads"]
    rule = MatchesExact(0.05, independent=False)
    assert measured.sizes["component"] == 136
    assert rule.judge(measured, 0.99).verdict == "supported"
    assert rule.judge(control, 0.99).verdict == "refuted"
    measured, control = tests["mean-square-deviation"]
    assert np.all(np.abs(measured.estimate - 1) < 4.5 * measured.standard_error)
    assert Equals(0.4).judge(control, 0.99).verdict == "refuted"
    assert list(control.component.values) == ["iid scores, within heads", "shared scores, across heads"]
    assert (control.estimate > 10).all()


def test_kurtosis_is_six_over_n(moments):
    """Theory notes 4: 0.385(6) and 0.097(5) for entries at n = 16 and 64."""
    tests = gaussian_fit.tests(moments)
    measured, control = tests["entry-kurtosis"]
    np.testing.assert_array_equal(measured.prediction, [6 / 16, 6 / 64])
    assert MatchesExact(0.3).judge(measured, 0.99).verdict == "supported"
    assert MatchesExact(0.3).judge(control, 0.99).verdict == "refuted"
    assert np.abs(control.estimate.values).max() < 0.05


def test_hermite_mean_of_normal_scores_is_zero():
    x = torch.randn(2_000_000, generator=torch_generator("test", "hermite"), dtype=torch.float64)
    values = score_law._hermite4(x)
    assert abs(values.mean()) < 4.5 * (24 / 2_000_000) ** 0.5
    assert float(values.var()) == pytest.approx(24, rel=0.05)


def test_rates_and_constants_of_the_notes(moments):
    tests = gaussian_fit.tests(moments)
    assert float(tests["ks-rate"][0].estimate[0]) == pytest.approx(-1.000, abs=1e-3)
    assert float(tests["w1-rate"][0].estimate[0]) == pytest.approx(-0.991, abs=1e-3)
    assert tests["constants"][0].estimate.values == pytest.approx([0.13765, 0.3773], abs=1e-4)
    assert abs(float(tests["ks-rate"][1].estimate[0])) < 0.2


def test_wrong_scaling_concentrates(scalings):
    """Theory notes 4: 1/n draws do not reject uniform attention at n = 256, 1/sqrt(n) draws are 0.047-0.056
    away."""
    tests = scaling_fit.tests(scalings)
    assert float(tests["variance-rate"][0].estimate[0]) == pytest.approx(-1, abs=0.01)
    assert abs(float(tests["variance-rate"][1].estimate[0])) < 0.01
    assert MatchesExact(0.05).judge(tests["variance"][0], 0.99).verdict == "supported"
    measured, control = tests["uniform-law"]
    assert list(measured.component.values) == ["n=256"]
    assert SameLaw(0.04).judge(measured, 0.99).verdict == "supported"
    assert SameLaw(0.04).judge(control, 0.99).verdict == "refuted"
    assert float(control.estimate[0]) == pytest.approx(0.052, abs=0.015)


def test_other_widths_change_no_number(moments):
    alone = score_law.run({"widths": [64], "draws": 100_000, "seed": 0}, {}, Work())
    xr.testing.assert_identical(alone.sel(law="n=64").drop_attrs(), moments.sel(law="n=64").drop_attrs())
