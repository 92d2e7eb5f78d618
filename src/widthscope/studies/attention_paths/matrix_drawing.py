"""Order-parameter matrices as squares: area is size and colour is sign, so that both survive any theme."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from widthscope.plotting import PALETTE

POSITIVE, NEGATIVE = PALETTE["c0"], PALETTE["c1"]


def squares(
    axes: Axes, matrix: ArrayLike, names: Sequence[str], title: str = "", largest: float | None = None
) -> None:
    """Draw a matrix, row by row from the top.

    Args:
        axes: an empty panel.
        matrix: (D, D); an entry that is not finite is left empty.
        names: of the D rows and columns.
        title: of the panel.
        largest: size of an entry that fills its cell; default the largest size in the matrix.
    """
    entries = np.asarray(matrix, dtype=float)
    count = len(entries)
    sizes = np.abs(entries[np.isfinite(entries)])
    full = float(sizes.max(initial=0.0)) if largest is None else largest
    for row, column in np.ndindex(count, count):
        entry = entries[row, column]
        if not np.isfinite(entry) or full == 0:
            continue
        side = 0.94 * float(np.sqrt(min(1.0, abs(float(entry)) / full)))
        colour = POSITIVE if entry >= 0 else NEGATIVE
        corner = (column - side / 2, row - side / 2)
        axes.add_patch(Rectangle(corner, side, side, facecolor=colour, edgecolor="none"))
    edge = count - 0.5
    axes.set_xlim(-0.5, edge)
    axes.set_ylim(edge, -0.5)
    axes.set_aspect("equal")
    axes.set_xticks(range(count), names)
    axes.set_yticks(range(count), names)
    axes.grid(visible=False)
    for side_of_panel in ("top", "right"):
        axes.spines[side_of_panel].set_visible(True)
    if title:
        axes.set_title(title)
