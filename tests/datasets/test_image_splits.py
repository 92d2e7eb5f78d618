import numpy as np
import pytest
import torch
import xarray as xr

from widthscope.datasets.image_splits import split, splits, with_colours
from widthscope.errors import DataError

COUNT = 50
IMAGES = torch.arange(COUNT * 6).reshape(COUNT, 2, 3)
"""Each is known by its pixels; their mean rises with the sample."""

LABELS = torch.arange(COUNT)


def parts_of(sizes, seed=0, noise=0.0, images=IMAGES, held_out=None):
    return split(images, LABELS, sizes, torch.Generator().manual_seed(seed), noise, held_out)


def test_parts_are_disjoint_and_pixels_stay_with_their_labels():
    parts = parts_of((20, 5, 10))
    assert [len(part.labels) for part in parts] == [20, 5, 10]
    labels = torch.cat([part.labels for part in parts])
    assert len(set(labels.tolist())) == 35
    first = IMAGES[parts[0].labels].double()
    for part in parts:
        expected = (IMAGES[part.labels].double() - first.mean()) / first.std(correction=0)
        assert torch.allclose(part.pixels.double(), expected, atol=1e-6)


def test_the_first_part_is_standardised_and_the_others_by_it():
    first, second = parts_of((30, 20))
    assert abs(float(first.pixels.mean())) < 1e-6
    assert float(first.pixels.std(correction=0)) == pytest.approx(1, abs=1e-6)
    assert abs(float(second.pixels.mean())) > 1e-3
    assert first.pixels.dtype == torch.float32
    assert first.labels.dtype == torch.int64


def test_what_is_not_in_the_first_part_has_no_influence_on_it():
    first, second = parts_of((30, 20))
    changed = IMAGES.clone()
    changed[second.labels] += 1000
    assert torch.equal(parts_of((30, 20), images=changed)[0].pixels, first.pixels)


def test_another_seed_draws_another_order_and_the_same_one_the_same():
    assert torch.equal(parts_of((30,))[0].labels, parts_of((30,))[0].labels)
    assert not torch.equal(parts_of((30,))[0].labels, parts_of((30,), seed=1)[0].labels)


def test_every_image_may_be_used():
    (part,) = parts_of((COUNT,))
    assert sorted(part.labels.tolist()) == list(range(COUNT))


def test_noise_is_added_to_standardised_pixels_and_leaves_the_order():
    images = torch.randn(2000, 64, generator=torch.Generator().manual_seed(1))
    labels = torch.arange(2000)
    clean, noisy = (split(images, labels, (2000,), torch.Generator().manual_seed(2), n)[0] for n in (0, 0.5))
    assert torch.equal(clean.labels, noisy.labels)
    added = noisy.pixels.double() - clean.pixels.double()
    # Deviation of the mean and of the deviation over 128 000 draws: 0.0014 and 0.001.
    assert abs(float(added.mean())) < 0.007
    assert float(added.std()) == pytest.approx(0.5, abs=0.005)


def test_more_images_than_there_are_are_refused():
    with pytest.raises(DataError, match=r"parts of \[40, 20\] images need 60, and there are 50"):
        parts_of((40, 20))


def test_constant_images_are_refused():
    with pytest.raises(DataError, match="the first 30 images are constant"):
        parts_of((30, 10), images=torch.full((COUNT, 2, 3), 4.0))


def test_images_held_out_are_the_last_part_and_in_no_other():
    held_out = LABELS % 5 == 0
    first, second, last = parts_of((30, 10, 10), held_out=held_out)
    assert sorted(last.labels.tolist()) == list(range(0, COUNT, 5))
    assert not any(label % 5 == 0 for label in [*first.labels.tolist(), *second.labels.tolist()])
    with pytest.raises(DataError, match=r"parts of \[11\] images need 11, and there are 10"):
        parts_of((30, 11), held_out=held_out)
    with pytest.raises(DataError, match=r"parts of \[30, 11\] images need 41, and there are 40"):
        parts_of((30, 11, 5), held_out=held_out)


def test_images_that_pass_in_several_goes_are_standardised_as_one(monkeypatch):
    whole = parts_of((30, 20))
    monkeypatch.setattr("widthscope.datasets.image_splits.ROWS", 7)
    for part, expected in zip(parts_of((30, 20)), whole, strict=True):
        assert torch.allclose(part.pixels, expected.pixels, atol=1e-6)


def test_the_mean_of_each_pixel_may_be_removed_and_another_type_returned(monkeypatch):
    images = torch.randn(COUNT, 2, 3, generator=torch.Generator().manual_seed(1)) + IMAGES[0]

    def parts():
        generator = torch.Generator().manual_seed(0)
        return split(images, LABELS, (30, 20), generator, per_pixel=True, dtype=torch.float64)

    first, second = parts()
    own = images[first.labels].double()
    left = own - own.mean(dim=0)
    for part in (first, second):
        expected = (images[part.labels].double() - own.mean(dim=0)) / left.square().mean().sqrt()
        assert part.pixels.dtype == torch.float64
        torch.testing.assert_close(part.pixels, expected, rtol=1e-12, atol=1e-12)
    monkeypatch.setattr("widthscope.datasets.image_splits.ROWS", 7)
    torch.testing.assert_close(parts()[1].pixels, second.pixels, rtol=1e-12, atol=1e-12)


def test_images_that_are_all_alike_cannot_be_standardised_by_pixel():
    with pytest.raises(DataError, match="the first 30 images are constant"):
        split(IMAGES[:1].expand(COUNT, 2, 3), LABELS, (30,), torch.Generator(), per_pixel=True)


@pytest.mark.parametrize("kept", [False, True])
def test_splits_are_each_generators_own(kept: bool) -> None:
    random = np.random.default_rng(5)
    variables = {
        "image": (("sample", "row", "col"), random.integers(0, 17, (40, 3, 3))),
        "label": ("sample", random.integers(0, 4, 40)),
    }
    if kept:
        variables["test"] = ("sample", np.arange(40) >= 30)
    dataset = xr.Dataset(variables)
    sizes = (12, 5, 8)
    found = splits(dataset, sizes, [torch.Generator().manual_seed(seed) for seed in (1, 2)], noise=0.5)
    held_out = torch.as_tensor(dataset["test"].values) if kept else None
    for place, seed in enumerate((1, 2)):
        alone = split(
            torch.as_tensor(dataset["image"].values),
            torch.as_tensor(dataset["label"].values),
            sizes,
            torch.Generator().manual_seed(seed),
            noise=0.5,
            held_out=held_out,
        )
        for part, own in zip(found, alone, strict=True):
            assert torch.equal(part.pixels[place], own.pixels)
            assert torch.equal(part.labels[place], own.labels)
    assert not torch.equal(found[0].pixels[0], found[0].pixels[1])


def test_grey_images_have_one_colour() -> None:
    assert with_colours(torch.zeros(2, 5, 8, 8)).shape == (2, 5, 1, 8, 8)
    assert with_colours(torch.zeros(2, 5, 3, 8, 8)).shape == (2, 5, 3, 8, 8)
