"""Solutions of a puzzle by depth-first search, the cell with the fewest candidates first.

The digits that a row, a column or a box has used are the bits of an integer.
"""

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from widthscope.datasets.sudoku.grids import Cells, units


def solutions(
    puzzle: Sequence[int], order: int, generator: np.random.Generator | None = None
) -> Iterator[Cells]:
    """Every solution of a puzzle, one after the other; none if two of its givens clash.

    Args:
        puzzle: digits (cell,), 0 for a blank.
        order: n.
        generator: shuffles the order of digits and, among cells with as few candidates, of cells; by number
            where None.
    """
    search = _Search(puzzle, order, generator)
    return search.run() if search.consistent else iter(())


def count(puzzle: Sequence[int], order: int, most: int = 2) -> int:
    """Number of solutions; `most` if there are more."""
    return sum(1 for _ in islice(solutions(puzzle, order), most))


def random_grid(order: int, generator: np.random.Generator) -> Cells:
    """A solved grid, drawn by a randomised search of the empty one; not exactly uniform over all grids."""
    return next(solutions((0,) * order**2, order, generator))


class _Search:
    """The state of a search: cells, the blanks among them, and the digits that each unit has used."""

    def __init__(self, puzzle: Sequence[int], order: int, generator: np.random.Generator | None) -> None:
        self.cells = list(puzzle)
        self.units = units(order)
        self.full = (1 << order) - 1
        self.rows, self.columns, self.boxes = ([0] * order for _ in range(3))
        self.consistent = True
        for cell, digit in enumerate(self.cells):
            if digit:
                bit = 1 << (digit - 1)
                self.consistent = self.consistent and bool(self._candidates(cell) & bit)
                self._flip(cell, bit)
        self.blanks = [cell for cell, digit in enumerate(self.cells) if not digit]
        bits = np.arange(order)
        self.order = np.tile(bits, (order**2, 1))
        if generator is not None:
            self.blanks = [self.blanks[place] for place in generator.permutation(len(self.blanks))]
            self.order = generator.permuted(self.order, axis=1)
        self.tried = [[1 << int(bit) for bit in row] for row in self.order]

    def run(self) -> Iterator[Cells]:
        """Solutions from here on; the state is as before when the iterator ends."""
        if not self.blanks:
            yield tuple(self.cells)
            return
        place, candidates = self._fewest()
        if not candidates:
            return
        blanks = self.blanks
        cell = blanks[place]
        self.blanks = blanks[:place] + blanks[place + 1 :]
        for bit in self.tried[cell]:
            if candidates & bit:
                self.cells[cell] = bit.bit_length()
                self._flip(cell, bit)
                yield from self.run()
                self._flip(cell, bit)
        self.cells[cell] = 0
        self.blanks = blanks

    def _fewest(self) -> tuple[int, int]:
        """Place in `blanks` of the cell with the fewest candidates, and these."""
        best, least, found = 0, 100, 0
        for place, cell in enumerate(self.blanks):
            candidates = self._candidates(cell)
            number = candidates.bit_count()
            if number < least:
                best, least, found = place, number, candidates
                if number < 2:
                    break
        return best, found

    def _candidates(self, cell: int) -> int:
        row, column, box = self.units[cell]
        return self.full & ~(self.rows[row] | self.columns[column] | self.boxes[box])

    def _flip(self, cell: int, bit: int) -> None:
        row, column, box = self.units[cell]
        self.rows[row] ^= bit
        self.columns[column] ^= bit
        self.boxes[box] ^= bit
