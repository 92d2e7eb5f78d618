"""Settings of the family `sudoku`: training on Sudoku."""

from widthscope.settings_types import Section


class Sudoku(Section):
    """Recurrent attention trained on Sudoku."""
