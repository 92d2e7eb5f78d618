"""Predictions for the mixture of Gaussians: differences of tokens, squares of coordinates, and norms.

Everything follows from the moments of S, the variance of one output coordinate of one token given the attention weights and
values: outputs are Gaussian given S, and the coordinates of one draw share it.
"""


def mixture_second_moment(mean: float, square: float, heads: int, value_dim: float = float("inf")) -> float:
    r"""E S² of an H-head layer from the moments of one head's σ².

        E S² = (E σ²)² + [ (1 + 2/d_v) E σ⁴ - (E σ²)² ] / H

    The heads are independent, and the value and output weights multiply σ² by an independent χ²_{d_v}/d_v.

    Args:
        mean: E σ², with one head's σ² = (A K Aᵀ)_ii.
        square: E σ⁴.
        heads: number of heads H.
        value_dim: value dimension d_v; infinite for the limit law.

    Source: arXiv:2506.00846, limit theorem; finite width as derived in the theory notes, 3.4.
    """
    return mean**2 + ((1 + 2 / value_dim) * square - mean**2) / heads


def excess_kurtosis(mean: float, square: float, heads: int, value_dim: float = float("inf")) -> float:
    r"""Excess kurtosis 3 Var(S)/E(S)² of one output coordinate; arguments as in `mixture_second_moment`."""
    return 3 * (mixture_second_moment(mean, square, heads, value_dim) / mean**2 - 1)


def difference_moments(tokens: int, m2: float, m4: float) -> tuple[float, float]:
    r"""Mean and second moment of q = |a - b|² for two independent rows a, b of the limit attention matrix, K = I.

    With K = I the score rows are iid, and rows sum to 1, so that E[a·b | a] = 1/s and

        E q  = 2 m₂ - 2/s
        E q² = 2 m₄ + 2 m₂² - 8 m₂/s + 4 [ m₂²/s + (1 - m₂)²/(s(s-1)) ] .

    The last bracket is E (a·b)² = Σ_jk (E a_j a_k)², of which s terms are (m₂/s)² and s(s-1) are ((1-m₂)/(s(s-1)))².

    Args:
        tokens: number of tokens s >= 2.
        m2: E Σ_j a_j².
        m4: E (Σ_j a_j²)².
    """
    s = tokens
    overlap = m2**2 / s + (1 - m2) ** 2 / (s * (s - 1))
    return 2 * m2 - 2 / s, 2 * m4 + 2 * m2**2 - 8 * m2 / s + 4 * overlap


def square_correlation(mean: float, square: float) -> float:
    r"""Correlation of y_α² and y_β² for two coordinates of one token: V/(2μ² + 3V), μ = E S, V = Var S.

    Both squares have mean μ and variance 3 E S² - μ² = 2μ² + 3V, and their covariance is V, the shared S.

    Args:
        mean: E S.
        square: E S².
    """
    variance = square - mean**2
    return variance / (2 * mean**2 + 3 * variance)


def norm_variance(mean: float, square: float, width: float) -> float:
    r"""Variance of |y_i|²/n, which is S χ²_n/n: (1 + 2/n) E S² - (E S)².

    Args:
        mean: E S.
        square: E S².
        width: number n of output coordinates; infinite for the limit Var S > 0.
    """
    return (1 + 2 / width) * square - mean**2
