r"""One update in the space of the batch: N x N matrices in place of M x M ones.

With the Gram matrices K = a_{l-1} a_{l-1}^T / N and S = delta_l delta_l^T / N of a batch of N samples, one
update of W_l alone changes the layer's pre-activations on the same batch by

    Delta h_l = -eta_l R delta_l,    R = K (K + rho_A)^{-e_A} (S + rho_B)^{-e_B}              (K-FAC family)
                                     R = J diag(s^2 + rho)^{-2e} J^T / N,  J = a_{l-1} V        (Shampoo)

where G = U diag(s) V^T is the thin singular value decomposition of the gradient: (Z^T Z + rho)^{-p} Z^T =
Z^T (Z Z^T + rho)^{-p} for every Z, and U^T = s^{-1} V^T G^T. With K = Q k Q^T the right singular vectors
enter through the eigenvectors Y and eigenvalues s^2 of k^{1/2} Q^T S Q k^{1/2}, for J / sqrt N = Q k^{1/2} Y.
So each row of an experiment on given weights costs some products of N x N matrices.

Source: theory notes 3.1 and 3.2; arXiv:2312.12226 for the updates.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.parameterisations.methods import Method


@dataclass(frozen=True)
class Gram:
    """An N x N positive semi-definite matrix (..., N, N) with its eigenvalues (..., N) and eigenvectors."""

    matrix: Tensor
    values: Tensor
    vectors: Tensor

    @classmethod
    def of(cls, rows: Tensor) -> "Gram":
        """Of rows (..., N, n): their products over N."""
        matrix = rows @ rows.mT / rows.shape[-2]
        values, vectors = torch.linalg.eigh(matrix)
        return cls(matrix, values.clamp(min=0), vectors)

    @property
    def trace(self) -> Tensor:
        """(...,), also the trace of the n x n factor of the same rows."""
        return self.values.sum(-1)

    def power(self, exponent: float, damping: Tensor) -> Tensor:
        """(G + damping)^-exponent for a damping (...,)."""
        if exponent == 0:
            return torch.eye(self.matrix.shape[-1], dtype=self.matrix.dtype, device=self.matrix.device)
        factors = torch.pow(self.values + damping[..., None], -exponent)
        powered: Tensor = self.vectors * factors[..., None, :] @ self.vectors.mT
        return powered


def kfac_response(
    inputs: Gram, signals: Gram, method: Method, dampings: tuple[Tensor, Tensor], identity: bool
) -> Tensor:
    """R of the K-FAC family; with powers 0 and 0 that of gradient descent.

    Args:
        inputs, signals: K and S of the layer.
        method: its powers are e_A and e_B.
        dampings: rho_A and rho_B.
        identity: whether the output factor is the identity, as the Gauss-Newton one of the readout is.
    """
    response = inputs.matrix @ inputs.power(method.inputs, dampings[0])
    return response if identity else response @ signals.power(method.outputs, dampings[1])


def shampoo_response(inputs: Gram, signals: Gram, method: Method, ridge: float) -> Tensor:
    """R of Shampoo without accumulation, with a ridge relative to the largest eigenvalue of G G^T."""
    root = inputs.vectors * inputs.values.sqrt()[..., None, :]
    squares, vectors = torch.linalg.eigh(root.mT @ signals.matrix @ root)
    squares = squares.clamp(min=0)
    reached = root @ vectors
    # The exponent per side is half of the power of |a|^2 and of |delta|^2, and both sides act: 2e.
    factors = torch.pow(squares + ridge * squares[..., -1:], -method.inputs)
    response: Tensor = reached * factors[..., None, :] @ reached.mT
    return response


def root_mean_square(response: Tensor, signals: Gram, width: int) -> Tensor:
    """Root mean square over samples and coordinates of R delta, (...,), from R and S alone."""
    squares = ((response @ signals.matrix) * response).sum((-2, -1))
    return (squares.clamp(min=0) / width).sqrt()
