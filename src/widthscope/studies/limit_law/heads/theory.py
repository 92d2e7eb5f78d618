"""Prediction for many heads on random tokens: what is left of the excess kurtosis at finite width."""

from widthscope.attention.softmax_moments import softmax_moments

_STEP = 1e-3
"""Step of the central difference in the score variance; its error is of the order of its square."""


def random_token_constant(tokens: int) -> float:
    r"""lim_{n→∞} n · lim_{H→∞} exkurt of one output coordinate, for the `clip` tokens.

    With infinitely many heads the conditional variance of token 1 averages to f(K̂) = E aᵀK̂a with a =
    softmax(p), p ~ N(0, K̂₁₁ K̂). It is random through the Gram K̂ = r W alone, r = χ²_n/n and W ~
    Wishart_s(n, I)/n. To first order in δK = K̂ - I,

        δf = Σ_j α_j δK_jj + β Σ_{j<k} δK_jk,
        α_j = m₂/s + D/2 + 1{j=1} sD/2,   β = 2(1 - m₂)/(s(s-1)) - D/(s-1),   D = (2/s) dm₂/dv,

    where m₂ = E Σ_j a_j² at score variance v = 1. The terms in m₂ come from K̂ between the a's, those in D
    from the law of p: with h = Σ_j a_j², E ∂_j∂_k h is D for j = k (heat equation) and -D/(s-1) otherwise
    (shift invariance), and δK₁₁ scales all of it. As n Var δr = n Var δW_jj = 2 and n Var δW_jk = 1, the
    constant 3 n Var(f)/f² is

        (3/m₂²) [ 2 (Σ_j α_j)² + 2 Σ_j α_j² + β² s(s-1)/2 ] .

    Args:
        tokens: number of tokens s >= 2.

    Source: derived here; the theory notes (6, trap 6) measure 18.7 at s = 4, this formula gives 18.89.
    """
    s = tokens
    m2 = softmax_moments(s, 1.0).m2
    slope = (softmax_moments(s, 1 + _STEP).m2 - softmax_moments(s, 1 - _STEP).m2) / (2 * _STEP)
    D = 2 * slope / s
    own = m2 / s + D * (1 + s) / 2
    other = m2 / s + D / 2
    pair = 2 * (1 - m2) / (s * (s - 1)) - D / (s - 1)
    whole = (own + (s - 1) * other) ** 2
    return 3 / m2**2 * (2 * whole + 2 * (own**2 + (s - 1) * other**2) + pair**2 * s * (s - 1) / 2)
