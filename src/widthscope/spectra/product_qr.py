"""All exponents over a finite horizon, from stored Jacobians: QR sweeps to and fro along the product.

The SVD of the product itself knows singular values only to about 16 digits of the largest. Here the product
stays factored: a sweep writes J_T ... J_1 Q_0 = Q_T R_T ... R_1; the next one sweeps over the factors R,
transposed and reversed, and so on. The triangles become diagonal, and the logarithms of their diagonals add
up to those of the singular values, however far apart these are (product QR-SVD; Bojanczyk, Ewerbring, Luk and
Van Dooren 1991; Stewart 1997).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.errors import DynamicsError
from widthscope.spectra.frames import null_threshold, random_frame

SWEEPS = 100


@dataclass(frozen=True)
class ProductExponents:
    """Exponents by decreasing size, -inf those of null directions.

    Attributes:
        exponents: (batch, n) ln sigma_i / T of the product.
        residuals: (batch, n) by how much the last two sweeps differ.
        converged: (batch, n) whether that is within the tolerance; null directions are.
        null: (batch, n) whether the direction is annihilated, up to rounding, by some factor.
        sweeps: how many there were.
    """

    exponents: Tensor
    residuals: Tensor
    converged: Tensor
    null: Tensor
    sweeps: int


def product_exponents(
    jacobians: Tensor,
    *,
    tolerance: float = 1e-10,
    sweeps: int = SWEEPS,
    null_tolerance: float | None = None,
) -> ProductExponents:
    """All n exponents (1/T) ln sigma_i of the product J_T ... J_1.

    Args:
        jacobians: (batch, T, n, n) float64, J_1 first.
        tolerance: of the change of an exponent from one sweep to the next.
        sweeps: the most of them; values close to one another need many.
        null_tolerance: as of `lyapunov_spectrum`.

    Raises:
        DynamicsError: if the Jacobians are not (batch, T, n, n) of float64 with T >= 1.
        ValueError: if there are fewer than two sweeps.
    """
    shape = jacobians.shape
    if len(shape) != 4 or shape[2] != shape[3] or not shape[1] or jacobians.dtype != torch.float64:
        raise DynamicsError(
            f"Jacobians of shape {tuple(shape)} and type {jacobians.dtype} have no product; they are "
            "(batch, T, n, n) and float64"
        )
    if sweeps < 2:
        raise ValueError(f"sweeps must be at least 2, not {sweeps}")
    batch, n = shape[0], shape[3]
    factors = list(jacobians.unbind(1))
    frame = random_frame(jacobians[:, 0, 0], n)  # so that the order of the coordinates plays no part
    former = jacobians.new_full((batch, n), torch.nan)
    done = 0
    while True:
        factors, exponents = _swept(factors, frame, null_tolerance)
        done += 1
        # Equal infinities differ by nothing.
        residuals = torch.where(exponents == former, 0.0, (exponents - former).abs())
        if done > 1 and ((residuals <= tolerance).all() or done == sweeps):
            break
        former = exponents
        frame = torch.eye(n, dtype=jacobians.dtype, device=jacobians.device).expand(batch, n, n)
    order = exponents.argsort(dim=-1, descending=True, stable=True)
    exponents, residuals = exponents.gather(1, order), residuals.gather(1, order)
    return ProductExponents(exponents, residuals, residuals <= tolerance, exponents == -torch.inf, done)


def _swept(factors: list[Tensor], frame: Tensor, null_tolerance: float | None) -> tuple[list[Tensor], Tensor]:
    """One sweep: the next sweep's factors, R^T in reverse, and the exponents (batch, n) as they stand.

    What rounding leaves of annihilated directions is multiplied on: it stays small and apart.
    """
    total = torch.zeros(frame.shape[:2], dtype=frame.dtype, device=frame.device)
    triangles = []
    for factor in factors:
        mapped = frame @ factor.mT
        Q, R = torch.linalg.qr(mapped.mT)
        frame, lengths = Q.mT, R.diagonal(dim1=-2, dim2=-1).abs()
        triangles.append(R.mT)
        lengths = torch.where(lengths <= null_threshold(mapped, null_tolerance), 0.0, lengths)
        total = total + lengths.log()
    return triangles[::-1], total / len(factors)
