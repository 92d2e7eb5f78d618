"""Whitening across images, as the paper's script does: few images become nearly orthogonal patterns."""

import torch
from torch import Tensor


def across_images(images: Tensor) -> Tensor:
    """C^(-1/2) X over the standard deviation of all its entries, C being the covariance of the images.

    Each image is one variable and its pixels are the draws; the mean is taken off in the covariance only.
    So the rows would be orthonormal were each image's mean 0. Whitening of pixels is another matter.

    Args:
        images: X, (image, pixel), fewer images than pixels and linearly independent.

    Source: arXiv:2212.04692, the authors' script; theory notes 2.3.
    """
    rows = images.double()
    values, vectors = torch.linalg.eigh(torch.cov(rows))
    whitened = vectors @ (values.rsqrt()[:, None] * (vectors.mT @ rows))
    scaled: Tensor = whitened / whitened.std(correction=0)
    return scaled
