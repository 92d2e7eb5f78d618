"""The study's networks: each member is Torch's modules, positions are where they should be, nobody mixes."""

import itertools

import pytest
import torch
from torch import Tensor, nn

from widthscope.datasets.image_splits import Images
from widthscope.ensembles.gradient_step import GradientStep
from widthscope.ensembles.independence import dependent_on_company
from widthscope.ensembles.members import Members
from widthscope.ensembles.optimisers import SGD
from widthscope.ensembles.parameters import Parameters, stacked
from widthscope.ensembles.training import train
from widthscope.streams import torch_generator
from widthscope.studies.adalase import testing
from widthscope.studies.adalase.map_policies import network_of
from widthscope.studies.adalase.networks import CNN, MLP, Network
from widthscope.studies.adalase.virtual_positions import VirtualPositions

MEMBERS, COUNT = 3, 6
MLP_4 = MLP(inputs=16, width=5, hidden=2, classes=4)
CNN_4 = CNN(channels=(3, 4, 5), inputs=2, classes=4)


def images(network: Network, seed: int = 0, count: int = COUNT) -> Tensor:
    shape = (1, 4, 4) if isinstance(network, MLP) else (2, 8, 8)
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(MEMBERS, count, *shape, generator=generator, dtype=torch.float64)


def parameters(network: Network) -> Parameters:
    drawn = [network.initial(torch_generator("test", seed)) for seed in range(MEMBERS)]
    return stacked(drawn, dtype=torch.float64)


def of_modules(network: Network, values: Parameters, member: int) -> nn.Module:
    """The member as Torch's own modules."""
    if isinstance(network, MLP):
        sizes = (network.inputs, *[network.width] * network.hidden, network.classes)
        layers: list[nn.Module] = [nn.Flatten()]
        for layer, (before, after) in enumerate(itertools.pairwise(sizes), 1):
            linear = nn.Linear(before, after, dtype=torch.float64)
            linear.load_state_dict(
                {"weight": values[f"W{layer}"][member], "bias": values[f"b{layer}"][member]}
            )
            layers += [linear] if layer == len(sizes) - 1 else [linear, nn.ReLU()]
        return nn.Sequential(*layers)
    assert isinstance(network, CNN)
    layers, before = [], network.inputs
    for block, after in enumerate(network.channels, 1):
        convolution = nn.Conv2d(before, after, 3, padding=1, bias=False, dtype=torch.float64)
        norm = nn.BatchNorm2d(after, dtype=torch.float64)
        with torch.no_grad():
            convolution.weight.copy_(values[f"W{block}"][member])
            norm.weight.copy_(values[f"scale{block}"][member])
            norm.bias.copy_(values[f"shift{block}"][member])
        layers += [convolution, norm, nn.ReLU()]
        layers += [nn.AvgPool2d(2)] if block < len(network.channels) else []
        before = after
    head = nn.Linear(before, network.classes, dtype=torch.float64)
    head.load_state_dict({"weight": values["head"][member], "bias": values["bias"][member]})
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), head)


@pytest.mark.parametrize("network", [MLP_4, CNN_4])
def test_a_member_is_torchs_modules(network: MLP | CNN) -> None:
    values, x = parameters(network), images(network)
    found = network.forward(values, x)
    assert found.shape == (MEMBERS, COUNT, 4)
    for member in range(MEMBERS):
        assert torch.allclose(found[member], of_modules(network, values, member)(x[member]), atol=1e-11)


@pytest.mark.parametrize("network", [MLP_4, CNN_4, VirtualPositions(CNN_4, 3)])
def test_each_position_is_asked_once_in_order_and_used(network: Network) -> None:
    values = parameters(network)
    x = images(CNN_4 if isinstance(network, VirtualPositions) else network)
    plain = network.forward(values, x)
    asked = []
    for place in range(network.positions):

        def between(position: int, activation: Tensor, place: int = place) -> Tensor:
            asked.append(position)
            return 2 * activation + 1 if position == place else activation

        assert not torch.allclose(network.forward(values, x, between), plain)
    assert asked == list(range(network.positions)) * network.positions


def test_a_flip_changes_nothing_before_the_mean_and_much_at_the_input() -> None:
    values, x = parameters(CNN_4), images(CNN_4)
    plain = CNN_4.forward(values, x)

    def flipped(place: int) -> Tensor:
        return CNN_4.forward(values, x, lambda k, a: a.flip(-2) if k == place else a)

    assert torch.allclose(flipped(CNN_4.positions - 1), plain, rtol=0, atol=1e-13)
    assert (flipped(0) - plain).abs().max() > 1e-3


def test_accuracies_use_the_moments_of_the_images_that_were_trained_on() -> None:
    values = parameters(CNN_4)
    learnt, shown = images(CNN_4, 1), images(CNN_4, 2, 700)
    labels = torch.randint(4, (MEMBERS, 700), generator=torch.Generator().manual_seed(3))
    found = testing.tested(
        CNN_4, values, Images(learnt, torch.zeros(MEMBERS, COUNT).long()), Images(shown, labels)
    )
    for member in range(MEMBERS):
        alone = of_modules(CNN_4, values, member).train()
        for module in alone.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = 1.0  # running statistics become those of the batch
        alone(learnt[member])
        for block, module in enumerate(m for m in alone.modules() if isinstance(m, nn.BatchNorm2d)):
            places = COUNT * (8 // 2**block) ** 2
            assert module.running_var is not None
            module.running_var *= (places - 1) / places  # Torch's divisor there is one less
        logits = alone.eval()(shown[member]).detach()
        right = (logits.argmax(dim=1) == labels[member]).double().mean()
        assert found.accuracy[member] == pytest.approx(float(right), abs=1e-12)
        loss = nn.functional.cross_entropy(logits, labels[member])
        assert found.cross_entropy[member] == pytest.approx(float(loss), rel=1e-5)  # float32 convolutions


@pytest.mark.parametrize("network", [MLP_4, CNN_4])
def test_a_member_does_not_depend_on_its_company(network: MLP | CNN) -> None:
    def run(members: Members) -> Parameters:
        places = [int(seed) for seed in members.values("seed")]
        start = stacked([network.initial(torch_generator("test", seed)) for seed in places])
        shown = images(network).float()[places]

        def loss(values: Parameters, batch: dict[str, Tensor]) -> Tensor:
            logits = network.forward(values, batch["x"])
            return -logits.log_softmax(dim=-1)[..., 0].mean(dim=1)

        step = GradientStep(loss, SGD(0.1, 0.9, nesterov=True))
        return train(members, start, step, lambda step: {"x": shown}, 3).parameters

    assert dependent_on_company(run, Members.grid(seed=range(MEMBERS))) == []


@pytest.mark.parametrize(
    ("described", "positions", "side"),
    [
        ({"kind": "cnn", "channels": [4, 4], "inputs": 1, "classes": 10}, 3, 8),
        ({"kind": "resnet", "blocks": [1, 1], "width": 4, "channels": 3, "classes": 7}, 4, 8),
        ({"kind": "wide", "depth": 10, "widening": 1, "channels": 3, "classes": 7}, 6, 8),
    ],
)
def test_networks_are_made_from_their_fields(described: dict, positions: int, side: int) -> None:
    network = network_of(described)
    assert network.positions == positions
    channels = described.get("inputs", described["channels"])
    values = stacked([network.initial(torch_generator("test", seed)) for seed in range(2)])
    logits = network.forward(values, torch.ones(2, 3, channels, side, side))
    assert logits.shape == (2, 3, described["classes"])
