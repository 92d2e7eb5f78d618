"""Kernels of the training examples as sums over pairs of paths, without materialising all pairs.

K(U) = (sigma_0^2 / D) sum_{pi pi'} U_{pi pi'} C_{pi pi'},   C_{pi pi'}(mu, nu) = xi_pi(mu) . xi_pi'(nu) / N0.

U is symmetric, so C enters only through its symmetric part. Two orders of contraction give the same numbers:

- packed: the D (D + 1) / 2 symmetrised kernels are stored once, and K is a product with the packed U.
  Best where many U share few paths; 8 P^2 D (D + 1) / 2 bytes.
- factored: K = (sigma_0^2 / (D N0)) sum_i X_i U X_i^T, with the paths contracted first; about 32 P N0 D
  bytes. Best at many paths or where the packed kernels do not fit.

`kernels_of` chooses. Any object with the members of `Kernels` serves the rest of the package.
"""

from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from widthscope.path_theory.memory_limit import refuse_too_large

# Measured on one core of a server: what a packed matrix-vector product streams, what a matrix-matrix product
# computes, and what a product costs however small it is. Only their ratios matter.
_BYTES_PER_SECOND = 1.6e10
_FLOPS_PER_SECOND = 4.8e10
_PRODUCT_SECONDS = 5e-5
# Half of 4 GB, which the smallest machines can spare; the rest is for Cholesky factors and tests. It is a
# number and no share of the memory that is free, or the same settings could give other digits on another day.
_LARGEST_PACKED_BYTES = 2e9
_REMEDY = "take fewer heads, layers or examples"


class Kernels(Protocol):
    """What the energy needs of the examples: their number, the paths, K(U) and its transpose.

    `kernel` maps U (..., D, D) to K (..., P, P); `gradient` maps a symmetric G (..., P, P) to the matrix
    (sigma_0^2 / D) sum_{mu nu} G_{mu nu} C_{pi pi'}(mu, nu) of shape (..., D, D), symmetric.
    """

    @property
    def examples(self) -> int:
        """Number of training examples, P."""
        ...

    @property
    def paths(self) -> int:
        """Number of paths, D."""
        ...

    def kernel(self, U: Tensor) -> Tensor:
        """K(U), (..., P, P), of U (..., D, D)."""
        ...

    def gradient(self, G: Tensor) -> Tensor:
        """Contraction of G (..., P, P) with all path-path kernels, (..., D, D)."""
        ...


@runtime_checkable
class OwnEnergy(Kernels, Protocol):
    """Kernels that compute energy and predictor themselves, without a P x P matrix (the primal route).

    `energy_gradient` returns E (...) and dE/dU (..., D, D) of U (..., D, D), `prediction` mean and variance
    (..., tests) at test inputs (tests, D, N0). Where a problem's kernels have these, `energy`, `minimise` and
    `predict` call them and neither `kernel` nor `gradient`, which may refuse.
    """

    def energy_gradient(self, U: Tensor, labels: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
        """E and dE/dU."""
        ...

    def prediction(
        self, U: Tensor, labels: Tensor, temperature: float, test_inputs: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Mean and variance of f at test inputs."""
        ...

    def condition(self, U: Tensor, temperature: float) -> float:
        """Condition number of K(U) + T I, of one U (D, D); NaN where it would cost too much."""
        ...


class PackedKernels:
    """Path-path kernels of inputs (P, D, N0), symmetrised and stored once."""

    def __init__(self, inputs: Tensor, variance: float = 1.0) -> None:
        self.examples, self.paths, features = inputs.shape
        refuse_too_large(
            f"packed kernels of {self.paths} attention paths and {self.examples} examples",
            packed_bytes(self.examples, self.paths),
            _REMEDY,
        )
        flat = inputs.double().transpose(0, 1)  # (D, P, N0)
        rows, columns = torch.tril_indices(self.paths, self.paths)
        self._rows, self._columns = rows, columns
        self._twice = torch.where(rows == columns, 1.0, 2.0).double()
        self._stored = torch.empty(len(rows), self.examples, self.examples, dtype=torch.float64)
        scale = variance / (self.paths * features)
        start = 0
        for row in range(self.paths):
            block = self._stored[start : start + row + 1]
            torch.matmul(flat[row] * scale, flat[: row + 1].mT, out=block)
            block.copy_(0.5 * (block + block.mT))
            start += row + 1

    def kernel(self, U: Tensor) -> Tensor:
        """K(U), (..., P, P), of U (..., D, D)."""
        packed = U[..., self._rows, self._columns] * self._twice
        flat = packed.reshape(-1, packed.shape[-1]) @ self._stored.flatten(1)
        return flat.reshape(*U.shape[:-2], self.examples, self.examples)

    def gradient(self, G: Tensor) -> Tensor:
        """Contraction of G (..., P, P) with all path-path kernels, (..., D, D)."""
        packed = G.reshape(-1, self.examples**2) @ self._stored.flatten(1).mT
        full = packed.new_empty(len(packed), self.paths, self.paths)
        full[:, self._rows, self._columns] = packed
        full[:, self._columns, self._rows] = packed
        return full.reshape(*G.shape[:-2], self.paths, self.paths)


class FactoredKernels:
    """Path-path kernels of inputs (P, D, N0) that are never formed: the paths are contracted first."""

    def __init__(self, inputs: Tensor, variance: float = 1.0) -> None:
        self.examples, self.paths, self._features = inputs.shape
        refuse_too_large(
            f"kernels of {self.paths} attention paths and {self.examples} examples",
            factored_bytes(tuple(inputs.shape)),
            _REMEDY,
        )
        self._inputs = inputs.double().contiguous()
        self._flat = self._inputs.flatten(1)
        self._scale = variance / (self.paths * self._features)

    def kernel(self, U: Tensor) -> Tensor:
        """K(U), (..., P, P), of U (..., D, D)."""
        matrices = U.reshape(-1, self.paths, self.paths)
        K = matrices.new_empty(len(matrices), self.examples, self.examples)
        for index, matrix in enumerate(matrices):
            moved = (self._scale * matrix) @ self._inputs
            torch.matmul(self._flat, moved.flatten(1).mT, out=K[index])
        return (0.5 * (K + K.mT)).reshape(*U.shape[:-2], self.examples, self.examples)

    def gradient(self, G: Tensor) -> Tensor:
        """Contraction of G (..., P, P) with all path-path kernels, (..., D, D)."""
        matrices = G.reshape(-1, self.examples, self.examples)
        by_path = self._inputs.transpose(0, 1).reshape(self.paths, -1)
        contracted = matrices.new_empty(len(matrices), self.paths, self.paths)
        for index, matrix in enumerate(matrices):
            moved = (matrix @ self._flat).view_as(self._inputs).transpose(0, 1).reshape(self.paths, -1)
            torch.matmul(by_path, moved.mT, out=contracted[index])
        contracted = 0.5 * self._scale * (contracted + contracted.mT)
        return contracted.reshape(*G.shape[:-2], self.paths, self.paths)


def packed_bytes(examples: int, paths: int) -> int:
    """Memory of packed kernels: 8 P^2 D (D + 1) / 2 bytes, and the block that is being symmetrised."""
    return 8 * examples**2 * (paths * (paths + 1) // 2 + 2 * paths)


def factored_bytes(shape: tuple[int, ...]) -> int:
    """Memory of factored kernels of inputs of shape (P, D, N0): four arrays of it, three of P x P."""
    examples, paths, features = shape
    return 8 * (4 * examples * paths * features + 3 * examples**2)


def kernels_of(inputs: Tensor, variance: float = 1.0, batch: int = 1) -> Kernels:
    """Kernels of path inputs (P, D, N0) by the way that is expected to be fastest.

    Where there are more examples than numbers in the inputs of one, P > N0 D, sums over examples, unless many
    kernels are wanted at once; else packed kernels where they are faster and take at most 2 GB, or factored
    ones. The sizes alone decide, whatever memory is free, so that results can be repeated to the last digit.

    Args:
        inputs: path inputs xi.
        variance: prior variance of the input map, sigma_0^2.
        batch: how many U a call of `kernel` will usually hold; packed kernels gain from many.

    Raises:
        PosteriorError: if the chosen way does not fit in the memory that is available, before anything is
            allocated.
    """
    from widthscope.path_theory.primal import PrimalInputs  # made of the factored kernels above

    examples, paths, features = inputs.shape
    if features * paths < examples and batch == 1:  # sums over examples form no K(U), which batches are for
        return PrimalInputs(inputs, variance)
    entries = paths * (paths + 1) // 2 * examples**2
    streamed = 2 * 8 * entries / max(1, batch) / _BYTES_PER_SECOND
    packed = max(streamed, 4 * entries / _FLOPS_PER_SECOND)
    flops = 4 * (examples**2 * features * paths + examples * features * paths**2)
    factored = flops / _FLOPS_PER_SECOND + _PRODUCT_SECONDS
    if packed <= factored and packed_bytes(examples, paths) <= _LARGEST_PACKED_BYTES:
        return PackedKernels(inputs, variance)
    return FactoredKernels(inputs, variance)
