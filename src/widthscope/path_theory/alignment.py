"""How well a kernel is aligned with the labels."""

import torch
from torch import Tensor

from widthscope.errors import PosteriorError


def centred(K: Tensor) -> Tensor:
    """The kernel (..., P, P) of features whose mean over the examples is taken away."""
    rows = K.mean(dim=-1, keepdim=True)
    return K - rows - rows.mT + rows.mean(dim=-2, keepdim=True)


def label_cosine(K: Tensor, labels: Tensor) -> Tensor:
    """Cosine (...) between the centred kernel (..., P, P) and y y^T, <K_c, y y^T> / (|K_c| |y|^2).

    Raises:
        PosteriorError: if the shapes do not fit, or the kernel is constant or the labels are 0.
    """
    _check(K, labels)
    middle = centred(K)
    y = labels.double()
    size = torch.linalg.matrix_norm(middle) * y.square().sum()
    if bool((size <= 1e-14 * torch.linalg.matrix_norm(K) * y.square().sum()).any()):
        raise PosteriorError(
            "a kernel that does not vary over the examples, or labels of 0, have no alignment"
        )
    found: Tensor = (middle @ y @ y) / size
    return found


def label_overlaps(K: Tensor, labels: Tensor) -> Tensor:
    """|v_k . y| / |y|, (..., P), of the kernel's unit eigenvectors v_k, largest eigenvalue first.

    For labels of +-1, |y| is sqrt(P); the squares sum to 1. Pass a `centred` kernel for that of centred
    features.

    Raises:
        PosteriorError: if the shapes do not fit or the labels are 0.
    """
    _check(K, labels)
    y = labels.double()
    if not bool((y != 0).any()):
        raise PosteriorError("labels that are all 0 have no overlap with a kernel's eigenvectors")
    _, vectors = torch.linalg.eigh(K)
    found: Tensor = (vectors.mT @ y).flip(-1).abs() / torch.linalg.vector_norm(y)
    return found


def _check(K: Tensor, labels: Tensor) -> None:
    if K.dim() < 2 or K.shape[-2:] != (len(labels), len(labels)):
        raise PosteriorError(
            f"a kernel of {len(labels)} labelled examples has shape (..., {len(labels)}, {len(labels)}), "
            f"not {tuple(K.shape)}"
        )
