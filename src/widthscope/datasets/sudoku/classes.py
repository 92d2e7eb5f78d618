"""Which classes of grids are held out: a grid seen in training must not come back with other digits.

Grids of order 4 form 12 classes under the relabelling of digits, so that without this nearly every grid of a
test would have been learnt by heart.
"""

from collections.abc import Callable
from functools import cache

from widthscope.datasets.sudoku.grids import Cells, relabelled
from widthscope.datasets.sudoku.solver import solutions
from widthscope.streams import seed_sequence

FEW = 4
"""Largest order whose classes are all listed."""


@cache
def all_classes(order: int) -> tuple[Cells, ...]:
    """One grid of each class, the one whose first row is 1 to n; only for order 4, with its 12 classes."""
    if order > FEW:
        raise ValueError(f"the classes of order {order} are too many to list")
    empty = (0,) * (order**2 - order)
    return tuple(solutions((*range(1, order + 1), *empty), order))


def held_out(order: int, share: float, seed: int) -> Callable[[Cells], bool]:
    """Whether a solved grid's class is kept from training.

    At order 4 exactly the share of the 12 classes, rounded, but neither none nor all; at others each class
    with this probability. A class's lot is drawn from a stream of its own.

    Args:
        order: n.
        share: of classes that are held out.
        seed: of the dataset.
    """
    if order <= FEW:
        classes = sorted(all_classes(order), key=lambda each: _lot(order, seed, each))
        count = min(max(1, round(share * len(classes))), len(classes) - 1)
        chosen = frozenset(classes[:count])
        return lambda grid: relabelled(grid, order) in chosen
    return lambda grid: _lot(order, seed, relabelled(grid, order)) < share


def _lot(order: int, seed: int, grid: Cells) -> float:
    """A number in [0, 1) for each class."""
    text = "".join(map(str, grid))
    return float(seed_sequence("datasets", "sudoku", seed, order, "class", text).generate_state(1)[0]) / 2**32
