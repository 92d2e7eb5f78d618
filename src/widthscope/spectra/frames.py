"""Orthonormal frames of tangents that are carried along trajectories."""

import torch
from torch import Tensor


def random_frame(state: Tensor, count: int, generator: torch.Generator | None = None) -> Tensor:
    """Orthonormal tangents in uniform directions, (batch, count, n), of states (batch, n).

    Args:
        state: (batch, n) float64.
        count: tangents, at most n.
        generator: of random numbers, on the CPU; seed 0 where None.
    """
    batch, n = state.shape
    generator = torch.Generator().manual_seed(0) if generator is None else generator
    drawn = torch.randn(batch, count, n, generator=generator, dtype=torch.float64)
    return orthonormalised(drawn.to(state.device))[0]


def orthonormalised(tangents: Tensor) -> tuple[Tensor, Tensor]:
    """Orthonormal tangents (batch, k, n) of the same nested spans, and their lengths (batch, k).

    A length is what is left of a tangent beyond the span of those before it, |R_ii| of the QR factorisation.
    """
    if tangents.shape[1] == 1:
        length = tangents.norm(dim=-1, keepdim=True)
        anywhere = torch.eye(1, tangents.shape[-1]).to(tangents)
        return torch.where(length > 0, tangents / length, anywhere), length[..., 0]
    Q, R = torch.linalg.qr(tangents.mT)
    return Q.mT, R.diagonal(dim1=-2, dim2=-1).abs()


def null_threshold(tangents: Tensor, tolerance: float | None) -> Tensor:
    """Length (batch, 1) up to which what is left of a mapped tangent is rounding, and the tangent null.

    Args:
        tangents: (batch, k, n), J applied to an orthonormal frame.
        tolerance: relative to the longest of them; max(n, 64) eps where None, and 0 keeps all that is not 0.
    """
    if tolerance is None:
        tolerance = max(tangents.shape[-1], 64) * torch.finfo(tangents.dtype).eps
    longest: Tensor = tangents.norm(dim=-1).amax(-1, keepdim=True)
    return tolerance * longest
