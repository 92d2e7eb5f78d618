"""Rows of small images in figures, in shades from the paper's to the ink's colour."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from numpy.typing import NDArray

from widthscope.plotting import PALETTE

Pixels = NDArray[np.floating[Any]]

BELOW: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.2)}
"""Of a legend under its axes and their label, where it covers no data."""


def strip(axes: Axes, images: Pixels, above: Sequence[str] = (), name: str = "") -> None:
    """Draw images (image, row, col) side by side in one panel, each in its own range; NaN stays empty.

    Args:
        axes: an empty panel; one for all images, since each panel takes time to lay out.
        images: at least one.
        above: a word above each image.
        name: of the whole strip, at its left.
    """
    low = np.nanmin(images, axis=(1, 2), keepdims=True)
    spread = np.nanmax(images, axis=(1, 2), keepdims=True) - low
    shades = (images - low) / np.where(spread > 0, spread, 1.0)
    side = images.shape[2] + 1
    joined = np.concatenate(
        [np.pad(each, ((0, 0), (0, 1)), constant_values=np.nan) for each in shades], axis=1
    )
    ink = LinearSegmentedColormap.from_list("ink", [PALETTE["paper"], PALETTE["ink"]])
    colours = ink.with_extremes(bad=PALETTE["band"])
    axes.imshow(joined[:, :-1], cmap=colours, vmin=0, vmax=1, interpolation="nearest")
    axes.set_xticks([place * side + (side - 2) / 2 for place in range(len(above))], above)
    axes.set_yticks([(images.shape[1] - 1) / 2] if name else [], [name] if name else [])
    axes.tick_params(top=False, bottom=False, left=False, labeltop=True, labelbottom=False, pad=2)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
