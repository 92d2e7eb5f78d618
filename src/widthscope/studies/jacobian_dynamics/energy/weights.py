"""Weights by the conditions under which energy is claimed to fall, or for which it must not.

Every draw has streams of its own, so that more draws, conditions or temperatures leave it as it was, and
conditions that use the same matrix (A and its symmetric part, for example) are paired.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from widthscope.streams import torch_generator


@dataclass(frozen=True)
class Flow:
    """Attention as a flow, and the energy that is watched along it.

    Attributes:
        energy: score matrices of the energy, (draw, head, width, width).
        score: those of attention.
        value: B_h; tokens move along B_h^T of what they attend to.
        projected: whether tokens keep their length.
    """

    energy: Tensor
    score: Tensor
    value: Tensor
    projected: bool


def gaussian(settings: Mapping[str, Any], name: str, width: int, count: int = 1) -> Tensor:
    """Matrices with entries N(0, 1/width), (draw, count, width, width), on a stream for each draw."""
    drawn = [
        torch.randn(
            (count, width, width),
            generator=torch_generator(
                "jacobian_dynamics", "energy", name, settings["seed"], width, count, draw
            ),
            dtype=torch.float64,
        )
        for draw in range(settings["draws"])
    ]
    return torch.stack(drawn) / math.sqrt(width)


def unit_tokens(settings: Mapping[str, Any], name: str, width: int, states: int) -> Tensor:
    """Tokens uniform on the unit sphere, (draw, states, token, width)."""
    size = (states, settings["tokens"], width)
    names = ("jacobian_dynamics", "energy", name, settings["seed"], *size)
    drawn = [
        torch.randn(size, generator=torch_generator(*names, draw), dtype=torch.float64)
        for draw in range(settings["draws"])
    ]
    tokens = torch.stack(drawn)
    lengths: Tensor = tokens.norm(dim=-1, keepdim=True)
    return tokens / lengths


def symmetric_part(matrices: Tensor) -> Tensor:
    """(A + A^T) / 2."""
    return (matrices + matrices.mT) / 2


def skew_part(matrices: Tensor) -> Tensor:
    """(A - A^T) / 2."""
    return (matrices - matrices.mT) / 2


def orthonormal_blocks(settings: Mapping[str, Any]) -> tuple[Tensor, Tensor]:
    """U_1,h and U_2,h, (draw, head, width, width / 2 head) each, all orthonormal together."""
    heads, width = settings["heads"], settings["heads_width"]
    frame = torch.linalg.qr(gaussian(settings, "blocks", width)[:, 0]).Q
    columns = frame.reshape(len(frame), width, heads, 2, width // (2 * heads)).permute(0, 2, 3, 1, 4)
    return columns[:, :, 0], columns[:, :, 1]


def _score(settings: Mapping[str, Any]) -> Tensor:
    return gaussian(settings, "score", settings["width"])


def _matched(settings: Mapping[str, Any]) -> Flow:
    A = symmetric_part(_score(settings))
    return Flow(A, A, A, projected=True)


def _free_value(settings: Mapping[str, Any], projected: bool) -> Flow:
    """A symmetric and B^T = (P + K) A with P positive and K skew, so that sym(A B^T) = A P A >= 0."""
    A, width = symmetric_part(_score(settings)), settings["width"]
    root = gaussian(settings, "positive part", width)
    free = root @ root.mT + skew_part(gaussian(settings, "skew part", width))
    return Flow(A, A, A @ free.mT, projected)


def _indefinite_value(settings: Mapping[str, Any]) -> Flow:
    A = symmetric_part(_score(settings))
    return Flow(A, A, gaussian(settings, "free value", settings["width"]), projected=False)


def _symmetric_heads(settings: Mapping[str, Any], overlapping: bool, projected: bool) -> Flow:
    """A_h = Q_h S_h Q_h^T and B_h = A_h, the ranges Q_h mutually orthogonal.

    Where they are to overlap, every second head is -2 times the one before it.
    """
    heads, width = settings["heads"], settings["heads_width"]
    head_dim = width // heads
    frame = torch.linalg.qr(gaussian(settings, "ranges", width)[:, 0]).Q
    frames = frame.reshape(len(frame), width, heads, head_dim).transpose(1, 2)
    A = frames @ symmetric_part(gaussian(settings, "heads", head_dim, heads)) @ frames.mT
    if overlapping:
        A[:, 1::2] = -2 * A[:, : 2 * (heads // 2) : 2]
    return Flow(A, A, A, projected)


def _asymmetric(settings: Mapping[str, Any], symmetric_energy: bool) -> Flow:
    """Our reading of Proposition 4.1: any A, B = sym(A), on the sphere."""
    A = _score(settings)
    value = symmetric_part(A)
    return Flow(value if symmetric_energy else A, A, value, projected=True)


def _blocks(settings: Mapping[str, Any], symmetrised: bool) -> Flow:
    """Our reading of Proposition 4.2: A_h = U_1,h U_2,h^T and B_h = sym(A_h), without projection."""
    first, second = orthonormal_blocks(settings)
    A = first @ second.mT
    value = symmetric_part(A)
    if symmetrised:
        A = value
    return Flow(A, A, value, projected=False)


def _opposite(settings: Mapping[str, Any]) -> Flow:
    A = symmetric_part(_score(settings))
    return Flow(A, A, -A, projected=True)


def _skew_value(settings: Mapping[str, Any]) -> Flow:
    A = _score(settings)
    return Flow(symmetric_part(A), symmetric_part(A), skew_part(A), projected=True)


def _identity_value(settings: Mapping[str, Any]) -> Flow:
    A = symmetric_part(_score(settings))
    return Flow(A, A, torch.eye(A.shape[-1], dtype=A.dtype).expand_as(A), projected=True)


CONDITIONS: dict[str, Callable[[Mapping[str, Any]], Flow]] = {
    "matched": _matched,
    "free value": lambda settings: _free_value(settings, projected=False),
    "free value, projected": lambda settings: _free_value(settings, projected=True),
    "indefinite value": _indefinite_value,
    "orthogonal heads": lambda settings: _symmetric_heads(settings, overlapping=False, projected=False),
    "orthogonal heads, projected": lambda settings: _symmetric_heads(settings, False, projected=True),
    "overlapping heads": lambda settings: _symmetric_heads(settings, overlapping=True, projected=False),
    "asymmetric": lambda settings: _asymmetric(settings, symmetric_energy=False),
    "asymmetric, symmetric energy": lambda settings: _asymmetric(settings, symmetric_energy=True),
    "blocks": lambda settings: _blocks(settings, symmetrised=False),
    "symmetrised blocks": lambda settings: _blocks(settings, symmetrised=True),
    "opposite value": _opposite,
    "skew value": _skew_value,
    "identity value": _identity_value,
}
"""By name, what is drawn; `flows` has one row for each."""
