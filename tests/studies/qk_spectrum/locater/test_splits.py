"""Training, validation and test parts."""

import numpy as np
import pytest
import xarray as xr

from widthscope.errors import DataError
from widthscope.studies.qk_spectrum.locater.splits import splits


def text(length, symbols=7):
    characters = (np.arange(length) % symbols).astype(np.uint8)
    return xr.Dataset({"character": ("position", characters), "vocabulary": ("symbol", np.arange(symbols))})


def test_a_text_falls_into_three_parts_and_the_last_fifth_is_for_validation():
    dataset = text(1003)
    parts = splits(dataset, "text", 10)
    np.testing.assert_array_equal(
        np.concatenate([parts.train, parts.test, parts.validation]), dataset["character"].values
    )
    assert [len(part) for part in (parts.train, parts.test, parts.validation)] == [702, 100, 201]
    assert parts.symbols == 7


def test_wikitext_comes_in_its_own_parts():
    words = {
        part: ((f"{part}_position"), np.full(20, k)) for k, part in enumerate(("train", "valid", "test"))
    }
    parts = splits(xr.Dataset(words, attrs={"words": 3}), "wikitext2", 4)
    assert (parts.train[0], parts.validation[0], parts.test[0], parts.symbols) == (0, 1, 2, 3)


def test_a_part_that_is_too_short_is_named():
    with pytest.raises(DataError, match="the test part of text has 10 symbols, a context of 10 needs 11"):
        splits(text(100), "text", 10)
