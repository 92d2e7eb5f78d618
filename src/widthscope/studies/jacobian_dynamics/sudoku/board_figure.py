"""One board of Sudoku as it is filled, iteration by iteration."""

import xarray as xr
from matplotlib.axes import Axes

from widthscope.datasets.sudoku.grids import BOXES
from widthscope.plotting import PALETTE, Drawing, new

SHOWN = 6
"""Boards in a row."""


def board(curve: xr.Dataset) -> Drawing:
    """The board after a few numbers of iterations: givens bold, right digits plain, wrong ones struck out."""
    order, trained, solved = (int(curve.attrs[name]) for name in ("order", "trained", "solved_at"))
    last = int(curve["shown"].values[-1])
    shown = moments(trained, solved, last)
    figure, *panels = new(cols=len(shown), width=7.6, height=1.75)
    solution, puzzle = curve["solution"].values, curve["puzzle"].values
    wrong = []
    for axes, moment in zip(panels, shown, strict=True):
        digits = curve["digits"].sel(shown=moment).values
        _grid(axes, order)
        for cell, digit in enumerate(digits):
            row, col = divmod(cell, order)
            right = digit == solution[cell]
            axes.text(
                col + 0.5,
                row + 0.52,
                str(digit),
                ha="center",
                va="center",
                fontsize=44 / order,
                fontweight="bold" if puzzle[cell] else "normal",
                color=PALETTE["ink" if puzzle[cell] else "c0" if right else "c1"],
            )
            if not right:
                axes.plot([col + 0.2, col + 0.8], [row + 0.8, row + 0.2], color=PALETTE["c1"], linewidth=0.8)
        wrong.append(int((digits != solution).sum()))
        axes.set_title(f"{moment} iterations" if moment != 1 else "1 iteration", fontsize=8.5)
    ends = f"right from iteration {solved} on" if solved >= 0 else "not solved"
    return Drawing(
        figure,
        f"A board with {int((puzzle > 0).sum())} givens (bold) as a trained ItrSA fills it; wrong digits are "
        f"struck out. It was trained with {trained} iterations; the board is {ends}. It was chosen as one "
        "that "
        "takes long.",
        "A Sudoku board after "
        + ", ".join(map(str, shown))
        + " iterations, with "
        + ", ".join(map(str, wrong))
        + " wrong digits.",
    )


def moments(trained: int, solved: int, last: int) -> list[int]:
    """Numbers of iterations that are shown: the first ones, the trained ones, and where it is solved."""
    end = solved if solved > 0 else last
    wanted = {0, 2, trained // 2, trained, (trained + end) // 2, end}
    return sorted(moment for moment in wanted if moment <= last)[:SHOWN]


def _grid(axes: Axes, order: int) -> None:
    """An empty board, its boxes with thick lines."""
    rows, columns = BOXES[order]
    for place in range(order + 1):
        for step, draw in ((rows, axes.axhline), (columns, axes.axvline)):
            draw(place, color=PALETTE["muted"], linewidth=1.4 if place % step == 0 else 0.5)
    axes.set(xlim=(0, order), ylim=(order, 0), xticks=[], yticks=[], aspect="equal")
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(False)
