"""Trace and Frobenius norm of a map that is only applied, from random probes.

Source: Hutchinson 1990. Probes of random signs have the smallest variance among those of independent entries:
2 (||sym A||_F^2 - sum_i A_ii^2) for one probe's z^T A z.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Estimate:
    """A mean over probes.

    Attributes:
        value: (batch,).
        standard_error: (batch,) over the probes; NaN of one probe.
        probes: how many.
    """

    value: Tensor
    standard_error: Tensor
    probes: int


@dataclass(frozen=True)
class TraceAndNorm:
    """What the same probes say of tr A and of ||A||_F^2."""

    trace: Estimate
    squared_frobenius: Estimate


def trace_and_norm(
    matvec: Callable[[Tensor], Tensor],
    shape: tuple[int, int],
    probes: int,
    generator: torch.Generator | None = None,
    *,
    at_once: int = 64,
    device: torch.device | str = "cpu",
) -> TraceAndNorm:
    """Estimate tr A and ||A||_F^2 for each state of a batch from z^T A z and |A z|^2, z of random signs.

    Args:
        matvec: A on k vectors, (batch, k, n) -> (batch, k, n).
        shape: (batch, n).
        probes: for each state, independently.
        generator: of the signs, on the CPU; seed 0 where None.
        at_once: probes in memory at a time.
        device: where the map takes its vectors.
    """
    batch, n = shape
    generator = torch.Generator().manual_seed(0) if generator is None else generator
    traces, norms = [], []
    for first in range(0, probes, at_once):
        k = min(at_once, probes - first)
        signs = torch.randint(0, 2, (batch, k, n), generator=generator).to(device, torch.float64) * 2 - 1
        mapped = matvec(signs)
        traces.append((signs * mapped).sum(-1))
        norms.append(mapped.square().sum(-1))
    return TraceAndNorm(_mean(torch.cat(traces, dim=1)), _mean(torch.cat(norms, dim=1)))


def _mean(values: Tensor) -> Estimate:
    probes = values.shape[1]
    if probes == 1:
        return Estimate(values[:, 0], torch.full_like(values[:, 0], torch.nan), 1)
    return Estimate(values.mean(1), values.std(1) / probes**0.5, probes)
