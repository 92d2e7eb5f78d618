"""A small convolutional network as a function of its width, as PyTorch makes it and in maximal update.

widthscope mup conv_net.py:standard --optimizer sgd --rate 0.1 --mend
widthscope mup conv_net.py:corrected
"""

import torch
from torch import nn

BASE = 32


def standard(width: int) -> nn.Module:
    """Three convolutions and a readout, all in PyTorch's own initialisation."""
    return nn.Sequential(
        nn.Conv2d(3, width, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(width, width, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(width, 2 * width, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(2 * width, 10),
    )


def corrected(width: int, rate: float = 0.1) -> tuple[nn.Module, torch.optim.Optimizer]:
    """The same network in maximal update for SGD, relative to the width BASE."""
    model, growth = standard(width), width / BASE
    first, *_, readout = (layer for layer in model if hasattr(layer, "weight"))
    with torch.no_grad():
        readout.weight *= growth**-0.5  # PyTorch has done width^-1/2 already
        for layer in model:
            if hasattr(layer, "bias") and layer is not first:
                layer.bias *= growth**0.5  # a bias has no inputs to average over
    groups = []
    for layer in model:
        if hasattr(layer, "weight"):
            grows_with_width = growth if layer is first else 1 / growth if layer is readout else 1
            groups.append({"params": [layer.weight], "lr": rate * grows_with_width})
            groups.append({"params": [layer.bias], "lr": rate * (1 if layer is readout else growth)})
    return model, torch.optim.SGD(groups)


def batch(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Random images with random classes: a coordinate check needs no more."""
    return torch.randn(16, 3, 8, 8), torch.randint(10, (16,))
