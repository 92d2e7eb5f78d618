"""Kernels between two sets of examples, and of examples with themselves, as predictors need them."""

import torch
from torch import Tensor

_CHUNK_BYTES = 64e6


def cross_kernel(U: Tensor, inputs_a: Tensor, inputs_b: Tensor, variance: float = 1.0) -> Tensor:
    """K between two sets of examples, (..., Pa, Pb), for U (..., D, D) and inputs (Pa, D, N0), (Pb, D, N0).

    U is contracted first, so that no pairs of paths are formed; where U holds so many matrices that forming
    the pairs once is cheaper, they are, in chunks of the examples of `inputs_b`.
    """
    a, b = inputs_a.double(), inputs_b.double()
    paths, features = a.shape[1:]
    scale = variance / (paths * features)
    matrices = U.reshape(-1, paths, paths)
    pairs = paths * (paths + 1) // 2
    K = matrices.new_empty(len(matrices), len(a), len(b))
    if len(matrices) * features * paths <= pairs * (len(matrices) + features):
        flat = b.flatten(1).mT * scale
        for index, matrix in enumerate(matrices):
            torch.matmul((matrix @ a).flatten(1), flat, out=K[index])
    else:
        rows, columns = torch.tril_indices(paths, paths)
        packed = matrices[:, rows, columns] * torch.where(rows == columns, 0.5, 1.0).double() * scale
        chunk = max(1, int(_CHUNK_BYTES / (8 * paths**2 * len(a))))
        for start in range(0, len(b), chunk):
            part = b[start : start + chunk]
            # (D, D', Pa, chunk): path of a, path of b.
            C = (a.transpose(0, 1)[:, None] @ part.transpose(0, 1)[None].mT).flatten(2)
            symmetric = C[rows, columns] + C[columns, rows]
            K[:, :, start : start + chunk] = (packed @ symmetric).view(len(matrices), len(a), len(part))
    return K.reshape(*U.shape[:-2], len(a), len(b))


def kernel_diagonal(U: Tensor, inputs: Tensor, variance: float = 1.0) -> Tensor:
    """K(x, x), (..., P), of every example of inputs (P, D, N0) with itself, for U (..., D, D)."""
    xi = inputs.double()
    grams = xi @ xi.mT * (variance / (xi.shape[1] * xi.shape[2]))
    return (U.flatten(-2) @ grams.flatten(1).mT).reshape(*U.shape[:-2], len(xi))
