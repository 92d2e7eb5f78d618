"""Images as tokens: every row of pixels is one."""

import numpy as np
import xarray as xr

from widthscope.attention.gram import FloatArray


def image_tokens(digits: xr.Dataset, images: int) -> FloatArray:
    """The first images of the digits as tokens (image, 8, 8): rows of pixels, standardised over the dataset.

    One mean and one deviation for all pixels of all images keep blank pixels alike, so that tokens are
    correlated, as data are.

    Args:
        digits: with ``image`` (sample, row, col).
        images: how many.

    Raises:
        ValueError: if the dataset has fewer.
    """
    pixels = np.asarray(digits["image"].values, dtype=np.float64)
    if images > len(pixels):
        raise ValueError(f"the dataset has {len(pixels)} images, {images} were asked for")
    standardised: FloatArray = (pixels[:images] - pixels.mean()) / pixels.std()
    return standardised
