"""Four tokens with a Gram matrix that has no symmetry, the same at every width."""

import numpy as np

from widthscope.attention.gram import FloatArray, root
from widthscope.streams import numpy_generator

TOKENS = 4


def generic_gram() -> FloatArray:
    """A positive definite K (4, 4) without symmetry.

    A Gram matrix that is not a multiple of I plus a constant shows errors that symmetric ones hide, such as
    scores that are independent between queries (theory notes 6, trap 4).
    """
    return np.array(
        [
            [1.2, 0.5, -0.3, 0.2],
            [0.5, 0.9, 0.1, -0.4],
            [-0.3, 0.1, 1.1, 0.6],
            [0.2, -0.4, 0.6, 1.4],
        ]
    )


def generic_tokens(width: int) -> FloatArray:
    """Tokens X (4, d) with X X^T / d = K exactly, in a random position of R^d.

    Raises:
        ValueError: if d < 4.
    """
    if width < TOKENS:
        raise ValueError(f"{TOKENS} tokens of full rank need a width of at least {TOKENS}, not {width}")
    gaussian = numpy_generator("limit_law", "generic position", width).standard_normal((width, TOKENS))
    frame, _ = np.linalg.qr(gaussian)
    X: FloatArray = np.sqrt(width) * root(generic_gram()) @ frame.T
    return X


def generic_functional() -> FloatArray:
    """The matrix T (4, 4) of the linear functional tr(T^T G) of the scores, without symmetry."""
    return numpy_generator("limit_law", "score functional").standard_normal((TOKENS, TOKENS))
