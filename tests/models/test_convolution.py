"""Layers of many members are those of Torch's modules for each member alone."""

import math

import pytest
import torch
from torch import Tensor, nn

from widthscope.ensembles.independence import dependent_on_company
from widthscope.ensembles.members import Members
from widthscope.ensembles.parameters import Parameters
from widthscope.models import convolution
from widthscope.models.convolution import ConvolutionError, Moments

MEMBERS, COUNT, CHANNELS, OUTPUTS, SIDE = 3, 5, 4, 6, 8


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize(
    ("kernel", "stride", "padding"), [(3, 1, None), (3, 2, None), (1, 2, None), (2, 1, 0)]
)
def test_a_convolution_is_each_members_own(kernel: int, stride: int, padding: int | None) -> None:
    x, weight = (
        normal(MEMBERS, COUNT, CHANNELS, SIDE, SIDE),
        normal(MEMBERS, OUTPUTS, CHANNELS, kernel, kernel),
    )
    found = convolution.convolve(x, weight, stride, padding)
    for member in range(MEMBERS):
        alone = nn.Conv2d(
            CHANNELS, OUTPUTS, kernel, stride, (kernel - 1) // 2, bias=False, dtype=torch.float64
        )
        with torch.no_grad():
            alone.weight.copy_(weight[member])
        assert torch.allclose(found[member], alone(x[member]), rtol=0, atol=1e-12)


def test_a_convolution_is_the_sum_it_stands_for() -> None:
    x, weight = normal(1, 1, 2, 4, 4), normal(1, 1, 2, 3, 3, seed=1)
    padded = nn.functional.pad(x[0, 0], (1, 1, 1, 1))
    wanted = [
        [float((padded[:, i : i + 3, j : j + 3] * weight[0, 0]).sum()) for j in range(4)] for i in range(4)
    ]
    assert torch.allclose(convolution.convolve(x, weight)[0, 0, 0], torch.tensor(wanted, dtype=torch.float64))


@pytest.mark.parametrize("shape", [(2, 6, 4, 3, 3), (3, 6, 5, 3, 3), (6, 4, 3, 3)])
def test_weights_that_do_not_fit_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ConvolutionError, match=r"equal members and channels$"):
        convolution.convolve(normal(MEMBERS, COUNT, CHANNELS, SIDE, SIDE), normal(*shape))


@pytest.mark.parametrize("side", [1, SIDE])
def test_batch_normalisation_is_that_of_each_member(side: int) -> None:
    x = normal(MEMBERS, COUNT, CHANNELS, side, side)
    scale, shift = normal(MEMBERS, CHANNELS, seed=1), normal(MEMBERS, CHANNELS, seed=2)
    found = convolution.batch_norm(x, scale, shift)
    for member in range(MEMBERS):
        alone = nn.BatchNorm2d(CHANNELS, dtype=torch.float64)
        with torch.no_grad():
            alone.weight.copy_(scale[member])
            alone.bias.copy_(shift[member])
        assert torch.allclose(found[member], alone(x[member]), rtol=0, atol=1e-12)


def test_given_moments_take_the_place_of_the_batchs_own() -> None:
    x, other = normal(MEMBERS, COUNT, CHANNELS, SIDE, SIDE), normal(MEMBERS, 9, CHANNELS, SIDE, SIDE, seed=3)
    scale, shift = normal(MEMBERS, CHANNELS, seed=1), normal(MEMBERS, CHANNELS, seed=2)
    own = convolution.moments(x)
    assert torch.allclose(
        convolution.batch_norm(x, scale, shift, own),
        convolution.batch_norm(x, scale, shift),
        rtol=0,
        atol=1e-12,
    )
    given = convolution.moments(other)
    centred = (x - given.mean[:, None, :, None, None]) / (given.variance + convolution.EPS).sqrt()[
        :, None, :, None, None
    ]
    wanted = scale[:, None, :, None, None] * centred + shift[:, None, :, None, None]
    assert torch.allclose(convolution.batch_norm(x, scale, shift, given), wanted, rtol=0, atol=1e-12)


def test_moments_are_over_images_and_places() -> None:
    x = normal(MEMBERS, COUNT, CHANNELS, SIDE, SIDE)
    found = convolution.moments(x)
    assert isinstance(found, Moments)
    values = x[1].transpose(0, 1).reshape(CHANNELS, -1)
    assert torch.allclose(found.mean[1], values.mean(dim=1))
    assert torch.allclose(found.variance[1], values.var(dim=1, correction=0))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_pools_reduce_blocks(dtype: torch.dtype) -> None:
    x = torch.arange(16, dtype=dtype).reshape(1, 1, 1, 4, 4)
    assert convolution.average_pool(x)[0, 0, 0].tolist() == [[2.5, 4.5], [10.5, 12.5]]
    assert convolution.max_pool(x)[0, 0, 0].tolist() == [[5.0, 7.0], [13.0, 15.0]]
    assert convolution.global_average(x)[0, 0].tolist() == [7.5]


@pytest.mark.parametrize(("side", "size"), [(8, 2), (7, 2), (9, 3)])
def test_means_of_blocks_are_torchs(side: int, size: int) -> None:
    x = normal(MEMBERS, COUNT, CHANNELS, side, side).float()
    wanted = nn.functional.avg_pool2d(x.flatten(0, 1), size).unflatten(0, (MEMBERS, COUNT))
    assert torch.allclose(convolution.average_pool(x, size), wanted, rtol=0, atol=1e-6)


def test_initial_weights_have_the_deviation_of_their_fan_in() -> None:
    weight = convolution.initial(torch.Generator().manual_seed(0), 64, 32, 3)
    assert weight.shape == (64, 32, 3, 3)
    deviation = math.sqrt(2 / (32 * 9))
    assert abs(float(weight.std()) / deviation - 1) < 4 / math.sqrt(2 * weight.numel())


@pytest.mark.parametrize("side", [1, 2, 5])
@pytest.mark.parametrize("channels", [1, 3, 16])
def test_normalising_does_not_depend_on_company(channels: int, side: int) -> None:
    members = Members.grid(seed=range(9))
    x, scale = normal(9, COUNT, channels, side, side).float(), normal(9, channels, seed=2).float()

    def run(some: Members) -> Parameters:
        places = list(some.values("seed"))
        own, factor = x[places].requires_grad_(), scale[places].requires_grad_()
        found = convolution.batch_norm(own, factor, factor)
        gradients = torch.autograd.grad(found.square().mul(found).sum(), [own, factor])
        return {"found": found.detach(), "x": gradients[0], "scale": gradients[1]}

    assert dependent_on_company(run, members, groups=(3, 9)) == []


def test_members_do_not_depend_on_their_company() -> None:
    members = Members.grid(seed=range(6))  # no group has a lone member, which training gives company
    x = normal(6, COUNT, CHANNELS, SIDE, SIDE).float()
    weight, scale = normal(6, OUTPUTS, CHANNELS, 3, 3, seed=1).float(), normal(6, OUTPUTS, seed=2).float()

    def run(some: Members) -> Parameters:
        places = list(some.values("seed"))
        own = weight[places].requires_grad_()
        hidden = convolution.convolve(x[places], own)
        hidden = torch.relu(convolution.batch_norm(hidden, scale[places], scale[places]))
        values = convolution.global_average(convolution.max_pool(convolution.average_pool(hidden)))
        losses = values.square().sum(dim=(1, 2))
        return {"losses": losses.detach(), "gradients": torch.autograd.grad(losses.sum(), own)[0]}

    assert dependent_on_company(run, members, groups=(2, 3)) == []
