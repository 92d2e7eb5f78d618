"""Which images a member sees, of digits and of a small store laid out as CIFAR-10's."""

import pytest
import torch
from tests.studies.jacobian_dynamics.digits.small_images import coloured

from widthscope.datasets import digits
from widthscope.errors import DataError
from widthscope.studies.jacobian_dynamics.digits.images import images_of, parts_of, seen


@pytest.fixture(scope="module")
def eight(tmp_path_factory):
    return images_of(digits.prepare({}, tmp_path_factory.mktemp("none")), "digits", 2)


def generators(count=3):
    return [torch.Generator().manual_seed(seed) for seed in range(count)]


def test_each_member_has_parts_of_its_own_that_share_no_image(eight):
    parts = parts_of(eight, generators(), 200, 400)
    assert parts.train.shape == (3, 1197)
    assert parts.validation.shape == (3, 200)
    assert parts.test.shape == (3, 400)
    for member in range(3):
        together = torch.cat([part[member] for part in (parts.train, parts.validation, parts.test)])
        assert len(together.unique()) == 1797
    assert not torch.equal(parts.test[0].sort().values, parts.test[1].sort().values)


def test_images_that_a_dataset_keeps_for_tests_are_not_trained_on():
    images = images_of(coloured(), "cifar10", 4)
    assert images.patches.shape == (30, 64, 48)
    parts = parts_of(images, generators(), 5, 6)
    assert int(parts.test.min()) >= 22
    assert int(torch.cat([parts.train, parts.validation], dim=1).max()) < 22
    assert parts.train.shape == (3, 17)


@pytest.mark.parametrize(("validation", "test"), [(1700, 97), (22, 1), (5, 9)])
def test_too_few_images_are_named(eight, validation, test):
    images = eight if validation > 1000 else images_of(coloured(), "cifar10", 4)
    with pytest.raises(DataError, match="do not suffice for"):
        parts_of(images, generators(1), validation, test)


def test_pixels_go_from_minus_one_to_one(eight):
    found = seen(eight.patches[None, :100], eight.brightest, torch.float64)["patches"]
    assert found.min() == -1
    assert found.max() == 1
    assert torch.equal(found, (eight.patches[None, :100].double() - 8) / 8)
    assert eight.patches.shape == (1797, 16, 4)
