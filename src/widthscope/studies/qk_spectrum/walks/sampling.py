"""Random walks at chosen positions, their scores, and who propagates: brute force, in float32."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch
from torch import Tensor

from widthscope.streams import torch_generator
from widthscope.work import Work

CHUNK_NUMBERS = 2**22
"""Coordinates of tokens held at once: 16 MiB of float32."""


def walk_tokens(
    walks: int, width: int, positions: Sequence[int], generator: torch.Generator, device: str
) -> Tensor:
    """Tokens x_t at increasing positions t >= 1 of independent walks with steps N(0, I), (N, K, d), float32.

    Between two positions only the sum of the steps is drawn, which is N(0, (t' - t) I).
    """
    lengths = torch.tensor([after - before for before, after in pairwise([0, *positions])])
    steps = torch.randn((walks, len(positions), width), generator=generator)
    return steps.mul_(lengths.sqrt()[:, None]).to(device).cumsum_(dim=1)


def diagonal_scores(keys: Tensor, query: Tensor, eigenvalues: Tensor) -> Tensor:
    """omega_t = x_T^T diag(lambda) x_t for spectra (S, d), keys x_t (N, K, d) and queries x_T (N, d); (N, K,
    S).

    A symmetric W may be taken as diagonal, since the law of the walks is rotation invariant.
    """
    return (keys * query[:, None]) @ eigenvalues.mT


def propagates(scores: Tensor, tokens: int) -> Tensor:
    """Which scores are strictly inside (-1, T - 1), where the clipped softmax is not saturated."""
    return (scores > -1) & (scores < tokens - 1)


def batches(count: int, work: Work, *names: str | int) -> Iterator[tuple[int, torch.Generator]]:
    """Number and random stream of every batch; the stream is named by the study, `names` and the number."""
    for batch in work.progress(range(count), total=count, description="batches of walks"):
        yield batch, torch_generator("qk_spectrum", *names, batch)


def chunk_sizes(walks: int, numbers_each: int) -> list[int]:
    """Walks per chunk, so that a chunk holds about `CHUNK_NUMBERS` coordinates."""
    size = max(1, CHUNK_NUMBERS // numbers_each)
    return [min(size, walks - start) for start in range(0, walks, size)]
