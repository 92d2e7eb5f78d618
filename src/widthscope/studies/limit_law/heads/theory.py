"""Prediction for many heads on random tokens: what is left of the excess kurtosis at finite width."""


def random_token_constant(tokens: int, m2: float, slope: float) -> float:
    r"""lim_{n→∞} lim_{H→∞} n · exkurt of one output coordinate, for the `clip` tokens.

    With infinitely many heads the conditional variance of token 1 averages to f(K̂) = E aᵀK̂a, a =
    softmax(p) with p ~ N(0, K̂₁₁ K̂), which is random through the Gram K̂ = r W alone, r = χ²_n/n and W ~
    Wishart_s(n, I)/n. To first order in δK = K̂ - I, with h = Σ_j a_j² and E ∂_j∂_k h = D (j = k) or
    -D/(s-1) (j ≠ k, by shift invariance),

        δf = Σ_j α_j δK_jj + β Σ_{j<k} δK_jk,     α_j = m₂/s + D/2 + 1{j=1} sD/2,
        β = 2(1 - m₂)/(s(s-1)) - D/(s-1),         D = (2/s) dm₂/dv,

    the last by the heat equation, v being the variance of a score.
    As n Var δr = n Var δW_jj = 2 and n Var δW_jk = 1, the constant 3 n Var(f)/f² is

        (3/m₂²) [ 2 (Σ_j α_j)² + 2 Σ_j α_j² + β² s(s-1)/2 ] .

    Args:
        tokens: number of tokens s >= 2.
        m2: E Σ_j a_j² at v = 1 with K = I.
        slope: dm₂/dv at v = 1.

    Source: derived here; the theory notes (6, trap 6) measure 18.7 at s = 4, this formula gives 18.89.
    """
    s = tokens
    curvature = 2 * slope / s
    own = m2 / s + curvature * (1 + s) / 2
    other = m2 / s + curvature / 2
    pair = 2 * (1 - m2) / (s * (s - 1)) - curvature / (s - 1)
    scale = (own + (s - 1) * other) ** 2
    return 3 / m2**2 * (2 * scale + 2 * (own**2 + (s - 1) * other**2) + pair**2 * s * (s - 1) / 2)
