"""The laws that those of the spectra are told apart from, each made equal in scale.

The circular law is right as alpha -> infinity, the two laws of square matrices at alpha = 1. Source: theory
notes 3.4, C2 and trap 10: at alpha = 12 the circular law cannot be told from the right one.
"""

import numpy as np
from numpy.typing import ArrayLike

from widthscope.attention.gram import FloatArray
from widthscope.spectra import product_law, radial_law


def circular_cdf(u: ArrayLike, aspect: float) -> FloatArray:
    """u^2 / alpha: eigenvalues spread evenly over the disc that the radial law fills, Ginibre's law."""
    return _fraction_of_edge(u, aspect) ** 2


def square_radial_cdf(u: ArrayLike, aspect: float) -> FloatArray:
    """u / sqrt(alpha): the radial law of square matrices (alpha = 1), stretched to the edge at this alpha."""
    return _fraction_of_edge(u, aspect)


def square_product_cdf(x: ArrayLike, aspect: float) -> FloatArray:
    """The singular-value law of square matrices (alpha = 1), stretched to the mean alpha^2 at this alpha."""
    return product_law.cdf(np.asarray(x, dtype=np.float64) / product_law.moment(1, aspect), 1.0)


def _fraction_of_edge(u: ArrayLike, aspect: float) -> FloatArray:
    return np.clip(np.asarray(u, dtype=np.float64) / radial_law.edge(aspect), 0.0, 1.0)
