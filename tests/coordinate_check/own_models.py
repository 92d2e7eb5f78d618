"""Small models as functions of their width, as a user would write them, and the ways in which these fail."""

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from widthscope.coordinate_check.probing import Probed, probe
from widthscope.coordinate_check.report import Report, report
from widthscope.coordinate_check.request import Request
from widthscope.coordinate_check.user_code import UserCode


def perceptron(width: int, **options: Any) -> nn.Module:
    return nn.Sequential(
        nn.Linear(6, width, **options), nn.ReLU(), nn.Linear(width, width, **options), nn.ReLU(),
        nn.Linear(width, 4, **options),
    )  # fmt: skip


def corrected(width: int, base: int = 16, rate: float = 0.1) -> tuple[nn.Module, torch.optim.Optimizer]:
    """The perceptron in maximal update for SGD, by hand."""
    model = perceptron(width, bias=False)
    growth = width / base
    with torch.no_grad():
        model[4].weight *= growth**-0.5
    rates = {0: rate * growth, 2: rate, 4: rate / growth}
    return model, torch.optim.SGD([{"params": [model[at].weight], "lr": lr} for at, lr in rates.items()])


def classes(seed: int) -> tuple[Tensor, Tensor]:
    return torch.randn(12, 6), torch.randint(4, (12,))


def code(factory: Callable[[int], Any], batch: Callable[[int], Any] = classes) -> UserCode:
    return UserCode("own.py:factory", factory, "own.py:batch", batch)


def probed(factory: Callable[[int], Any], batch: Callable[[int], Any] = classes, **asked: Any) -> Probed:
    request, loss = _request(**asked)
    return probe(code(factory, batch), request, loss)


def reported(
    factory: Callable[[int], Any], batch: Callable[[int], Any] = classes, mend: bool = False, **asked: Any
) -> Report:
    request, loss = _request(**asked)
    return report(probe(code(factory, batch), request, loss), request, mend)


def _request(loss: str | None = None, **asked: Any) -> tuple[Request, str | None]:
    return Request(**{"widths": (16, 32, 64), "seeds": 3, "steps": 2, **asked}), loss


class Attention(nn.Module):
    """A block with heads, a table of positions, an embedding and a readout that may share its weight."""

    def __init__(self, width: int, heads: int, tied: bool) -> None:
        super().__init__()
        self.head_dim = width // heads
        self.positions = nn.Parameter(torch.randn(1, 5, width))
        self.embedding = nn.Embedding(9, width)
        self.norm = nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.readout = nn.Linear(width, 9, bias=False)
        if tied:
            self.readout.weight = self.embedding.weight

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.norm(self.embedding(tokens) + self.positions)
        return self.readout(x + self.attention(x, x, x)[0])


def attention(width: int, heads: int = 4, tied: bool = True) -> nn.Module:
    return Attention(width, heads, tied)


fixed_heads = functools.partial(attention, tied=False)


def tokens(seed: int) -> tuple[Tensor, Tensor]:
    drawn = torch.randint(9, (3, 5))
    return drawn, drawn
