"""Regressions on Gaussian path inputs, small enough for brute force."""

import math

import torch
from torch import Tensor

from widthscope.path_theory.network import Network
from widthscope.path_theory.problem import Problem, problem

F64 = torch.float64
UNEQUAL = Network((2, 3), (12, 20, 8), (1.3, 0.7, 1.5, 0.9))


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def gaussian_paths(heads: tuple[int, ...], examples: int, features: int, seed: int) -> tuple[Tensor, Tensor]:
    """Path inputs (examples, D, features), half of whose variance the paths share, and real labels."""
    stream = generator(seed)
    paths = math.prod(heads)
    shared = torch.randn(examples, 1, features, generator=stream, dtype=F64)
    own = torch.randn(examples, paths, features, generator=stream, dtype=F64)
    xi = math.sqrt(0.5) * (shared + own)
    teacher = torch.randn(features, generator=stream, dtype=F64) / math.sqrt(features)
    noise = 0.3 * torch.randn(examples, generator=stream, dtype=F64)
    return xi, xi[:, 0] @ teacher - 0.7 * xi[:, -1] @ teacher + noise


def posed(
    network: Network, examples: int = 20, features: int = 10, temperature: float = 0.1, seed: int = 1
) -> Problem:
    xi, y = gaussian_paths(network.heads, examples, features, seed)
    return problem(xi, y, temperature, network)


def positive(size: int, seed: int = 0, batch: tuple[int, ...] = ()) -> Tensor:
    """Random positive definite matrices (*batch, size, size) near I."""
    draws = torch.randn(*batch, size, 3 * size, generator=generator(seed), dtype=F64)
    return draws @ draws.mT / (3 * size)


def path_kernels(xi: Tensor) -> Tensor:
    """C (D, D, P, P), by its definition."""
    return torch.einsum("mai,nbi->abmn", xi, xi) / xi.shape[-1]
