"""Heads at initialisation from small matrices against heads drawn whole."""

import numpy as np
import pytest
from scipy import stats

from widthscope.checkpoints import initial_heads
from widthscope.spectra import query_key
from widthscope.spectra.departure import departure


def drawn_whole(draws: int, head_dim: int, width: int) -> query_key.HeadGrams:
    random = np.random.default_rng(5)
    query, key = random.standard_normal((2, draws, head_dim, width))
    return query_key.head_grams(query, key)


@pytest.mark.parametrize(("head_dim", "width"), [(4, 4), (6, 9), (8, 32)])
def test_the_small_matrices_have_the_law_of_whole_heads(head_dim: int, width: int) -> None:
    small = initial_heads.initial_grams(np.random.default_rng(4), 3000, head_dim, width)
    whole = drawn_whole(3000, head_dim, width)
    for grams in (small, whole):
        traces = grams.traces()
        assert np.mean(traces.frobenius_square) == pytest.approx(width**2, rel=0.05)
        assert np.mean(traces.trace**2) == pytest.approx(width, rel=0.15)
    ours, theirs = (
        departure(grams.eigenvalues(), grams.traces().frobenius, width) for grams in (small, whole)
    )
    for name in ("ks", "positive_mass"):
        assert stats.ks_2samp(getattr(ours, name), getattr(theirs, name)).pvalue > 1e-3
    reaches = [
        initial_heads.reach(grams.eigenvalues(), grams.traces().frobenius, width) for grams in (small, whole)
    ]
    assert stats.ks_2samp(*reaches).pvalue > 1e-3
    assert stats.ks_2samp(small.traces().frobenius, whole.traces().frobenius).pvalue > 1e-3


def test_p_values_of_fresh_heads_are_uniform_and_safe_in_the_tail() -> None:
    head_dim, width = 8, 24
    chance = initial_heads.by_chance(head_dim, width)
    grams = drawn_whole(20_000, head_dim, width)
    eigenvalues, norm = grams.eigenvalues(), grams.traces().frobenius
    for found, null in (
        (departure(eigenvalues, norm, width).ks, chance.ks),
        (initial_heads.reach(eigenvalues, norm, width), chance.reach),
    ):
        p = initial_heads.p_values(found, null)
        assert ((p > 0) & (p <= 1)).all()
        # The null itself is 499 draws: at 0.05 its own error is 0.01, at 1e-3 it rests on the fitted tail.
        assert np.mean(p <= 0.5) == pytest.approx(0.5, abs=0.09)
        assert np.mean(p <= 0.05) == pytest.approx(0.05, abs=0.04)
        assert np.mean(p <= 1e-3) <= 3e-3
        assert np.mean(p <= 1e-5) <= 2e-4


def test_p_values_fall_with_the_number_and_have_no_floor() -> None:
    null = initial_heads.by_chance(8, 24).ks
    at = np.linspace(0, 1, 401)
    p = initial_heads.p_values(at, null)
    assert p[0] == 1
    assert (np.diff(p) <= 1e-12).all()
    assert p[-1] < 0.1 / (1 + initial_heads.DRAWS)  # below what counting alone can reach
    assert np.isnan(initial_heads.p_values(np.array([np.nan]), null)).all()


def test_the_simulation_is_the_same_every_time() -> None:
    initial_heads.by_chance.cache_clear()
    first = initial_heads.by_chance(4, 16)
    initial_heads.by_chance(8, 24)
    initial_heads.by_chance.cache_clear()
    assert (initial_heads.by_chance(4, 16).ks == first.ks).all()


def test_heads_wider_than_the_model_are_refused() -> None:
    with pytest.raises(ValueError, match="head_dim 8 exceeds width 4"):
        initial_heads.initial_grams(np.random.default_rng(0), 1, 8, 4)
