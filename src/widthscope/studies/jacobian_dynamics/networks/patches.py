"""Images cut into square patches, the tokens of a vision model."""

import numpy as np
from numpy.typing import ArrayLike

from widthscope.errors import DataError


def cut(images: ArrayLike, patch: int) -> np.ndarray:
    """Patches row by row; the numbers of one run over channels, rows and columns, the last fastest.

    Args:
        images: (sample, row, col) or (sample, channel, row, col).
        patch: side of a patch, a divisor of both sides of the images.

    Returns:
        (sample, token, feature), of the images' type.

    Raises:
        DataError: if the patch does not divide the images.
    """
    found = np.asarray(images)
    if found.ndim == 3:
        found = found[:, None]
    sample, channel, rows, columns = found.shape
    if rows % patch or columns % patch:
        raise DataError(
            f"images of {rows} by {columns} pixels do not split into patches of {patch} by {patch}; the "
            "patch must divide both sides"
        )
    down, across = rows // patch, columns // patch
    blocks = found.reshape(sample, channel, down, patch, across, patch).transpose(0, 2, 4, 1, 3, 5)
    return blocks.reshape(sample, down * across, channel * patch * patch)
