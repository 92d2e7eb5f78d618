"""Orders in which heads are pruned, and the scores behind them. Heads are counted layer after layer."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from widthscope.studies.attention_paths.one_shot.pruning import members_of_heads

Order = tuple[int, ...]


def rising(scores: NDArray[np.float64], heads: Sequence[int]) -> Order:
    """Heads by increasing score, leaving in each layer the one that scores best.

    Args:
        scores: (sum of heads,), layer after layer.
        heads: by layer.

    Returns:
        the sum over layers of H_l - 1 heads, in the order of their removal; ties in the order of counting.
    """
    return _permitted(np.argsort(scores, kind="stable"), heads)


def random_orders(heads: Sequence[int], count: int, generator: np.random.Generator) -> list[Order]:
    """Orders drawn at random, each leaving one head of every layer."""
    return [_permitted(generator.permutation(sum(heads)), heads) for _ in range(count)]


def kept_along(order: Order, heads: Sequence[int]) -> Tensor:
    """Which heads are left before any and after each removal, (removals + 1, sum of heads) bool."""
    kept = torch.ones((len(order) + 1, sum(heads)), dtype=torch.bool)
    for step, head in enumerate(order):
        kept[step + 1 :, head] = False
    return kept


def weight_magnitudes(values: Tensor) -> NDArray[np.float64]:
    """Frobenius norm of every head's value matrix, (sum of heads,), of values (L, H, N, N)."""
    return np.asarray(values.double().square().sum(dim=(-2, -1)).sqrt().flatten().numpy())


def saliencies(contributions: Tensor, labels: Tensor, heads: Sequence[int]) -> NDArray[np.float64]:
    r"""First-order importance of every head: mean over examples of |d loss / d gate|, (sum of heads,).

    A gate m multiplies all that passes a head, and is 1. With the loss (f - y)^2 of an example,

        d loss / d m_h = 2 (f - y) sum over paths through h of their contributions.

    Source: the importance of a head in arXiv:1905.10650, here in closed form.

    Args:
        contributions: (P, D) of the paths to the outputs, from `pruning.contributions`.
        labels: (P,) targets.
        heads: by layer.
    """
    through = contributions @ members_of_heads(heads).to(contributions.dtype).T
    error = contributions.sum(dim=1) - labels
    return np.asarray((2 * error[:, None] * through).abs().mean(dim=0).numpy())


def _permitted(wished: NDArray[np.int64], heads: Sequence[int]) -> Order:
    """The wished order without the heads that would be the last of their layers."""
    layers = np.repeat(np.arange(len(heads)), heads)
    left = list(heads)
    order = []
    for head in wished:
        layer = layers[head]
        if left[layer] > 1:
            left[layer] -= 1
            order.append(int(head))
    return tuple(order)
