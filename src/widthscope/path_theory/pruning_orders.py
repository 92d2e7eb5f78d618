"""Orders in which heads are pruned. Heads are counted layer after layer."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

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


def kept_along(order: Order, heads: Sequence[int]) -> NDArray[np.bool_]:
    """Which heads are left before any and after each removal, (removals + 1, sum of heads) bool."""
    kept = np.ones((len(order) + 1, sum(heads)), dtype=bool)
    for step, head in enumerate(order):
        kept[step + 1 :, head] = False
    return kept


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
