r"""The interpolation of gradients at infinite width, in closed form.

A linear network of three layers whose readout has its rows scaled, W_L <- diag(s) W_L, with b_L = 1 and
gamma_L = kappa M / M_0, has C_gamma -> 2 kappa S^2 at large width, one kappa for each hidden layer. The first
layer's gradient is W_{3:2}^T (I + C_gamma)^-1 R with R = sum_n y_n x_n^T, and its inner products weigh
outputs by W_{3:2} W_{3:2}^T ~ S^2:

    p_kappa = (I + 2 kappa S^2)^-1 R,    <p, q>_S = sum_c s_c^2 sum_j p_cj q_cj,
    cos_BP = cos_S(p_kappa, R),          cos_GN = cos_S(p_kappa, S^-2 R) .

Source: derived in the theory notes, 3.1, from the theorem of arXiv:2411.02001 on linear networks as
restated in a public note.
"""

import numpy as np

from widthscope.attention.gram import FloatArray

HIDDEN_LAYERS = 2


def directions(R: FloatArray, scales: FloatArray, kappa: float) -> tuple[float, float]:
    """cos_BP and cos_GN of the first layer's gradient.

    Args:
        R: (C, D), targets times inputs, summed over the batch.
        scales: s (C,) of the readout's rows, positive.
        kappa: strength of the correction, at least 0.
    """
    squares = np.square(scales)[:, None]
    found = R / (1 + HIDDEN_LAYERS * kappa * squares)
    return cosine(found, R, squares), cosine(found, R / squares, squares)


def cosine(p: FloatArray, q: FloatArray, weights: FloatArray) -> float:
    """cos_S(p, q) with weights s^2 (C, 1)."""

    def product(a: FloatArray, b: FloatArray) -> float:
        return float((weights * a * b).sum())

    return product(p, q) / float(np.sqrt(product(p, p) * product(q, q)))


def row_scales(outputs: int, smallest: float) -> FloatArray:
    """s, evenly spaced from 1 down to the smallest."""
    return np.linspace(1.0, smallest, outputs)
