"""How far a head's eigenvalues are from the law they have at initialisation.

The unit s = sigma_q sigma_k is matched by the Frobenius norm, s = ||W||_F / d, so that size alone is no
departure. Source: theory notes 3.4, "Trained heads".
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from widthscope.attention.gram import FloatArray
from widthscope.spectra import radial_law

_SPACINGS = 2.2  # exceeded by one or two Gaussian heads in a thousand


@dataclass(frozen=True)
class Departure:
    """Four numbers of the leading shape (...); NaN for a head that is zero or not finite.

    Attributes:
        ks: Kolmogorov-Smirnov distance of the moduli from the radial law at alpha = width / head_dim.
        outliers: number of eigenvalues beyond the law's edge times `edge_allowance`.
        positive_mass: share of sum |lambda| that eigenvalues with a positive real part have; 1/2 in the law.
        real_fraction: share of the head_dim eigenvalues that are real. At initialisation it is a finite-size
            effect, near 1.13 / sqrt(head_dim) for alpha = 1 and 0.80 / sqrt(head_dim) for large alpha: .41 to
            .10 at head_dim 8 to 64 (theory notes, trap 11; sqrt(2 m / pi) for m square real factors).
    """

    ks: FloatArray
    outliers: FloatArray
    positive_mass: FloatArray
    real_fraction: FloatArray


def edge_allowance(head_dim: int, aspect: float) -> float:
    """How many times the limit's edge the largest |lambda| of a finite random head may be.

    1 + 2.2 sqrt((1 + 1/alpha) / d_h). At the edge the law has density 1 / (pi (alpha + 1)), so the distance
    of neighbours is of order sqrt((alpha + 1) / d_h), and so is the width of the edge, unlike the d_h^(-2/3)
    of symmetric matrices. (An allowance 1 + 3 d_h^(-2/3) is passed by .004, .016, .035 and .06 of Gaussian
    heads of d_h = 8, 32, 64 and 128 at alpha = 4.) With 2.2 at most two Gaussian heads in a thousand have an
    outlier, by simulation at d_h 8 to 128 and alpha 1, 4 and 16.
    """
    return float(1 + _SPACINGS * np.sqrt((1 + 1 / aspect) / head_dim))


def departure(eigenvalues: ArrayLike, frobenius: ArrayLike, width: int) -> Departure:
    """Compare eigenvalues of heads with the law at initialisation of the same ||W||_F.

    Args:
        eigenvalues: (..., head_dim) of W, head_dim <= width.
        frobenius: (...) ||W||_F.
        width: d.

    Raises:
        ValueError: if head_dim > width.
    """
    lam = np.asarray(eigenvalues)
    head_dim = lam.shape[-1]
    aspect = width / head_dim
    u = radial_law.radius(lam, frobenius, width)
    known = np.isfinite(u).all(-1)
    modulus = np.abs(lam)
    mass = np.where(known, modulus.sum(-1), np.nan)

    def counted(share: FloatArray) -> FloatArray:
        return np.where(known, share, np.nan)

    return Departure(
        ks=counted(ks_distance(radial_law.cdf(np.sort(u, axis=-1), aspect))),
        outliers=counted(np.sum(u > radial_law.edge(aspect) * edge_allowance(head_dim, aspect), axis=-1)),
        positive_mass=np.sum(modulus * (lam.real > 0), axis=-1) / np.where(mass > 0, mass, np.nan),
        real_fraction=counted(np.mean(lam.imag == 0, axis=-1)),
    )


def ks_distance(ordered_probabilities: ArrayLike) -> FloatArray:
    """Largest |F_n - F| given F at the ascending sample points, (..., n) -> (...)."""
    F = np.asarray(ordered_probabilities, dtype=np.float64)
    n = F.shape[-1]
    above = np.arange(1, n + 1) / n - F
    below = F - np.arange(n) / n
    return np.asarray(np.maximum(above, below).max(-1), dtype=np.float64)
