"""Puzzles from solved grids: cells are emptied one by one as long as the solution stays the only one."""

from collections.abc import Sequence

import numpy as np

from widthscope.datasets.sudoku.grids import Cells, peers
from widthscope.datasets.sudoku.solver import solutions


def dig(solution: Cells, order: int, givens: int, generator: np.random.Generator) -> Cells | None:
    """A puzzle with this solution alone and so many givens; None if the order of removal leads to none.

    Cells are emptied in random order; a removal that would let in a second solution is taken back.

    Args:
        solution: a solved grid (cell,).
        order: n.
        givens: cells that keep their digit.
        generator: draws the order of removal.
    """
    puzzle = list(solution)
    left = len(puzzle)
    for place, cell in enumerate(generator.permutation(len(puzzle)).tolist()):
        if left == givens:
            break
        if left - (len(puzzle) - place) > givens:
            return None  # even if all that remain could be emptied
        if _needless(puzzle, order, cell):
            puzzle[cell] = 0
            left -= 1
    return tuple(puzzle) if left == givens else None


def _needless(puzzle: Sequence[int], order: int, cell: int) -> bool:
    """Whether a puzzle with one solution has but one without the given of this cell.

    A second solution would have another digit there.
    """
    seen = {puzzle[peer] for peer in peers(order)[cell]}
    others = [digit for digit in range(1, order + 1) if digit not in seen and digit != puzzle[cell]]
    return not any(_solvable([*puzzle[:cell], other, *puzzle[cell + 1 :]], order) for other in others)


def _solvable(puzzle: Sequence[int], order: int) -> bool:
    return next(solutions(puzzle, order), None) is not None
