"""Largest singular values of a map that is only applied: Golub-Kahan bidiagonalisation.

Power iteration would do for one value; this finds several, in 10 to 40 applications of the map and of its
transpose, and says how far it got. Source: Golub and Kahan 1965; reorthogonalised in full.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.spectra.dynamics import checked_state
from widthscope.spectra.orthonormal import Orthonormal

SUBSPACE = 128
_EPS = torch.finfo(torch.float64).eps


@dataclass(frozen=True)
class LargestSingular:
    """Singular values by decreasing size, whether or not they converged.

    Attributes:
        values: (batch, count).
        residuals: (batch, count) |A^T u - sigma v|, which bounds the distance to the nearest singular value.
        converged: (batch, count) whether the residual is within the tolerance.
        iterations: how often the map and its transpose were applied.
    """

    values: Tensor
    residuals: Tensor
    converged: Tensor
    iterations: int


def largest_singular_values(
    matvec: Callable[[Tensor], Tensor],
    rmatvec: Callable[[Tensor], Tensor],
    start: Tensor,
    count: int = 1,
    *,
    tolerance: float = 1e-9,
    subspace: int | None = None,
) -> LargestSingular:
    """The `count` largest singular values of a linear map for each state of a batch.

    The subspace grows until all values of all states have converged, or to its bound. From one start vector
    a repeated value is found again only once the subspace is invariant; then all copies are.

    Args:
        matvec: A on k vectors, (batch, k, n) -> (batch, k, n).
        rmatvec: A^T, the same.
        start: (batch, n) float64; random, so that it is orthogonal to no singular vector.
        count: how many, at most n.
        tolerance: of a residual, relative to its value; never below the rounding of the largest value.
        subspace: largest dimension; min(n, max(128, 4 count)) where None.

    Raises:
        ValueError: if count is not within 1 and n, or the subspace holds fewer than `count` vectors.
    """
    batch, n = checked_state(start).shape
    bound = min(n, max(SUBSPACE, 4 * count) if subspace is None else subspace)
    if not 1 <= count <= bound:
        raise ValueError(
            f"count must be within 1 and {bound}, the smaller of n and the subspace, not {count}"
        )
    left, right = (Orthonormal(batch, n, bound, start.dtype, start.device) for _ in range(2))
    right.extend(start)
    B = start.new_zeros(batch, bound, bound)
    found = LargestSingular(start, start, start > 0, 0)
    check = max(count, 4)
    for j in range(bound):
        coefficients, alpha = left.extend(matvec(right.vectors[:, j, None])[:, 0])
        B[:, :j, j] = coefficients[:, :j]
        B[:, j, j] = alpha
        _, beta = right.extend(rmatvec(left.vectors[:, j, None])[:, 0])
        if j + 1 == check or j + 1 == bound:
            found = _judged(B[:, : j + 1, : j + 1], beta, count, tolerance, n)
            if found.converged.all():
                break
            check += max(4, check // 4)
    return found


def _judged(B: Tensor, beta: Tensor, count: int, tolerance: float, n: int) -> LargestSingular:
    """What the bidiagonal part (batch, m, m) says; NaN, not converged, where the map was not finite."""
    finite = B.isfinite().all(-1).all(-1) & beta.isfinite()
    left, values, _ = torch.linalg.svd(torch.where(finite[:, None, None], B, 0.0))
    values = torch.where(finite[:, None], values, torch.nan)
    residuals = beta[:, None] * left[:, -1, :].abs()
    rounding = 4 * _EPS * n**0.5 * values[:, :1]
    converged = residuals <= torch.maximum(tolerance * values, rounding)
    # A value beneath one that has not converged may still have one above it that has not shown yet.
    settled = converged[:, :count].cumprod(-1).bool()
    return LargestSingular(values[:, :count], residuals[:, :count], settled, B.shape[-1])
