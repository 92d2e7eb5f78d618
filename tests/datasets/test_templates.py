"""Generated images of classes: what they are made of, and what may change without changing them."""

from typing import Any

import numpy as np
import pytest
import xarray as xr

from widthscope import datasets


def prepared(**settings: Any) -> xr.Dataset:
    return datasets.prepare("templates", {"samples": 60, "seed": 1, **settings})


def test_without_noise_each_image_is_its_template_moved() -> None:
    data = prepared(noise=0.0, shift=2, side=6, classes=3)
    templates = data["template"].values
    moved = [(down, right) for down in range(-2, 3) for right in range(-2, 3)]
    seen = set()
    for image, label in zip(data["image"].values, data["label"].values, strict=True):
        same = [by for by in moved if np.array_equal(image, np.roll(templates[label], by, axis=(0, 1)))]
        assert len(same) == 1
        seen.add(same[0])
    assert len(seen) > 15


def test_templates_are_smooth_and_standardised() -> None:
    templates = prepared(classes=200, side=16)["template"].values
    np.testing.assert_allclose(templates.mean((1, 2)), 0, atol=1e-12)
    np.testing.assert_allclose(templates.var((1, 2)), 1, rtol=1e-12)
    # neighbours of white noise after a Gaussian filter of one pixel correlate as exp(-1/4)
    neighbours = (templates * np.roll(templates, 1, axis=1)).mean()
    assert neighbours == pytest.approx(np.exp(-1 / 4), abs=0.02)


def test_noise_has_its_deviation_and_classes_take_turns() -> None:
    data, still = prepared(samples=400, shift=0, noise=0.5), prepared(samples=400, shift=0, noise=0.0)
    noise = (data["image"] - still["image"]).values
    assert noise.std() == pytest.approx(0.5, rel=0.02)
    np.testing.assert_array_equal(data["label"].values[:12], [*range(10), 0, 1])


def test_more_images_leave_the_first_ones() -> None:
    few, many = prepared(samples=7), prepared(samples=90)
    np.testing.assert_array_equal(few["image"].values, many["image"].values[:7])
    np.testing.assert_array_equal(few["template"].values, many["template"].values)


@pytest.mark.parametrize("other", [{"seed": 2}, {"classes": 9}, {"side": 9}])
def test_streams_are_keyed_by_seed_and_shape(other: dict[str, int]) -> None:
    assert not np.isin(prepared()["template"].values, prepared(**other)["template"].values).any()
