"""Prediction for the difference of two tokens' outputs; for one token see `attention.softmax_moments`."""

from widthscope.attention.softmax_moments import VarianceMoments, softmax_moments


def difference_moments(tokens: int) -> VarianceMoments:
    r"""Moments of the one-head variance q = |a - b|² of y_i - y_j in the limit law with K = I.

    The rows a, b of A are then independent softmaxes of iid N(0, 1) scores. Rows sum to 1, so E[a·b | a] =
    1/s, and with m₂ = E |a|², m₄ = E |a|⁴

        E q  = 2 m₂ - 2/s
        E q² = 2 m₄ + 2 m₂² - 8 m₂/s + 4 [ m₂²/s + (1 - m₂)²/(s(s-1)) ] .

    The bracket is E (a·b)² = Σ_jk (E a_j a_k)²: s terms (m₂/s)² and s(s-1) terms ((1 - m₂)/(s(s-1)))².

    Args:
        tokens: number of tokens s >= 2.

    Source: derived here from the limit law of arXiv:2506.00846; the theory notes (4, token-difference) give
    the excess kurtosis 1.930 at s = 4 from a million draws, this formula 1.9274.
    """
    s = tokens
    q = softmax_moments(s, 1.0)
    overlap = q.m2**2 / s + (1 - q.m2) ** 2 / (s * (s - 1))
    return VarianceMoments(
        mean=2 * q.m2 - 2 / s,
        square=2 * q.m4 + 2 * q.m2**2 - 8 * q.m2 / s + 4 * overlap,
    )
