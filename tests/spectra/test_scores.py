import numpy as np
import pytest
from scipy import stats

from widthscope.spectra.query_key import Traces, traces
from widthscope.spectra.scores import (
    concentration,
    trace_score,
    trace_score_p_value,
    var_fro,
    var_sym,
    var_tr2,
)


def projector_head(head_dim: int, width: int, factor: float) -> tuple[np.ndarray, np.ndarray]:
    """W_Q and W_K whose W is factor times an orthogonal projector of rank head_dim."""
    basis, _ = np.linalg.qr(np.random.default_rng(3).standard_normal((width, head_dim)))
    return basis.T, factor * np.sqrt(head_dim) * basis.T


@pytest.mark.parametrize(("head_dim", "width"), [(4, 16), (8, 8), (1, 5)])
@pytest.mark.parametrize("factor", [2.5, -0.1])
def test_a_multiple_of_a_projector_is_fully_concentrated(head_dim: int, width: int, factor: float) -> None:
    found = traces(*projector_head(head_dim, width, factor))
    assert concentration(found, head_dim) == pytest.approx(1, abs=1e-13)
    assert trace_score(found, width) == pytest.approx(np.sign(factor) * np.sqrt(width * head_dim))
    # head_dim eigenvalues are `factor`, the rest zero, and W is symmetric: three times the same variance
    share = head_dim / width
    for variance in (var_tr2, var_fro, var_sym):
        assert variance(found, width) == pytest.approx(factor**2 * share * (1 - share), abs=1e-14)


def test_variances_against_the_dense_matrix() -> None:
    rng = np.random.default_rng(0)
    query, key = rng.standard_normal((2, 5, 12))
    W, d = query.T @ key / np.sqrt(5), 12
    found, lam = traces(query, key), np.linalg.eigvals(W)
    assert var_tr2(found, d) == pytest.approx(np.mean((lam - lam.mean()) ** 2).real)
    assert var_fro(found, d) == pytest.approx(np.sum((W - np.trace(W) / d * np.eye(d)) ** 2) / d)
    assert var_sym(found, d) == pytest.approx(np.var(np.linalg.eigvalsh((W + W.T) / 2)))
    assert var_fro(found, d) >= np.mean(np.abs(lam - lam.mean()) ** 2)


def test_an_antisymmetric_matrix_has_negative_var_tr2() -> None:
    a, b = np.eye(4)[:2]
    query, key = np.stack([a, b]), np.sqrt(2) * np.stack([b, -a])  # W = a b^T - b a^T
    found = traces(query, key)
    assert var_tr2(found, 4) == pytest.approx(-0.5)
    assert var_fro(found, 4) == pytest.approx(0.5)
    assert var_sym(found, 4) == pytest.approx(0)
    assert trace_score(found, 4) == concentration(found, 2) == 0


def test_score_and_concentration_say_the_same() -> None:
    rng = np.random.default_rng(1)
    found = traces(*rng.standard_normal((2, 30, 6, 24)))
    np.testing.assert_allclose(concentration(found, 6), trace_score(found, 24) ** 2 / (24 * 6))
    assert np.all((concentration(found, 6) >= 0) & (concentration(found, 6) <= 1))


def test_the_zero_matrix_has_no_score() -> None:
    found = traces(np.zeros((3, 2, 4)), np.zeros((3, 2, 4)))
    assert np.isnan(trace_score(found, 4)).all()
    assert np.isnan(concentration(found, 2)).all()
    np.testing.assert_array_equal(var_fro(found, 4), 0)


def test_scores_do_not_change_with_the_scale_of_the_weights() -> None:
    query, key = np.random.default_rng(2).standard_normal((2, 4, 9))
    small, large = traces(query, key), traces(1e3 * query, key)
    assert trace_score(large, 9) == pytest.approx(trace_score(small, 9))
    assert concentration(large, 4) == pytest.approx(concentration(small, 4))


def test_p_values_are_two_sided_normal() -> None:
    z = np.array([0, 1.959963985, -1.959963985, 8.0])
    np.testing.assert_allclose(trace_score_p_value(z), 2 * stats.norm.sf(np.abs(z)), rtol=1e-12)
    assert trace_score_p_value(1.959963985) == pytest.approx(0.05)
    assert np.isnan(trace_score_p_value(np.nan))


def test_gaussian_heads_have_the_moments_of_the_theory() -> None:
    """E tr W = 0, Var tr W = d s^2, E tr W^2 = d s^2, E||W||_F^2 = d^2 s^2, s = sigma_q sigma_k."""
    head_dim, width, heads, s = 6, 24, 20_000, 0.5 * 2.0
    rng = np.random.default_rng(4)
    shape = (heads, head_dim, width)
    found: Traces = traces(0.5 * rng.standard_normal(shape), 2.0 * rng.standard_normal(shape))
    expected = {
        "trace": (found.trace, 0),
        "squared trace": (found.trace**2, width * s**2),
        "trace of square": (found.trace_of_square, width * s**2),
        "frobenius": (found.frobenius_square, width**2 * s**2),
        "score": (trace_score(found, width), 0),
        "squared score": (trace_score(found, width) ** 2, 1),
    }
    for name, (sample, mean) in expected.items():
        error = sample.std(ddof=1) / np.sqrt(heads)
        assert abs(sample.mean() - mean) < 4.5 * error, name
