"""Residual networks: every member by itself, against a network of Torch's modules, and their sizes."""

import pytest
import torch
from torch import Tensor, nn

from widthscope.ensembles.parameters import member_of, stacked
from widthscope.models.normalisation import Population
from widthscope.models.residual import Residual, ResidualError, ResNet, WideResNet

SMALL_NET, SMALL_WIDE = ResNet(blocks=(1, 2), width=4), WideResNet(depth=10, widening=1)


def parameters_of(network: Residual, members: int = 3) -> dict[str, Tensor]:
    drawn = [network.initial(torch.Generator().manual_seed(seed)) for seed in range(members)]
    found = stacked(drawn, dtype=torch.float64)
    generator = torch.Generator().manual_seed(9)
    return {
        name: value + 0.1 * torch.randn(value.shape, generator=generator, dtype=torch.float64)
        for name, value in found.items()
    }


def images(members: int = 3, count: int = 4) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(members, count, 3, 8, 8, generator=generator, dtype=torch.float64)


def alone(own: dict[str, Tensor], name: str, x: Tensor, stride: int = 1) -> Tensor:
    weight = own[name]
    return nn.functional.conv2d(x, weight, stride=stride, padding=(weight.shape[-1] - 1) // 2)


def normed(own: dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    return nn.functional.batch_norm(x, None, None, own[f"{name}.scale"], own[f"{name}.shift"], training=True)


def plain_resnet(own: dict[str, Tensor], x: Tensor) -> Tensor:
    """SMALL_NET for one member, written out."""
    h = torch.relu(normed(own, "stem-norm", alone(own, "stem", x)))
    for name, stride in (("stage1.block1", 1), ("stage2.block1", 2), ("stage2.block2", 1)):
        inner = torch.relu(normed(own, f"{name}.first-norm", alone(own, f"{name}.first", h, stride)))
        inner = normed(own, f"{name}.second-norm", alone(own, f"{name}.second", inner))
        if name == "stage2.block1":
            h = normed(own, f"{name}.shortcut-norm", alone(own, f"{name}.shortcut", h, stride))
        h = torch.relu(inner + h)
    return h.mean(dim=(2, 3)) @ own["readout"].T + own["bias"]


def plain_wide(own: dict[str, Tensor], x: Tensor) -> Tensor:
    """SMALL_WIDE for one member, written out."""
    h = alone(own, "stem", x)
    for stage, stride in ((1, 1), (2, 2), (3, 2)):
        name = f"stage{stage}.block1"
        first = torch.relu(normed(own, f"{name}.first-norm", h))
        kept = alone(own, f"{name}.shortcut", first, stride) if stage > 1 else h
        inner = torch.relu(normed(own, f"{name}.second-norm", alone(own, f"{name}.first", first, stride)))
        h = kept + alone(own, f"{name}.second", inner)
    h = torch.relu(normed(own, "last-norm", h))
    return h.mean(dim=(2, 3)) @ own["readout"].T + own["bias"]


@pytest.mark.parametrize(("network", "plain"), [(SMALL_NET, plain_resnet), (SMALL_WIDE, plain_wide)])
def test_logits_are_each_members_own(network: Residual, plain) -> None:
    parameters, x = parameters_of(network), images()
    found = network.forward(parameters, x)
    for member in range(3):
        wanted = plain(member_of(parameters, member), x[member])
        assert torch.allclose(found[member], wanted, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("network", [SMALL_NET, SMALL_WIDE, ResNet(width=2)])
def test_every_position_is_asked_once_in_order(network: Residual) -> None:
    asked: list[int] = []

    def between(position: int, activation: Tensor) -> Tensor:
        asked.append(position)
        return activation

    network.forward(parameters_of(network), images(), between)
    assert asked == list(range(network.positions))


def test_what_is_done_between_reaches_the_output() -> None:
    parameters, x = parameters_of(SMALL_WIDE), images()
    plain = SMALL_WIDE.forward(parameters, x)
    for position in range(SMALL_WIDE.positions):
        changed = SMALL_WIDE.forward(
            parameters, x, lambda k, h, here=position: torch.roll(h, 1, dims=1) if k == here else h
        )
        assert torch.allclose(changed, torch.roll(plain, 1, dims=1), atol=1e-9)


@pytest.mark.parametrize(
    ("network", "count"),
    [(ResNet(), 11_173_962), (WideResNet(), 36_479_194), (WideResNet(depth=16, widening=4), 2_748_890)],
)
def test_as_many_parameters_as_the_published_networks(network: Residual, count: int) -> None:
    """Of ResNet-18 for images of 32 pixels, WRN-28-10, WRN-16-4: usually given as 11.2, 36.5, 2.7 million."""
    drawn = network.initial(torch.Generator().manual_seed(0))
    assert sum(value.numel() for value in drawn.values()) == count


@pytest.mark.parametrize("depth", [4, 9, 27])
def test_other_depths_are_refused(depth: int) -> None:
    with pytest.raises(ResidualError, match=rf"depth {depth}; it must be 10, 16, 22, 28, \.\.\.$"):
        WideResNet(depth=depth)


def test_a_population_of_one_batch_is_that_batch() -> None:
    parameters, x = parameters_of(SMALL_NET), images()
    population = Population()
    of_batch = SMALL_NET.forward(parameters, x, normalise=population)
    assert torch.equal(of_batch, SMALL_NET.forward(parameters, x))
    assert torch.allclose(SMALL_NET.forward(parameters, x, normalise=population.moments), of_batch, atol=1e-9)


def test_a_populations_first_layer_has_the_moments_of_all_images() -> None:
    parameters, x = parameters_of(SMALL_NET), images(count=6)
    population, whole = Population(), Population()
    for batch in (x[:, :4], x[:, 4:]):
        SMALL_NET.forward(parameters, batch, normalise=population)
    SMALL_NET.forward(parameters, x, normalise=whole)
    like = torch.zeros((), dtype=torch.float64)
    found, wanted = population.moments("stem-norm", like), whole.moments("stem-norm", like)
    assert torch.allclose(found.mean, wanted.mean, atol=1e-12)
    assert torch.allclose(found.variance, wanted.variance, atol=1e-12)
    one = SMALL_NET.forward(parameters, x[:, :1], normalise=population.moments)
    many = SMALL_NET.forward(parameters, x, normalise=population.moments)
    assert torch.allclose(one, many[:, :1], atol=1e-9)  # an image's logits depend on no other image
