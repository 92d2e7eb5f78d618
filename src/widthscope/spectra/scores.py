"""Numbers that summarise one head's spectrum: trace score, concentration, and three named variances.

All take `Traces` of any leading shape. Source: theory notes 2 and 3.4; the zero matrix has no score and no
concentration, and gets NaN.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from widthscope.attention.gram import FloatArray
from widthscope.spectra.query_key import Traces


def trace_score(traces: Traces, width: int) -> FloatArray:
    r"""z = tr(W) sqrt(d) / ||W||_F, the trace in units of its standard deviation under a random rotation.

    If W_K is replaced by W_K O with O Haar in O(d), z has mean 0 and variance 1 exactly, whatever W_Q and W_K
    are (d >= 2). |z| <= sqrt(d r) for rank r. Source: theory notes 2 and 3.4.
    """
    return _ratio(traces.trace * np.sqrt(width), traces.frobenius)


def trace_score_p_value(score: ArrayLike) -> FloatArray:
    """Two-sided p-value of trace scores under the Haar null, P(|N(0, 1)| >= |z|).

    The exact null has excess kurtosis -6 (d s - 1) / ((d - 1)(d + 2)) <= 0 with s = tr (W W^T)^2 / ||W||_F^4
    (`haar.excess_kurtosis`), so the normal tail errs on the safe side, by O(1 / d).
    """
    return np.asarray(
        special.erfc(np.abs(np.asarray(score, dtype=np.float64)) / np.sqrt(2)), dtype=np.float64
    )


def concentration(traces: Traces, head_dim: int) -> FloatArray:
    """kappa = (tr W)^2 / (r ||W||_F^2) with r = head_dim, between 0 and 1; 1 iff W is c times a projector of
    rank r. Equals z^2 / (d r). Source: theory notes 2.
    """
    return _ratio(traces.trace**2, head_dim * traces.frobenius_square)


def var_tr2(traces: Traces, width: int) -> FloatArray:
    """tr(W^2) / d - m^2 with m = tr(W) / d: the mean of (lambda - m)^2 over all d complex eigenvalues.

    Negative where the eigenvalues are mostly imaginary; a variance of eigenvalues only if they are real.
    """
    return traces.trace_of_square / width - (traces.trace / width) ** 2


def var_fro(traces: Traces, width: int) -> FloatArray:
    """||W||_F^2 / d - m^2 = ||W - m I||_F^2 / d, m = tr(W) / d; at least the mean of |lambda - m|^2."""
    return traces.frobenius_square / width - (traces.trace / width) ** 2


def var_sym(traces: Traces, width: int) -> FloatArray:
    """Variance of the d eigenvalues of (W + W^T) / 2: (tr W^2 + ||W||_F^2) / (2 d) - m^2."""
    mean_square = (traces.trace_of_square + traces.frobenius_square) / (2 * width)
    return mean_square - (traces.trace / width) ** 2


def _ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """Quotient, NaN where the denominator is zero."""
    known = np.asarray(denominator) > 0
    return np.where(known, numerator, np.nan) / np.where(known, denominator, 1.0)
