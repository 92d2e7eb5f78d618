"""The table of image sizes, held against what the data sets' own modules load and say."""

import subprocess
import sys

import pytest

from widthscope import datasets
from widthscope.datasets import catalogue, cifar10, cifar100, cifar_archive
from widthscope.datasets.cifar_archive import Layout
from widthscope.datasets.image_sizes import IMAGE_SIZES, check_batch, check_parts, stored_images
from widthscope.datasets.settings import Templates


def test_the_digits_are_as_scikit_learn_brings_them() -> None:
    data, sizes = datasets.prepare("digits", {}), IMAGE_SIZES["digits"]
    assert data["image"].shape == (sizes.images, sizes.side, sizes.side)
    assert (sizes.kept, sizes.colours) == (0, 1)
    assert sorted(set(data["label"].values.tolist())) == list(range(sizes.classes))
    assert sizes.pixels == data["image"].values[0].size


def test_templates_are_as_they_are_generated_unless_set() -> None:
    sizes = IMAGE_SIZES["templates"]
    assert (sizes.side, sizes.classes) == (Templates().side, Templates().classes)
    assert datasets.prepare("templates", {"samples": 20, "seed": 0})["image"].shape == (20, 8, 8)
    check_parts("templates", 10**6, 10**6)
    with pytest.raises(ValueError, match="templates are generated"):
        stored_images("templates")


@pytest.mark.parametrize("layout", [cifar10.LAYOUT, cifar100.LAYOUT], ids=lambda layout: layout.dataset)
def test_cifar_is_as_in_the_layout_of_its_archive_and_the_catalogue(layout: Layout) -> None:
    sizes = IMAGE_SIZES[layout.dataset]
    colours, rows, columns = cifar_archive.PIXELS
    assert (sizes.colours, sizes.side, sizes.side) == (colours, rows, columns)
    assert sizes.pixels == cifar_archive.PIXEL_BYTES
    assert sizes.classes == {name: count for name, _, count in layout.labels}["label"]
    assert len(layout.train) * layout.most == sizes.trainable
    assert f"true for the last {sizes.kept:_}".replace("_", " ") in catalogue.card(layout.dataset).holds
    assert len(layout.test) == 1
    assert sizes.kept <= layout.most
    assert stored_images(layout.dataset) == sizes.images


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        (
            ("digits", 1000, 798),
            "1000 images to train on and 798 to test on are 1798; the digits have 1797",
        ),
        (
            ("cifar10", 50_001, 10_000),
            "cifar10 has 50000 images to train on and 10000 to test on, not 50001 and 10000",
        ),
        (
            ("cifar100", 10, 10_001),
            "cifar100 has 50000 images to train on and 10000 to test on, not 10 and 10001",
        ),
    ],
)
def test_parts_that_do_not_fit_are_refused_and_the_largest_that_do_are_not(
    parts: tuple[str, int, int], sentence: str
) -> None:
    with pytest.raises(ValueError) as refused:
        check_parts(*parts)
    assert str(refused.value) == sentence


def test_the_largest_parts_fit() -> None:
    check_parts("digits", 1000, 797)
    check_parts("cifar10", 50_000, 10_000)
    check_parts("cifar100", 50_000, 10_000)
    check_batch(32, 32)
    with pytest.raises(ValueError, match="a batch of 33 needs as many images, not 32"):
        check_batch(33, 32)


def test_the_table_needs_no_numerical_library() -> None:
    code = (
        "import sys, widthscope.datasets.image_sizes\n"
        "assert not {'torch', 'numpy', 'xarray', 'sklearn'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
