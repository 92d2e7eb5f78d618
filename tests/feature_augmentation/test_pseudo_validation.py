"""Rotation against scipy's, and batches that are a function of the step."""

import math

import numpy as np
import pytest
import torch
from scipy.ndimage import map_coordinates

from widthscope.feature_augmentation.operations.base import FeatureError
from widthscope.feature_augmentation.pseudo_validation import PseudoValidation, rotated


def images(*shape):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def by_scipy(image, angle):
    """Bilinear values at the place that each pixel came from; the nearest pixel outside."""
    height, width = image.shape
    rows, cols = np.mgrid[:height, :width].astype(float)
    y, x = rows - (height - 1) / 2, cols - (width - 1) / 2
    cos, sin = math.cos(angle), math.sin(angle)
    places = [y * cos + x * sin + (height - 1) / 2, x * cos - y * sin + (width - 1) / 2]
    return map_coordinates(image, places, order=1, mode="nearest")


@pytest.mark.parametrize("angle", [-0.17, 0.05, 0.4, 2.0])
def test_rotation_agrees_with_scipy(angle):
    x = images(2, 3, 2, 8, 6)
    found = rotated(x, torch.full((2, 3), angle, dtype=torch.float64))
    for index in np.ndindex(2, 3, 2):
        np.testing.assert_allclose(found[index].numpy(), by_scipy(x[index].numpy(), angle), atol=1e-12)


def test_no_angle_changes_nothing_and_right_angles_are_exact():
    x = images(1, 2, 1, 5, 5)
    assert torch.equal(rotated(x, torch.zeros(1, 2, dtype=torch.float64)), x)
    quarter = rotated(x, torch.full((1, 2), math.pi / 2, dtype=torch.float64))
    torch.testing.assert_close(quarter, torch.rot90(x, 1, dims=(-2, -1)), rtol=0, atol=1e-12)


def batches(shuffled=(False, False, True), size=4):
    pixels, labels = images(2, 7, 1, 8, 8), torch.arange(14).reshape(2, 7)
    keys = [("test", "validation", seed) for seed in range(2)]
    return PseudoValidation(
        pixels, labels, keys, torch.tensor([0, 1, 1]), torch.tensor(shuffled), size, epoch=3
    )


def test_a_batch_stays_for_an_epoch_and_depends_on_the_step_alone():
    one, other = batches(), batches()
    for step in (0, 1, 2, 5, 3, 0):
        found, again = one(step), batches()(step)
        assert all(torch.equal(found[name], again[name]) for name in found)
    assert torch.equal(other(0)["validation_x"], other(2)["validation_x"])
    assert not torch.equal(other(2)["validation_x"], other(3)["validation_x"])


def test_labels_belong_to_their_images_unless_they_are_shuffled():
    found = batches(size=7)(0)
    labels = found["validation_labels"]
    assert labels[0].sort().values.tolist() == list(range(7))
    assert labels[1].sort().values.tolist() == list(range(7, 14))
    assert not torch.equal(labels[1], labels[2])
    assert torch.equal(labels[1].sort().values, labels[2].sort().values)
    assert torch.equal(found["validation_x"][1], found["validation_x"][2])


def test_an_angle_of_zero_shows_the_training_images():
    one = batches()
    one.degrees = 0.0
    found = one(0)
    flat = one.images[0].flatten(1)
    for pixels, label in zip(found["validation_x"][0], found["validation_labels"][0], strict=True):
        torch.testing.assert_close(pixels.flatten(), flat[int(label)])


def test_large_images_of_half_precision_turn_as_those_of_float32_and_integers_are_refused():
    generator = torch.Generator().manual_seed(3)
    images = torch.randint(8, (2, 1, 90, 80), generator=generator).float()
    angle = torch.tensor([0.1, -0.15])
    exact = rotated(images, angle)
    for dtype, tolerance in ((torch.float16, 2.0**-8), (torch.bfloat16, 2.0**-5)):  # half a unit of 4 to 8
        found = rotated(images.to(dtype), angle)
        assert found.dtype == dtype
        assert (found.float() - exact).abs().max() <= tolerance
    with pytest.raises(FeatureError, match=r"must be floats, not torch.uint8"):
        rotated(images.to(torch.uint8), angle)
