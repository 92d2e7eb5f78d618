"""Gradient regularisation in a training loop of one's own: a convolutional network, and wrong labels.

python own_gradient_regularisation.py
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from widthscope.gradient_regularisation.module_step import gradient_regularised_step, sharpness_aware_step


def network() -> nn.Module:
    """Batch normalisation and dropout are no obstacle: each step's evaluations share masks and statistics."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(4),
        nn.Flatten(),
        nn.Dropout(0.2),
        nn.Linear(128, 3),
    )


def images(count: int, wrong: float, seed: int) -> tuple[Tensor, Tensor]:
    """Noisy stripes (rows, columns, diagonals), and their classes, a share `wrong` of them drawn anew."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(3, (count,), generator=generator)
    rows, columns = torch.meshgrid(torch.arange(8), torch.arange(8), indexing="ij")
    stripes = torch.stack([rows % 2, columns % 2, (rows + columns) // 2 % 2]).float()
    pixels = stripes[labels] + 1.5 * torch.randn(count, 8, 8, generator=generator)
    drawn = torch.randint(3, (count,), generator=generator)
    renewed = torch.rand(count, generator=generator) < wrong
    return pixels[:, None], torch.where(renewed, drawn, labels)


def train(how: str, steps: int = 150) -> tuple[float, float]:
    """Cross-entropy on the training images and on new ones without wrong labels, after training."""
    model = network()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    pixels, labels = images(120, wrong=0.3, seed=1)
    order = torch.Generator().manual_seed(2)
    for _ in range(steps):
        chosen = torch.randint(len(labels), (40,), generator=order)
        x, y = pixels[chosen], labels[chosen]  # drawn outside: every evaluation sees the same batch

        def loss(x: Tensor = x, y: Tensor = y) -> Tensor:
            return functional.cross_entropy(model(x), y)

        if how == "sharpness-aware":
            sharpness_aware_step(model, loss, optimiser, radius=0.2)
        else:
            strength = 0.0 if how == "plain" else 0.1
            gradient_regularised_step(model, loss, optimiser, strength=strength, ascent=0.1)
    model.eval()
    with torch.no_grad():
        own, new = (
            functional.cross_entropy(model(x), y).item()
            for x, y in ((pixels, labels), images(600, wrong=0.0, seed=3))
        )
    return own, new


if __name__ == "__main__":
    for how in ("plain", "gradient-regularised", "sharpness-aware"):
        print(f"{how:22}", "training {:.2f}, new images {:.2f}".format(*train(how)))
