"""Frequencies at which joint characteristic functions are compared."""

from widthscope.attention.gram import FloatArray
from widthscope.streams import numpy_generator

COORDINATES = 2
"""Output coordinates m whose joint law is compared: two show that coordinates share their scores."""


def joint_frequencies(count: int, tokens: int, coordinates: int = COORDINATES) -> FloatArray:
    """Frequencies w (R, m, s), iid N(0, 1), of m coordinates.

    They are part of the definition of the distance, so they are the same for every seed, width and token law.
    Source: theory notes 3.6.
    """
    return numpy_generator("limit_law", "frequencies", tokens).standard_normal((count, coordinates, tokens))
