"""Exact moments at finite size, beside the limit laws of `widthscope.spectra`."""


def product_moments(head_dim: int, width: int) -> tuple[float, float]:
    r"""First two moments of the squared singular values of W_Q^T W_K over d_h^2, entries N(0, 1), at any
    size.

    With A = W_Q W_Q^T and B = W_K W_K^T, independent Wishart matrices of d degrees of freedom, and E B X B =
    d^2 X + d (X^T + tr(X) I):

        d_h^3 m_1 = E tr AB = d^2 d_h ,
        d_h^5 m_2 = E tr ABAB = (d^2 + d) E tr A^2 + d E (tr A)^2 ,
        E tr A^2 = d d_h (d + d_h + 1) ,   E (tr A)^2 = d^2 d_h^2 + 2 d d_h .

    As d_h -> infinity at alpha = d/d_h they tend to alpha^2 and alpha^4 + 2 alpha^3. Derived here; the theory
    notes 3.4 have the limits.
    """
    d, n = float(width), float(head_dim)
    trace_of_square, square_of_trace = d * n * (d + n + 1), d**2 * n**2 + 2 * d * n
    return d**2 / n**2, ((d**2 + d) * trace_of_square + d * square_of_trace) / n**5
