"""Datasets that need no network, and what every dataset says about itself."""

import hashlib

import numpy as np
import pytest
from sklearn.datasets import load_digits

from widthscope import datasets
from widthscope.errors import DataError


def test_digits_are_those_of_scikit_learn() -> None:
    digits = datasets.prepare("digits")
    bunch = load_digits()
    assert dict(digits.sizes) == {"sample": 1797, "row": 8, "col": 8}
    np.testing.assert_array_equal(digits["image"].values, bunch.images)
    np.testing.assert_array_equal(digits["label"].values, bunch.target)


def test_attributes_name_licence_source_and_checksum() -> None:
    digits = datasets.prepare("digits")
    raw = digits["image"].values.tobytes() + digits["label"].values.tobytes()
    assert digits.attrs["sha256"] == hashlib.sha256(raw).hexdigest()
    assert digits.attrs["licence"].startswith("CC BY 4.0")
    assert digits.attrs["source"].startswith("https://archive.ics.uci.edu/")
    assert digits.attrs["dataset"] == "digits"


def test_digits_that_changed_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    bunch = load_digits()
    bunch.images[0, 0, 0] += 1
    monkeypatch.setattr("widthscope.datasets.digits.load_digits", lambda: bunch)
    with pytest.raises(DataError, match="the digits that scikit-learn brings have sha256"):
        datasets.prepare("digits")


def test_gaussian_inputs_are_standard_normal() -> None:
    inputs = datasets.prepare("gaussian", {"samples": 4000, "features": 25, "seed": 0})["input"].values
    assert inputs.shape == (4000, 25)
    assert abs(inputs.mean()) < 4 / np.sqrt(inputs.size)
    assert abs(inputs.var() - 1) < 4 * np.sqrt(2 / inputs.size)
    covariance = np.cov(inputs.T) - np.eye(25)
    assert np.abs(covariance).max() < 5.5 * np.sqrt(2 / 4000)


def test_more_gaussian_inputs_leave_the_first_ones() -> None:
    few = datasets.prepare("gaussian", {"samples": 3, "features": 5, "seed": 1})["input"].values
    many = datasets.prepare("gaussian", {"samples": 100, "features": 5, "seed": 1})["input"].values
    np.testing.assert_array_equal(few, many[:3])


@pytest.mark.parametrize("other", [{"seed": 2}, {"features": 6}])
def test_gaussian_streams_are_keyed_by_seed_and_dimension(other: dict[str, int]) -> None:
    settings = {"samples": 4, "features": 5, "seed": 1}
    one = datasets.prepare("gaussian", settings)["input"].values
    two = datasets.prepare("gaussian", settings | other)["input"].values
    assert not np.isin(one, two).any()


def test_an_unknown_dataset_is_refused() -> None:
    with pytest.raises(DataError, match="there is no dataset 'mnist'"):
        datasets.prepare("mnist")
