"""Kernels built over blocks of examples that are read lazily, and an energy with one P x P matrix in memory.

For many examples whose inputs hold more numbers than there are examples, M = D N0 >= P, where sums over
examples would be larger than the kernel. The inputs stay where they are, a dask array, for example of a zarr
store; they are read a block at a time, and again for every block of rows. Of every symmetric P x P matrix
only the lower triangle is formed; LAPACK factors and inverts it in its place, and G = A - alpha alpha^T is
formed one pair of blocks at a time. So P = 20,000 takes 3.2 GB and the blocks, where the plain form takes
13 GB.
"""

import math
from collections.abc import Iterator
from typing import Any

import dask.array as da
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import lapack
from torch import Tensor

from widthscope.errors import PosteriorError
from widthscope.path_theory.cross_kernels import kernel_diagonal
from widthscope.path_theory.memory import block_bytes
from widthscope.path_theory.memory_limit import refuse_too_large

Matrix = NDArray[np.float64]


def in_blocks(inputs: da.Array, block: int) -> list[tuple[slice, da.Array]]:
    """Lazy blocks of at most `block` examples, with the examples that each holds."""
    lazy = da.rechunk(inputs, (block, -1, -1))  # type: ignore[no-untyped-call]
    ends = [int(end) for end in np.cumsum(lazy.chunks[0])]
    spans = [slice(start, end) for start, end in zip([0, *ends], ends, strict=False)]
    return [(span, lazy.blocks[index]) for index, span in enumerate(spans)]


def loaded(lazy: da.Array) -> Tensor:
    """The numbers of a lazy block, in float64, computed in this thread: those of BLAS are busy enough."""
    numbers = lazy.compute(scheduler="synchronous")  # type: ignore[no-untyped-call]
    return torch.from_numpy(np.array(numbers, dtype=np.float64))


class BlockedKernels:
    """Kernels of path inputs (P, D, N0), a dask array of which `block` examples are in memory at a time."""

    def __init__(self, inputs: da.Array, variance: float = 1.0, block: int = 1000) -> None:
        self.examples, self.paths, self._features = inputs.shape
        refuse_too_large(
            f"one kernel of {self.examples} examples and blocks of {block} of them",
            block_bytes(self.examples, self.paths * self._features, block),
            "take fewer examples or smaller blocks",
        )
        self._lazy = in_blocks(inputs, block)
        self._variance = variance
        self._scale = variance / (self.paths * self._features)

    def kernel(self, U: Tensor) -> Tensor:
        """K(U), (P, P), of one U (D, D)."""
        lower = self._lower(U)
        full: Tensor = torch.from_numpy(lower.T).triu_()
        return full + full.triu(1).mT

    def gradient(self, G: Tensor) -> Tensor:
        """Contraction of one symmetric G (P, P) with all path-path kernels, (D, D)."""
        return self._contracted(lambda rows, columns: G[rows, columns])

    def energy_gradient(self, U: Tensor, labels: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
        """E(U), shape (...), and E' = dE/dU, shape (..., D, D), of U (..., D, D), one after another."""
        found = [self._one(matrix, labels, temperature) for matrix in U.reshape(-1, self.paths, self.paths)]
        values = torch.stack([value for value, _ in found]).reshape(U.shape[:-2])
        return values, torch.stack([slope for _, slope in found]).reshape(U.shape)

    def prediction(
        self, U: Tensor, labels: Tensor, temperature: float, test_inputs: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Mean and variance of f, each (..., tests), at test inputs (tests, D, N0)."""
        found = [
            self._predicted(matrix, labels, temperature, test_inputs.double())
            for matrix in U.reshape(-1, self.paths, self.paths)
        ]
        shape = (*U.shape[:-2], len(test_inputs))
        mean, variance = (torch.stack(part).reshape(shape) for part in zip(*found, strict=True))
        return mean, variance

    def condition(self, U: Tensor, temperature: float) -> float:
        """NaN: eigenvalues of so large a kernel would cost many times its minimum."""
        return math.nan

    def _one(self, U: Tensor, labels: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
        factor = self._factored(U, temperature)
        logdet = 2.0 * float(np.log(factor.diagonal()).sum())
        alpha, _ = lapack.dpotrs(factor, labels.numpy(), lower=True)
        inverse, _ = lapack.dpotri(factor, lower=True, overwrite_c=True)
        weights = torch.from_numpy(alpha)
        A = torch.from_numpy(inverse)

        def block(rows: slice, columns: slice) -> Tensor:
            part = A[rows, columns]
            if rows == columns:
                part = part.tril() + part.tril(-1).mT
            return part - torch.outer(weights[rows], weights[columns])

        value = torch.tensor(logdet + float(labels @ weights), dtype=torch.float64)
        return value, self._contracted(block)

    def _predicted(
        self, U: Tensor, labels: Tensor, temperature: float, test_inputs: Tensor
    ) -> tuple[Tensor, Tensor]:
        factor = self._factored(U, temperature)
        whitened, _ = lapack.dtrtrs(factor, labels.numpy(), lower=True)
        k = np.empty((self.examples, len(test_inputs)), order="F")
        moved = (self._scale * U @ test_inputs).flatten(1)
        for span, part in self._blocks():
            k[span] = (part.flatten(1) @ moved.mT).numpy()
        explained, _ = lapack.dtrtrs(factor, k, lower=True, overwrite_b=True)
        mean = torch.from_numpy(explained.T @ whitened)
        variance = kernel_diagonal(U, test_inputs, self._variance) - torch.from_numpy(
            np.einsum("mt,mt->t", explained, explained)
        )
        return mean, variance.clamp(min=0.0)

    def _blocks(self, count: int | None = None) -> Iterator[tuple[slice, Tensor]]:
        """Blocks (p, D, N0) in float64 with the examples that they hold, the first `count` of them."""
        for span, lazy in self._lazy[:count]:
            yield span, loaded(lazy)

    def _lower(self, U: Tensor) -> Matrix:
        """K(U), column-major, of which only the blocks on and below the diagonal are filled."""
        K: Matrix = np.empty((self.examples, self.examples), order="F")
        for index, (rows, left) in enumerate(self._blocks()):
            moved = (self._scale * U @ left).flatten(1)
            for columns, right in self._blocks(index + 1):
                K[rows, columns] = (moved @ right.flatten(1).mT).numpy()
        return K

    def _factored(self, U: Tensor, temperature: float) -> Matrix:
        """The lower Cholesky factor of K(U) + T I, in the place of K; above its diagonal stands nothing."""
        K = self._lower(U.double())
        K.flat[:: self.examples + 1] += temperature
        factor, failed = lapack.dpotrf(K, lower=True, clean=False, overwrite_a=True)
        if failed:
            raise PosteriorError(
                f"the kernel of {self.examples} examples plus temperature {temperature:g} is not positive "
                "definite in float64: take a larger temperature, or order parameters that are"
            )
        found: Matrix = factor
        return found

    def _contracted(self, block: Any) -> Tensor:
        """sum over examples of G C, from the blocks of G on and below the diagonal."""
        total = torch.zeros(self.paths, self.paths, dtype=torch.float64)
        for index, (rows, left) in enumerate(self._blocks()):
            by_path = left.transpose(0, 1).reshape(self.paths, -1)
            for columns, right in self._blocks(index + 1):
                moved = (block(rows, columns) @ right.flatten(1)).view(-1, self.paths, self._features)
                part = by_path @ moved.transpose(0, 1).reshape(self.paths, -1).mT
                total += part if rows == columns else part + part.mT
        symmetric: Tensor = 0.5 * self._scale * (total + total.mT)
        return symmetric
