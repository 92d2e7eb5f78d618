"""Machines with all their parameters drawn: no term is zero by chance of the test."""

import torch

from widthscope.boltzmann.mixture import Machine


def drawn_machine(*shape: int, scale: float = 1.0, seed: int = 0) -> Machine:
    """float64 machines of shape (..., H, N), entries normal, weights of the given scale."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*size: int) -> torch.Tensor:
        return torch.randn(*size, dtype=torch.float64, generator=generator)

    return Machine(scale * normal(*shape), normal(*shape[:-2], shape[-1]), normal(*shape[:-1]))
