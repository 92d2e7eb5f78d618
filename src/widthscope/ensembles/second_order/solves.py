r"""Rows times powers of a ridge-regularised Gram matrix, on whichever side of it is smaller.

For a factor S^T S (n, n) of K rows S and wanted rows Y (N, n),

    Y (S^T S + rho)^{-e} = P (S S^T + rho)^{-e} S                                   where Y = P S,
                         = rho^{-e} Y + Y S^T U [(f(lambda) - f(0)) / lambda] U^T S  for any Y,

S S^T = U diag(lambda) U^T and f(t) = (t + rho)^{-e}; the second is Woodbury's identity for e = 1. Both need
only K x K matrices, and the first loses no digits to a small rho. Where n <= K the n x n matrix is used.

Source: arXiv:2312.12226 has the update; its dual form is derived in the theory notes, 3.1.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.ensembles.parameters import column


@dataclass(frozen=True)
class Factor:
    """A positive semidefinite matrix S^T S, known by its rows.

    Attributes:
        rows: S, (member, K, n).
        coordinates: P (member, N, K) with P S the rows that the power is applied to, where these are
            combinations of S; None where they are not.
    """

    rows: Tensor
    coordinates: Tensor | None = None

    def trace(self) -> Tensor:
        """tr S^T S, (member,)."""
        return self.rows.square().flatten(1).sum(dim=1)

    def matrix(self) -> Tensor:
        """S^T S itself, (member, n, n)."""
        return torch.bmm(self.rows.mT, self.rows)


def preconditioned(wanted: Tensor, factor: Factor, ridge: Tensor, exponent: float) -> Tensor:
    """Y (S^T S + rho)^-e, (member, N, n).

    A member whose matrix is singular to rounding, or is not finite, gets NaN, so that it diverges alone.

    Args:
        wanted: Y, (member, N, n).
        factor: of S.
        ridge: rho > 0, (member,).
        exponent: e >= 0.
    """
    if exponent == 0:
        return wanted
    rows, dimension = factor.rows, factor.rows.shape[2]
    if dimension <= rows.shape[1]:
        return power_applied(factor.matrix(), wanted, ridge, exponent)
    gram = torch.bmm(rows, rows.mT)
    if factor.coordinates is not None:
        return torch.bmm(power_applied(gram, factor.coordinates, ridge, exponent), rows)
    overlaps = torch.bmm(wanted, rows.mT)
    if exponent == 1:
        inside = power_applied(gram, overlaps, ridge, 1.0)
        return (wanted - torch.bmm(inside, rows)) / column(ridge, wanted)
    return column(power(ridge, -exponent), wanted) * wanted + torch.bmm(
        _difference_applied(gram, overlaps, ridge, exponent), rows
    )


def power_applied(matrix: Tensor, rows: Tensor, ridge: Tensor, exponent: float) -> Tensor:
    """Rows (member, N, k) times (matrix + rho)^-e, the matrix (member, k, k) positive semidefinite."""
    if exponent == 1:
        return _solved(matrix, rows, ridge)
    values, vectors = finite_eigh(matrix)
    scaled = power(values + ridge[:, None], -exponent)
    return torch.bmm(torch.bmm(rows, vectors) * scaled[:, None], vectors.mT)


def power(values: Tensor, exponent: float) -> Tensor:
    """Positive values to a power; `Tensor.pow` rounds the last places of a tensor otherwise than the rest."""
    return torch.exp(exponent * torch.log(values))


def finite_eigh(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvalues, at least 0, and vectors; NaN where a member's matrix is not finite.

    LAPACK refuses the whole batch for one such member, and float32 leaves slightly negative eigenvalues, of
    which a power would be NaN.
    """
    finite = matrix.isfinite().flatten(1).all(dim=1)
    identity = torch.eye(matrix.shape[1], dtype=matrix.dtype, device=matrix.device)
    values, vectors = torch.linalg.eigh(torch.where(column(finite, matrix), matrix, identity))
    return torch.where(column(finite, values), values.clamp(min=0), torch.nan), vectors


def _solved(matrix: Tensor, rows: Tensor, ridge: Tensor) -> Tensor:
    """Rows times (matrix + rho)^-1, by Cholesky factors."""
    ridged = matrix.clone()
    ridged.diagonal(dim1=1, dim2=2).add_(ridge[:, None])
    lower, failed = torch.linalg.cholesky_ex(ridged)
    solution = torch.cholesky_solve(rows.mT, lower).mT
    # An infinite entry of the diagonal leaves a factor that looks sound.
    sound = (failed == 0) & lower.diagonal(dim1=1, dim2=2).sum(dim=1).isfinite()
    return torch.where(column(sound, solution), solution, torch.nan)


def _difference_applied(gram: Tensor, rows: Tensor, ridge: Tensor, exponent: float) -> Tensor:
    """Rows times U [(f(lambda) - f(0)) / lambda] U^T."""
    values, vectors = finite_eigh(gram)
    relative = values / ridge[:, None]
    quotient = torch.expm1(-exponent * torch.log1p(relative))
    # Where lambda vanishes so does S^T u: any finite bracket will do, and this one is 0.
    quotient = quotient / relative.clamp(min=torch.finfo(gram.dtype).tiny)
    bracket = quotient * power(ridge, -exponent - 1)[:, None]
    return torch.bmm(torch.bmm(rows, vectors) * bracket[:, None], vectors.mT)
