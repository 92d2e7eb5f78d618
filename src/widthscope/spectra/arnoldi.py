"""Leading eigenvalues of a map that is only applied: Arnoldi's iteration, for many states at once.

Power iteration does not converge where the leading pair is complex. Source: Arnoldi 1951; the restart keeps
the wanted Schur vectors (Stewart 2001, Krylov-Schur), in complex arithmetic, so that a pair may be cut.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import lapack, schur
from torch import Tensor

from widthscope.spectra.dynamics import checked_state
from widthscope.spectra.orthonormal import Orthonormal

SUBSPACE = 80
RESTARTS = 20
_EPS = torch.finfo(torch.float64).eps


@dataclass(frozen=True)
class Leading:
    """Eigenvalues by decreasing modulus, whether or not they converged.

    Attributes:
        values: (batch, count) complex128; a pair's member with the positive imaginary part comes first.
        residuals: (batch, count) |A x - lambda x| of the unit vectors x; lambda is an eigenvalue of a matrix
            that differs from A by no more than this.
        converged: (batch, count) whether the residual is within the tolerance.
        iterations: how often the map was applied to a vector.
    """

    values: Tensor
    residuals: Tensor
    converged: Tensor
    iterations: int


def leading_eigenvalues(
    matvec: Callable[[Tensor], Tensor],
    start: Tensor,
    count: int,
    *,
    tolerance: float = 1e-9,
    subspace: int | None = None,
    restarts: int = RESTARTS,
) -> Leading:
    """The `count` eigenvalues of largest modulus of a real linear map, for each state of a batch.

    The subspace grows to its bound; then the wanted part is kept and it grows again, until all values of all
    states have converged or `restarts` are used up. What has not converged is returned all the same, with its
    residual. From one start vector a repeated eigenvalue is found again only once the subspace is invariant.

    Args:
        matvec: A on k vectors, (batch, k, n) -> (batch, k, n).
        start: (batch, n) float64; random, so that it lacks no eigenvector.
        count: how many, at most n.
        tolerance: of a residual, relative to the modulus; never below the rounding of A's norm.
        subspace: largest dimension, above count + 1 or n; min(n, max(80, 3 count)) where None.
        restarts: how often the subspace may begin anew from its wanted part.

    Raises:
        ValueError: if count is not within 1 and n, or the subspace has no room for it.
    """
    batch, n = checked_state(start).shape
    bound = min(n, max(SUBSPACE, 3 * count) if subspace is None else subspace)
    if not 1 <= count <= n or bound < min(n, count + 2):
        raise ValueError(
            f"{count} eigenvalues of n = {n} need a subspace of at least {min(n, count + 2)} and a count "
            f"within 1 and n, not a subspace of {bound}"
        )
    basis = Orthonormal(batch, n, bound + 1, start.dtype, start.device)
    basis.extend(start)
    # A V_m = V_(m+1) H: the last row is how far A leads out of the subspace.
    H = start.new_zeros(batch, bound + 1, bound)
    m, applied, check = 0, 0, max(count + 2, 8)
    while True:
        coefficients, length = basis.extend(_applied(matvec, basis.vectors[:, m]))
        H[:, : coefficients.shape[1], m] = coefficients
        H[:, m + 1, m] = length
        m, applied = m + 1, applied + 1
        if m < min(check, bound):
            continue
        found = _judged(H[:, : m + 1, :m], count, tolerance, n, applied)
        if found.converged.all() or m == n or (m == bound and restarts == 0):
            return found
        check += max(4, check // 4)
        if m == bound:
            restarts -= 1
            m, H = _restarted(basis, H, count)
            check = m + max(4, (bound - m) // 2)


def _applied(matvec: Callable[[Tensor], Tensor], vector: Tensor) -> Tensor:
    """A v of one vector (batch, n), real or complex, of a real A."""
    if not vector.is_complex():
        return matvec(vector[:, None])[:, 0]
    parts = matvec(torch.stack([vector.real, vector.imag], dim=1))
    return torch.complex(parts[:, 0], parts[:, 1])


def _judged(H: Tensor, count: int, tolerance: float, n: int, applied: int) -> Leading:
    """What H (batch, m + 1, m) says; NaN, not converged, where the map was not finite."""
    m = H.shape[-1]
    finite = H.isfinite().all(-1).all(-1)
    values, vectors = torch.linalg.eig(torch.where(finite[:, None, None], H[:, :m], 0.0))
    order = by_modulus(values)[:, :count]
    values = torch.where(finite[:, None], values.gather(1, order), torch.nan)
    last = H[:, m:].to(vectors.dtype) @ vectors / vectors.norm(dim=1, keepdim=True)
    residuals = torch.where(finite[:, None], last[:, 0].abs().gather(1, order), torch.nan)
    rounding = 4 * _EPS * n**0.5 * torch.linalg.matrix_norm(H)
    converged = residuals <= torch.maximum(tolerance * values.abs(), rounding[:, None])
    # A value beneath one that has not converged may still be overtaken.
    return Leading(values, residuals, converged.cumprod(-1).bool(), applied)


def by_modulus(values: Tensor) -> Tensor:
    """Order (batch, n) of complex values by decreasing modulus to six digits, then by imaginary part."""
    # A pair's moduli are equal but for errors, which must not decide which of it comes first.
    upper = values.imag.argsort(dim=-1, descending=True, stable=True)
    mantissa, exponent = torch.frexp(values.abs().gather(-1, upper))
    rounded = torch.ldexp((mantissa * 2**20).round(), exponent)
    return upper.gather(-1, rounded.argsort(dim=-1, descending=True, stable=True))


def _restarted(basis: Orthonormal, H: Tensor, count: int) -> tuple[int, Tensor]:
    """Shrink the subspace to its wanted part, between what is asked for and what there is room for."""
    batch, _, bound = H.shape
    kept = min(bound - 1, count + (bound - count) // 3)
    rotation = np.zeros((batch, bound + 1, kept + 1), dtype=np.complex128)
    shrunk = np.zeros((batch, bound + 1, bound), dtype=np.complex128)
    for item, matrix in enumerate(H.cpu().numpy()):
        T, Z = _leading_schur(np.nan_to_num(matrix[:bound]), kept)
        rotation[item, :bound, :kept] = Z
        rotation[item, bound, kept] = 1
        shrunk[item, :kept, :kept] = T
        shrunk[item, kept, :kept] = matrix[bound] @ Z
    basis.turn(torch.from_numpy(rotation).to(H.device))
    return kept, torch.from_numpy(shrunk).to(H.device)


def _leading_schur(
    matrix: NDArray[np.complex128] | NDArray[np.float64], kept: int
) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """Schur form and vectors of the `kept` eigenvalues of largest modulus, T (kept, kept) and Z (m, kept)."""
    T, Z = schur(matrix, output="complex")
    wanted = np.zeros(len(T), dtype=np.int32)
    wanted[np.argsort(-np.abs(np.diag(T)), kind="stable")[:kept]] = 1
    T, Z, _, _, _, _, info = lapack.ztrsen(wanted, T, Z, job="N")
    if info:
        raise RuntimeError(f"LAPACK's ztrsen failed with info = {info}")
    return np.asarray(T[:kept, :kept]), np.asarray(Z[:, :kept])
