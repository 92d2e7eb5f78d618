"""Splits with random labels."""

import numpy as np
import pytest
import torch
import xarray as xr

from widthscope.errors import DataError
from widthscope.studies.gradient_regularization.images import images_of

RNG = np.random.default_rng(0)
POOL = xr.Dataset(
    {
        "image": (("sample", "row", "col"), RNG.normal(2.0, 3.0, (400, 2, 3))),
        "label": ("sample", RNG.integers(0, 10, 400)),
    }
)
SEEDS = [0, 1, 2]


def test_each_pixel_has_mean_zero_and_all_of_them_deviation_one_on_what_is_learnt():
    found = images_of(POOL, 100, SEEDS, ("test",), dtype=torch.float64)
    assert found.train.pixels.shape == (3, 100, 2, 3)
    assert found.test.pixels.shape == (3, 300, 2, 3)
    np.testing.assert_allclose(found.train.pixels.mean(dim=1), 0, atol=1e-12)
    np.testing.assert_allclose(found.train.pixels.square().mean(dim=(1, 2, 3)), 1, rtol=1e-12)
    assert float(found.test.pixels.square().mean()) == pytest.approx(1, rel=0.1)
    assert float((found.test.pixels.square().mean() - 1).abs()) > 1e-6


def test_parts_are_disjoint_and_images_keep_their_labels():
    numbered = xr.Dataset(
        {
            "image": (("sample", "pixel"), np.stack([np.arange(50.0), np.zeros(50)], 1)),
            "label": ("sample", np.arange(50)),
        }
    )
    found = images_of(numbered, 20, [4], ("test",), test=25, dtype=torch.float64)
    shown = torch.cat([found.train.pixels[0, :, 0], found.test.pixels[0, :, 0]])
    labels = torch.cat([found.train.labels[0], found.test.labels[0]])
    assert len(set(labels.tolist())) == 45
    order = shown.argsort()
    assert torch.equal(labels[order], labels.sort().values)


def test_a_share_of_the_training_labels_is_drawn_uniformly_and_no_test_label():
    clean = images_of(POOL, 200, SEEDS, ("test",))
    noisy = images_of(POOL, 200, SEEDS, ("test",), label_noise=0.3)
    assert torch.equal(clean.train.pixels, noisy.train.pixels)
    assert torch.equal(clean.test.labels, noisy.test.labels)
    assert noisy.replaced.sum(dim=1).tolist() == [60, 60, 60]
    assert not clean.replaced.any()
    changed = clean.train.labels != noisy.train.labels
    assert not (changed & ~noisy.replaced).any()
    # A label drawn uniformly from ten classes is the old one once in ten: 18 of 180, deviation 4.
    kept = int((noisy.replaced & ~changed).sum())
    assert abs(kept - 18) < 5 * 4
    assert not torch.equal(noisy.replaced[0], noisy.replaced[1])


def test_a_seeds_images_do_not_depend_on_the_other_seeds():
    together, alone = (
        images_of(POOL, 50, SEEDS, ("test",), label_noise=0.5),
        images_of(POOL, 50, [2], ("test",), label_noise=0.5),
    )
    assert torch.equal(together.train.pixels[2], alone.train.pixels[0])
    assert torch.equal(together.train.labels[2], alone.train.labels[0])


def test_images_kept_for_tests_are_tested_on_alone():
    kept = POOL.assign(test=("sample", np.arange(400) >= 300), label=("sample", np.arange(400)))
    found = images_of(kept, 300, [0], ("test",), test=60)
    assert int(found.train.labels.max()) < 300 <= int(found.test.labels.min())


@pytest.mark.parametrize(
    ("train", "test", "message"),
    [
        (390, 20, r"parts of \[390, 20\] images need 410, and there are 400"),
        (401, 0, r"401 images to train on leave none of 400 to test on"),
    ],
)
def test_more_images_than_there_are_are_refused(train, test, message):
    with pytest.raises(DataError, match=message):
        images_of(POOL, train, [0], ("test",), test)


def test_images_that_are_all_alike_are_refused():
    same = POOL.assign(image=POOL["image"] * 0)
    with pytest.raises(DataError, match="the first 10 images are constant"):
        images_of(same, 10, [0], ("test",))
