"""Linear maps of each token by itself, kept as the few vectors they are made of.

All act on columns: `forward` gives M v and `transposed` M^T v for v (..., width, column), where the leading
dimensions are those of the map's own vectors, or broadcast against them.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, Self

import torch
from torch import Tensor

from widthscope.models.recurrence.normalisation import centred, inverse_length, radius
from widthscope.models.recurrence.oscillators import oscillators
from widthscope.models.recurrence.rule import Rule

RowChange = Callable[[Tensor], Tensor]


class TokenMap(Protocol):
    """One width x width matrix per token."""

    def forward(self, columns: Tensor) -> Tensor:
        """M v, (..., width, column)."""
        ...

    def transposed(self, columns: Tensor) -> Tensor:
        """M^T v, (..., width, column)."""
        ...


@dataclass(frozen=True)
class RadialProjection:
    """diag(gain) scale (I - u u^T) [I - 1 1^T / width]: the derivative of a normalisation (theory notes 3.2).

    Per group of `size` coordinates: the whole token, or an oscillator. With neither gain nor scale it is
    Proj_u itself.

    Attributes:
        direction: u, (..., width), of length 1 in each group.
        size: coordinates of a group.
        scale: (..., group) or None: length after the norm over length before it.
        gain: (..., width) or None.
        centred: whether the mean coordinate is taken off first (`ln`); u has then mean 0.
    """

    direction: Tensor
    size: int
    scale: Tensor | None = None
    gain: Tensor | None = None
    centred: bool = False

    def forward(self, columns: Tensor) -> Tensor:
        """M v, (..., width, column)."""
        return self._scaled(self._projected(columns))

    def transposed(self, columns: Tensor) -> Tensor:
        """M^T v, (..., width, column)."""
        return self._projected(self._scaled(columns))

    def rows(self, change: RowChange) -> Self:
        """The same map where `change` lays out (..., token, values) otherwise."""
        return replace(
            self,
            direction=change(self.direction),
            scale=None if self.scale is None else change(self.scale),
            gain=None if self.gain is None else change(self.gain.expand(self.direction.shape)),
        )

    def _projected(self, columns: Tensor) -> Tensor:
        if self.centred:
            columns = columns - columns.mean(dim=-2, keepdim=True)
        v, u = grouped(columns, self.size), oscillators(self.direction, self.size)[..., None]
        return (v - u * (u * v).sum(dim=-2, keepdim=True)).flatten(-3, -2)

    def _scaled(self, columns: Tensor) -> Tensor:
        if self.scale is not None:
            columns = (grouped(columns, self.size) * self.scale[..., None, None]).flatten(-3, -2)
        return columns if self.gain is None else columns * self.gain[..., None]


@dataclass(frozen=True)
class OscillatorForce:
    """Omega - x y^T - (x . y) I per oscillator: what the force on it feels of the oscillator itself.

    It is the derivative in x of Omega x + Proj_x(y) at fixed y (theory notes 3.2).

    Attributes:
        state: x, (..., width).
        force: y = C + MSA, (..., width).
        frequency: omega, broadcast to (..., 1, 1).
        size: coordinates of an oscillator.
    """

    state: Tensor
    force: Tensor
    frequency: Tensor
    size: int

    def forward(self, columns: Tensor) -> Tensor:
        """M v, (..., width, column)."""
        return self._pulled(columns, self.state, self.force) + self.frequency * _rotated(columns)

    def transposed(self, columns: Tensor) -> Tensor:
        """M^T v, (..., width, column)."""
        return self._pulled(columns, self.force, self.state) - self.frequency * _rotated(columns)

    def rows(self, change: RowChange) -> Self:
        """The same map where `change` lays out (..., token, values) otherwise."""
        frequency = self.frequency.expand(*self.state.shape[:-1], 1, 1)[..., 0]
        return replace(
            self, state=change(self.state), force=change(self.force), frequency=change(frequency)[..., None]
        )

    def _pulled(self, columns: Tensor, left: Tensor, right: Tensor) -> Tensor:
        """-(left right^T + (x . y) I) v."""
        v = grouped(columns, self.size)
        a, b = (oscillators(t, self.size)[..., None] for t in (left, right))
        along, across = (a * b).sum(dim=-2, keepdim=True), (b * v).sum(dim=-2, keepdim=True)
        return -(a * across + along * v).flatten(-3, -2)


def norm_derivative(rule: Rule, tokens: Tensor, gain: Tensor | None) -> RadialProjection | None:
    """Derivative of `normalised` at tokens y, (member, batch, token, width); None is the identity.

    Args:
        gain: (member, width or 1), or None.
    """
    if rule.norm == "none":
        return None
    width = tokens.shape[-1]
    y = centred(rule, tokens)
    inverse = inverse_length(y)
    return RadialProjection(
        direction=y * inverse,
        size=width,
        scale=inverse * radius(rule, width),
        gain=None if gain is None else gain[:, None, None].expand(-1, 1, 1, width),
        centred=rule.norm == "ln",
    )


def spheres_derivative(tokens: Tensor, size: int) -> RadialProjection:
    """Derivative of `on_spheres` at tokens z, (member, batch, token, width)."""
    z = oscillators(tokens, size)
    inverse = inverse_length(z)
    return RadialProjection((z * inverse).flatten(-2), size, scale=inverse[..., 0])


def grouped(columns: Tensor, size: int) -> Tensor:
    """(..., width, column) as (..., group, size, column)."""
    *leading, width, column = columns.shape
    return columns.reshape(*leading, width // size, size, column)


def _rotated(columns: Tensor) -> Tensor:
    """Every pair of coordinates (u, v) as (v, -u)."""
    u, v = grouped(columns, 2).unbind(dim=-2)
    return torch.stack([v, -u], dim=-2).flatten(-3, -2)
