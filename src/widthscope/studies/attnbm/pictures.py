"""Small images in figures, in shades from the paper's to the ink's colour."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from numpy.typing import NDArray

from widthscope.plotting import PALETTE


def picture(axes: Axes, pixels: NDArray[np.floating[Any]]) -> None:
    """Draw one image (row, col) in an empty panel; NaN stays empty."""
    colours = LinearSegmentedColormap.from_list("ink", [PALETTE["paper"], PALETTE["ink"]])
    axes.imshow(pixels, cmap=colours, interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(True)
        spine.set_color(PALETTE["grid"])
