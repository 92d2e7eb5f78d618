"""The layer after its scores: attention, conditional covariances and outputs, summed over heads."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.attention.gram import FloatArray
from widthscope.attention.masks import masked_softmax


@dataclass(frozen=True)
class LayerDraws:
    """A batch of N independent draws of the layer; s tokens, H heads, m output coordinates.

    Attributes:
        covariance: (N, s, s), Sigma(G) = (1/H) sum_a A^a K A^aT, the covariance across tokens of one output
            coordinate given the scores, at infinite value dimension.
        covariance_given_values: (N, s, s), (1/H) sum_a A^a V^a V^aT A^aT / d_v, the covariance given scores
            and values: exactly that of a coordinate at finite width. None in the limit, where it equals
            `covariance`.
        outputs: (N, s, m) coordinates of Y, or None when m = 0. Coordinates of one draw are dependent.
        scores: (N, H, s, s) before mask and softmax, if heads were kept.
        head_covariance: (N, H, s, s), A^a K A^aT of each head, if heads were kept.
    """

    covariance: Tensor
    covariance_given_values: Tensor | None = None
    outputs: Tensor | None = None
    scores: Tensor | None = None
    head_covariance: Tensor | None = None


@dataclass(frozen=True)
class Head:
    """One head of a batch: scores (N, s, s); V / sqrt(d_v) up to rotation (N, s, k) or None at infinite
    d_v; readout (N, k, m), the columns of sqrt(d_v) W_O in the same basis."""

    scores: Tensor
    values: Tensor | None
    readout: Tensor


def chunks(draws: int, size: int) -> Iterator[int]:
    """Sizes of consecutive chunks that add up to `draws`, each at most `size`.

    A sampler in float64 needs roughly 8 (6 s^2 + 3 s m) bytes per draw, and 16 H s^2 more when heads are
    kept; the chunk size decides which random number goes where, so keep it a constant of the experiment.
    """
    if draws < 0 or size < 1:
        raise ValueError(f"draws must be at least 0 and size at least 1, not {draws} and {size}")
    for start in range(0, draws, size):
        yield min(size, draws - start)


def normals(
    shape: Sequence[int],
    generator: torch.Generator,
    dtype: torch.dtype = torch.float64,
    device: torch.device | str = "cpu",
) -> Tensor:
    """Standard normals, drawn on the CPU and then moved, so that the device never changes them."""
    return torch.randn(tuple(shape), generator=generator, dtype=dtype).to(device)


def as_root(root: Tensor | FloatArray, draws: int, dtype: torch.dtype, device: torch.device | str) -> Tensor:
    """The root as a tensor (s, r), or (N, s, r) with N equal to `draws`; ValueError for another shape."""
    L = root if isinstance(root, Tensor) else torch.tensor(root)  # a copy: arrays from a store are read-only
    L = L.to(device=device, dtype=dtype)
    if L.ndim not in (2, 3) or L.numel() == 0 or (L.ndim == 3 and L.shape[0] != draws):
        raise ValueError(f"root must have shape (s, r) or ({draws}, s, r), not {tuple(L.shape)}")
    return L


def times(root: Tensor, matrices: Tensor) -> Tensor:
    """L M for a batch M (N, r, k): one large product when L (s, r) is shared, instead of N small ones."""
    if root.ndim == 2:
        return torch.matmul(matrices.mT, root.mT).mT
    return torch.matmul(root, matrices)


def check_sizes(draws: int, coordinates: int, **positive: int) -> None:
    """ValueError naming the first size that is out of range."""
    for name, size, least in (("draws", draws, 1), ("coordinates", coordinates, 0)):
        if size < least:
            raise ValueError(f"{name} must be at least {least}, not {size}")
    for name, size in positive.items():
        if size < 1:
            raise ValueError(f"{name} must be at least 1, not {size}")


def sum_heads(
    heads: Iterable[Head], root: Tensor, mask: Tensor | None, coordinates: int, keep_heads: bool
) -> LayerDraws:
    """Sum the heads of a layer one at a time; memory does not grow with their number unless they are kept."""
    covariance = given_values = outputs = torch.zeros((), dtype=root.dtype, device=root.device)
    scores: list[Tensor] = []
    head_covariance: list[Tensor] = []
    finite_values = False
    count = 0
    for head in heads:
        attention = masked_softmax(head.scores, mask)
        attended = attention @ root
        one = attended @ attended.mT
        covariance = covariance + one
        if head.values is not None:
            finite_values = True
            attended = attention @ head.values
            given_values = given_values + attended @ attended.mT
        if coordinates:
            outputs = outputs + attended @ head.readout
        if keep_heads:
            scores.append(head.scores)
            head_covariance.append(one)
        count += 1
    return LayerDraws(
        covariance=covariance / count,
        covariance_given_values=given_values / count if finite_values else None,
        outputs=outputs / count**0.5 if coordinates else None,
        scores=torch.stack(scores, dim=1) if keep_heads else None,
        head_covariance=torch.stack(head_covariance, dim=1) if keep_heads else None,
    )


def sample_given_scores(
    scores: Tensor,
    root: Tensor | FloatArray,
    coordinates: int,
    generator: torch.Generator,
    *,
    mask: Tensor | None = None,
    keep_heads: bool = False,
) -> LayerDraws:
    """The layer at infinite value dimension for scores from any law: how wrong score laws are tried.

    Args:
        scores: (N, H, s, s).
        root: (s, r) or (N, s, r), root of the Gram.
        coordinates: m >= 0 output coordinates per draw.
        generator: CPU generator.
        mask: boolean (s, s), see `widthscope.attention.masks`.
        keep_heads: keep scores and covariances of single heads.

    Raises:
        ValueError: if a shape does not fit.

    Source: theory notes 3.1 (law of y given P) and 3.5 (competitors).
    """
    if scores.ndim != 4 or scores.shape[-1] != scores.shape[-2] or scores.shape[1] < 1:
        raise ValueError(f"scores must have shape (N, H, s, s), not {tuple(scores.shape)}")
    draws = scores.shape[0]
    check_sizes(draws, coordinates)
    L = as_root(root, draws, scores.dtype, scores.device)
    if L.shape[-2] != scores.shape[-1]:
        raise ValueError(f"root has {L.shape[-2]} tokens, scores have {scores.shape[-1]}")
    shape = (draws, L.shape[-1], coordinates)
    heads = (
        Head(one, None, normals(shape, generator, scores.dtype, scores.device))
        for one in scores.unbind(dim=1)
    )
    return sum_heads(heads, L, mask, coordinates, keep_heads)
