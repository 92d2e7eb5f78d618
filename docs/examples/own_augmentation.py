"""Mixup before a layer that is chosen while a small convolutional network is trained on digits.

    python own_augmentation.py

takes a few seconds and prints how often each position ended up being chosen.
"""

import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, one_hot

from widthscope.feature_augmentation.layer_selection import AdaptiveLayerSelection
from widthscope.feature_augmentation.module_hooks import FeatureAugmentation
from widthscope.feature_augmentation.operations.mixup import Mixup
from widthscope.feature_augmentation.ratios import RatioRule

POSITIONS = ("first", "second", "classifier")


class Network(nn.Module):
    """Two convolutions with batch normalisation, and a linear classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU())
        self.second = nn.Sequential(nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU())
        self.classifier = nn.Linear(16, 10)

    def forward(self, images: Tensor) -> Tensor:
        """Scores, (batch, 10), of images (batch, 1, 8, 8)."""
        maps = nn.functional.max_pool2d(self.first(images), 2)
        return self.classifier(self.second(maps).mean((2, 3)))


def trained(steps: int) -> tuple[Network, AdaptiveLayerSelection]:
    """The network after that many steps, and the selection with its ratios."""
    digits = load_digits()
    images = torch.tensor(digits.images / 16 - 0.3, dtype=torch.float32)[:, None]
    labels = torch.tensor(digits.target)
    torch.manual_seed(0)
    network = Network()
    optimiser = torch.optim.SGD(network.parameters(), 0.05, momentum=0.9, nesterov=True, weight_decay=5e-4)
    augmentation = FeatureAugmentation(network, POSITIONS, Mixup(), seed=0)
    selection = AdaptiveLayerSelection(network, augmentation, rule=RatioRule(rate=0.1), seed=0)
    with augmentation:
        for _ in range(steps):
            batch, validation = torch.randint(200, (32,)), torch.randint(200, (32,))
            with selection.augmented():
                scores = network(images[batch])
            targets = selection.targets(one_hot(labels[batch], 10).float())
            optimiser.zero_grad()
            cross_entropy(scores, targets).backward()
            selection.keep_gradient()
            optimiser.step()
            # In place of these, the paper takes training images that were rotated a little.
            selection.update(lambda: cross_entropy(network(images[validation]), labels[validation]))  # noqa: B023
    return network, selection


if __name__ == "__main__":
    _, found = trained(200)
    for name, ratio in zip(POSITIONS, found.ratios.tolist(), strict=True):
        print(f"{name:12}{ratio:.3f}")
