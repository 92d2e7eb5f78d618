"""Unconstrained coordinates of positive definite order parameters, for minimisers.

U_l = Lambda_l Lambda_l^T with Lambda_l lower triangular and an exp() on its diagonal, so that every vector of
coordinates is admissible and ln det U_l is a sum of coordinates. Restricted families have fewer coordinates:
"diagonal" those of the diagonals, "scalar" one number per layer, U_l = exp(2 x_l) I.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

Family = Literal["full", "diagonal", "scalar"]


@dataclass(frozen=True)
class Coordinates:
    """Coordinates of matrices of these sizes (U_1..U_L) in a family."""

    sizes: tuple[int, ...]
    family: Family = "full"

    @property
    def counts(self) -> tuple[int, ...]:
        """Number of coordinates of every matrix."""
        if self.family == "full":
            return tuple(size * (size + 1) // 2 for size in self.sizes)
        return self.sizes if self.family == "diagonal" else (1,) * len(self.sizes)

    def factors(self, vector: Tensor) -> tuple[Tensor, ...]:
        """Lambda_1..Lambda_L, (..., d_l, d_l), of coordinates (..., n)."""
        found = []
        for size, part in zip(self.sizes, torch.split(vector, list(self.counts), dim=-1), strict=True):
            factor = part.new_zeros(*part.shape[:-1], size, size)
            if self.family == "full":
                rows, columns = torch.tril_indices(size, size)
                factor[..., rows, columns] = part
                factor.diagonal(dim1=-2, dim2=-1).exp_()
            else:
                factor.diagonal(dim1=-2, dim2=-1).copy_(part.exp())
            found.append(factor)
        return tuple(found)

    def vector(self, matrices: tuple[Tensor, ...]) -> Tensor:
        """Coordinates (n,) of matrices U_1..U_L; of a restricted family, those of their (mean) diagonals."""
        parts = []
        for size, matrix in zip(self.sizes, matrices, strict=True):
            if self.family == "full":
                factor = torch.linalg.cholesky(matrix)
                factor.diagonal().log_()
                rows, columns = torch.tril_indices(size, size)
                parts.append(factor[rows, columns])
            else:
                logs = 0.5 * matrix.diagonal().log()
                parts.append(logs if self.family == "diagonal" else logs.mean().reshape(1))
        return torch.cat(parts)

    def pulled_back(self, factors: tuple[Tensor, ...], gradients: tuple[Tensor, ...]) -> Tensor:
        """Derivatives (..., n) with respect to the coordinates, of dS/dU_l (..., d_l, d_l)."""
        parts = []
        for size, factor, gradient in zip(self.sizes, factors, gradients, strict=True):
            slope = 2.0 * gradient @ factor
            diagonal = slope.diagonal(dim1=-2, dim2=-1)
            diagonal.mul_(factor.diagonal(dim1=-2, dim2=-1))
            if self.family == "full":
                rows, columns = torch.tril_indices(size, size)
                parts.append(slope[..., rows, columns])
            else:
                parts.append(diagonal if self.family == "diagonal" else diagonal.sum(-1, keepdim=True))
        return torch.cat(parts, dim=-1)
