"""Conditional expectations against integrals over the missing pixels."""

import pytest
import torch
from tests.boltzmann.machines import drawn_machine

from widthscope.boltzmann import completion, mixture

LINE = torch.arange(-14, 14, 0.2, dtype=torch.float64)


def by_integral(machine, image, missing):
    """E[v | v_o] on a grid of the missing pixels."""
    places = missing.nonzero().flatten()
    points = torch.cartesian_prod(*[LINE] * len(places)).reshape(-1, len(places))
    every = image.repeat(len(points), 1)
    every[:, places] = points
    weight = torch.softmax(mixture.log_density(machine, every), dim=0)
    return weight @ every


@pytest.mark.parametrize("missing", [[0, 0, 1, 0], [1, 0, 0, 1]])
def test_the_completion_is_the_conditional_mean(missing):
    machine = drawn_machine(5, 4)
    image = torch.randn(1, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    mask = torch.tensor([missing])
    expected = by_integral(machine, image[0], mask[0])
    assert completion.conditional_mean(machine, image, mask)[0] == pytest.approx(expected, abs=1e-10)
    assert (completion.single_update(machine, image, mask)[0] - expected).abs().max() > 0.01


def test_what_stands_at_missing_pixels_does_not_matter():
    machine = drawn_machine(2, 5, 4)
    images = torch.randn(3, 4, dtype=torch.float64)
    mask = completion.random_mask((3, 4), 0.5, torch.Generator().manual_seed(0))
    other = images + 100 * mask
    found = completion.conditional_mean(machine, images, mask)
    assert found.shape == (2, 3, 4)
    assert torch.allclose(found, completion.conditional_mean(machine, other, mask))
    assert torch.equal(found.where(mask == 0, 0.0), images.where(mask == 0, 0.0).expand(2, 3, 4))


def test_nothing_missing_is_left_and_all_missing_is_the_mean():
    machine = drawn_machine(5, 4)
    images = torch.randn(3, 4, dtype=torch.float64)
    assert torch.equal(completion.conditional_mean(machine, images, torch.zeros(3, 4)), images)
    found = completion.conditional_mean(machine, images, torch.ones(3, 4))
    assert found == pytest.approx(mixture.mean(machine).expand(3, 4), abs=1e-13)
