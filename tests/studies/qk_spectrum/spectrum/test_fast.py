"""Differences between small products and dense matrices, and what they are measured in."""

import numpy as np
import pytest

from widthscope.spectra import query_key
from widthscope.studies.qk_spectrum.spectrum import fast
from widthscope.studies.qk_spectrum.spectrum.heads import aligned, gaussian, heavy_tailed, one_direction
from widthscope.studies.qk_spectrum.spectrum.names import SMALL_PRODUCT
from widthscope.work import Work

SETTINGS = {"width": 24, "head_dim": 6, "heads": 3, "seed": 0}


@pytest.fixture(scope="module")
def table():
    return fast.run(SETTINGS, {}, Work())


def test_all_but_the_small_products_singular_values_are_within_rounding(table):
    right = table.difference.drop_sel(quantity=SMALL_PRODUCT)
    assert float(right.max()) < 1
    assert float(table.difference.sel(quantity=SMALL_PRODUCT).min()) > 1e6


def test_an_error_of_one_part_in_a_million_is_seen():
    generator = np.random.default_rng(0)
    query, key = gaussian((6, 24), generator)
    tokens = generator.standard_normal((48, 24))
    original = query_key.eigenvalues

    def shifted(*weights):
        return original(*weights) * (1 + 1e-6)

    query_key.eigenvalues = shifted
    try:
        assert fast.dense_differences(query, key, tokens)["eigenvalues"] > 1
    finally:
        query_key.eigenvalues = original


def test_another_number_of_heads_changes_no_head(table):
    more = fast.run({**SETTINGS, "heads": 5}, {}, Work())
    assert np.array_equal(more.difference[:, :3], table.difference)


def test_matching_ignores_order_and_finds_the_largest_gap():
    first = np.array([1 + 1j, 1 - 1j, 3.0])
    assert fast.matched_difference(first, first[[2, 0, 1]]) == 0
    assert fast.matched_difference(first, [3.5, 1 - 1j, 1 + 1j]) == pytest.approx(0.5)


def test_lower_precision_costs_what_its_digits_say(table):
    errors = table.precision.mean(("kind", "head"))
    assert 1e-8 < float(errors.sel(storage="float32 arithmetic")) < 1e-5
    assert 1e-4 < float(errors.sel(storage="bfloat16 weights")) < 3e-2


def test_heads_are_what_they_are_called():
    generator = np.random.default_rng(3)
    assert np.linalg.matrix_rank(_product(one_direction)) == 1
    query, key = aligned((200, 50), generator)
    assert np.corrcoef(query.ravel(), key.ravel())[0, 1] == pytest.approx(1 / np.sqrt(1.25), abs=0.02)
    heavy = heavy_tailed((200, 50), generator)[0]
    assert np.abs(heavy).max() > 20


def _product(make):
    query, key = make((4, 10), np.random.default_rng(4))
    return query.T @ key
