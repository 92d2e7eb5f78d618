"""Linear maps of each token by itself, kept as the few vectors they are made of.

A map holds one width x width matrix M per token, its leading dimensions those of its own vectors: (member,
batch, token), or as `rows` lays them out.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor

from widthscope.models.recurrence.normalisation import centred, inverse_length, radius
from widthscope.models.recurrence.oscillators import oscillators, rotated
from widthscope.models.recurrence.rule import Rule

RowChange = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class RadialProjection:
    """M = diag(factor) (I - N N^T): the derivative of a normalisation, or a projection (theory notes 3.2).

    Groups of coordinates, the whole token or an oscillator, do not mix.

    Attributes:
        normals: N, the orthonormal directions that a group loses, (..., group, size, normal): its radial
            direction, and that of all ones where the mean coordinate is taken off (`ln`).
        factor: gain times length after the norm over length before it, (..., width), or None for 1.
        weighted: diag(factor) N, the shape of `normals`.
    """

    normals: Tensor
    factor: Tensor | None
    weighted: Tensor

    @classmethod
    def of(cls, normals: Tensor, factor: Tensor | None) -> "RadialProjection":
        """From the normals and the factor."""
        if factor is None:
            return cls(normals, None, normals)
        return cls(normals, factor, normals * oscillators(factor, normals.shape[-2])[..., None])

    def forward(self, tangents: Tensor) -> Tensor:
        """M v, (..., width)."""
        return self._less(tangents, self.normals, self.weighted)

    def transposed(self, cotangents: Tensor) -> Tensor:
        """M^T u, (..., width)."""
        return self._less(cotangents, self.weighted, self.normals)

    def forward_(self, columns: Tensor) -> None:
        """Many columns v for each token become M v in place: contiguous (..., width, column)."""
        normals, weighted = self.normals.flatten(0, -3), self.weighted.flatten(0, -3)
        v = columns.view(len(normals), normals.shape[-2], columns.shape[-1])
        overlaps = torch.bmm(normals.mT, v)
        if self.factor is not None:
            columns.mul_(self.factor[..., None])
        v.baddbmm_(weighted, overlaps, alpha=-1)

    def right_(self, matrices: Tensor) -> None:
        """Rows w for each token become w M in place, (..., row, token, width); groups are whole tokens."""
        if self.factor is not None:
            matrices.mul_(self.factor[..., None, :, :])
        for direction in self.normals[..., 0, :, :].unbind(dim=-1):
            u = direction[..., None, :, :]
            matrices.addcmul_((matrices * u).sum(dim=-1, keepdim=True), u, value=-1)

    def rows(self, change: RowChange) -> Self:
        """The same map where `change` lays out its (member, batch, token, ...) otherwise."""
        factor = None if self.factor is None else change(self.factor)
        return replace(self, normals=change(self.normals), factor=factor, weighted=change(self.weighted))

    def _less(self, tangents: Tensor, onto: Tensor, along: Tensor) -> Tensor:
        """factor * v - along (onto^T v)."""
        v = oscillators(tangents, onto.shape[-2])[..., None]
        lost = along * (onto * v).sum(dim=-2, keepdim=True)
        lost = lost[..., 0] if lost.shape[-1] == 1 else lost.sum(dim=-1)
        return (tangents if self.factor is None else tangents * self.factor) - lost.flatten(-2)


@dataclass(frozen=True)
class OscillatorForce:
    """Omega - x y^T - (x . y) I per oscillator: what the force on it feels of the oscillator itself.

    It is the derivative in x of Omega x + Proj_x(y) at fixed y (theory notes 3.2).

    Attributes:
        state: x, (..., width).
        force: y = C + MSA, (..., width).
        frequency: omega, (..., 1).
        size: coordinates of an oscillator.
    """

    state: Tensor
    force: Tensor
    frequency: Tensor
    size: int

    def forward(self, tangents: Tensor) -> Tensor:
        """M v, (..., width)."""
        return self.frequency * rotated(tangents) - self._pull(tangents, self.state, self.force)

    def transposed(self, cotangents: Tensor) -> Tensor:
        """M^T u, (..., width)."""
        return -self.frequency * rotated(cotangents) - self._pull(cotangents, self.force, self.state)

    def rows(self, change: RowChange) -> Self:
        """The same map where `change` lays out its (member, batch, token, ...) otherwise."""
        state, force, frequency = (change(t) for t in (self.state, self.force, self.frequency))
        return replace(self, state=state, force=force, frequency=frequency)

    def _pull(self, tangents: Tensor, along: Tensor, onto: Tensor) -> Tensor:
        """(along onto^T + (x . y) I) v."""
        v, a, b = (oscillators(t, self.size) for t in (tangents, along, onto))
        found = a * (b * v).sum(dim=-1, keepdim=True) + (a * b).sum(dim=-1, keepdim=True) * v
        return found.flatten(-2)


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
    normals = (y * inverse)[..., None]
    if rule.norm == "ln":
        normals = torch.cat([normals, torch.full_like(normals, 1 / math.sqrt(width))], dim=-1)
    factor = (inverse * radius(rule, width)).expand(tokens.shape)
    if gain is not None:
        factor = factor * gain[:, None, None]
    return RadialProjection.of(normals[..., None, :, :], factor)


def spheres_derivative(tokens: Tensor, size: int) -> RadialProjection:
    """Derivative of `on_spheres` at tokens z, (member, batch, token, width)."""
    z = oscillators(tokens, size)
    inverse = inverse_length(z)
    return RadialProjection.of((z * inverse)[..., None], inverse.expand(z.shape).flatten(-2))


def tangent_projection(tokens: Tensor, size: int) -> RadialProjection:
    """Proj_x of every oscillator x, I - x x^T."""
    return RadialProjection.of(oscillators(tokens, size)[..., None], None)
