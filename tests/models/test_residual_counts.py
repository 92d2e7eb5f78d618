"""Counts of residual networks, held against the networks themselves by their filters and outputs."""

import math
import subprocess
import sys
from typing import Any

import pytest
import torch
from torch import Tensor

from widthscope.ensembles.parameters import stacked
from widthscope.models import convolution
from widthscope.models.residual import ResNet, WideResNet
from widthscope.models.residual_counts import Convolution, counted, of_resnet, of_wide_resnet

SIDE = 16


def seen(network: ResNet | WideResNet, monkeypatch: pytest.MonkeyPatch) -> list[Convolution]:
    """Every convolution that the network makes in one forward pass."""
    found: list[Convolution] = []
    plain = convolution.convolve

    def spied(x: Tensor, weight: Tensor, *given: Any, **named: Any) -> Tensor:
        made = plain(x, weight, *given, **named)
        found.append((weight.shape[2], weight.shape[1], weight.shape[-1], made.shape[-1]))
        return made

    monkeypatch.setattr(convolution, "convolve", spied)
    values = stacked([network.initial(torch.Generator().manual_seed(0))])
    network.forward(values, torch.ones(1, 2, network.channels, SIDE, SIDE))
    return found


@pytest.mark.parametrize(
    ("network", "listed"),
    [
        (ResNet(blocks=(2, 2, 2), width=3), of_resnet((2, 2, 2), 3, 3, SIDE)),
        (ResNet(blocks=(1, 3), width=4, channels=1), of_resnet((1, 3), 4, 1, SIDE)),
        (WideResNet(depth=10, widening=1), of_wide_resnet(10, 1, 3, SIDE)),
        (WideResNet(depth=16, widening=2, channels=1), of_wide_resnet(16, 2, 1, SIDE)),
    ],
)
def test_convolutions_are_those_that_the_network_makes(
    network: ResNet | WideResNet, listed: list[Convolution], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sorted(listed) == sorted(seen(network, monkeypatch))
    filters = [
        value for value in network.initial(torch.Generator().manual_seed(0)).values() if value.ndim == 4
    ]
    assert counted(listed).weights == sum(math.prod(value.shape) for value in filters)


def test_counts_are_sums_over_convolutions() -> None:
    found = counted([(3, 4, 3, 8), (4, 5, 1, 4)])
    assert (found.products, found.units, found.largest, found.weights) == (
        3 * 4 * 9 * 64 + 4 * 5 * 16,
        4 * 64 + 5 * 16,
        256,
        3 * 4 * 9 + 4 * 5,
    )


def test_the_published_networks_have_the_sizes_that_are_known_of_them() -> None:
    assert counted(of_resnet((2, 2, 2, 2), 64, 3, 32)).products == 555_417_600
    assert counted(of_wide_resnet(28, 10, 3, 32)).weights == pytest.approx(36.5e6, rel=0.01)


def test_counting_needs_no_torch() -> None:
    code = "import sys, widthscope.models.residual_counts\nassert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
