"""Rows, columns and boxes of a grid of Sudoku, and its class under the relabelling of digits.

A grid of order n has n by n cells, numbered row by row, and digits 1 to n; 0 is a blank.
"""

from collections.abc import Sequence
from functools import cache

BOXES = {4: (2, 2), 6: (2, 3), 9: (3, 3)}
"""Rows and columns of a box, by order."""

Cells = tuple[int, ...]
"""The digits of a grid, cell by cell."""


@cache
def units(order: int) -> tuple[tuple[int, int, int], ...]:
    """Row, column and box of each cell, (cell, 3), each counted from 0."""
    rows, columns = BOXES[order]
    across = order // columns
    places = [divmod(cell, order) for cell in range(order**2)]
    return tuple((row, col, row // rows * across + col // columns) for row, col in places)


@cache
def peers(order: int) -> tuple[frozenset[int], ...]:
    """For each cell the others that share a row, a column or a box with it."""
    table = units(order)
    cells = range(order**2)
    return tuple(
        frozenset(
            other
            for other in cells
            if other != cell and any(a == b for a, b in zip(table[cell], table[other], strict=True))
        )
        for cell in cells
    )


def is_solved(grid: Sequence[int], order: int) -> bool:
    """Whether every row, column and box holds every digit once."""
    table, digits = units(order), set(range(1, order + 1))
    return all(
        {grid[cell] for cell in range(order**2) if table[cell][kind] == place} == digits
        for kind in range(3)
        for place in range(order)
    )


def relabelled(grid: Sequence[int], order: int) -> Cells:
    """The grid of the same class whose first row is 1, 2, ..., n: one for all relabellings of the digits."""
    new = {digit: place for place, digit in enumerate(grid[:order], start=1)}
    return tuple(new[digit] for digit in grid)
