"""What an operation on features is: random numbers drawn beforehand, and a pure function of them.

Members' features are x, (member, batch, channel, height, width) or (member, batch, width); the batch axis is
the second. Everything random is in the draws, whose leading axes are (member, batch) too, so that an
operation can be repeated, resumed, moved to another device, and paired between members. An example's result
depends on the member's own examples and draws alone.

The draws of most operations are uniform numbers that `apply` turns into places by the side of the map, so
that one draw means the same at every position of a network. Where `draws_depend_on_shape` holds (noise,
contrast), a position needs draws of its own.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import ClassVar

import torch
from torch import Tensor

from widthscope.errors import WidthscopeError

Draws = dict[str, Tensor]
"""Random numbers by name, each (..., batch, ...)."""


class FeatureError(WidthscopeError):
    """Features, labels or an operation's own numbers are such that it cannot work."""


class FeatureShapeError(FeatureError):
    """Features have a shape that an operation does not know.

    Attributes:
        operation: with its article, "a crop".
        axes: of the shapes that it takes, each without the axis of members.
        shape: of what was given, (member, batch, ...).
    """

    def __init__(self, operation: str, axes: Sequence[str], shape: Sequence[int]) -> None:
        """Args: as the attributes."""
        self.operation, self.axes = operation, tuple(axes)
        self.shape = tuple(shape)
        super().__init__(operation, self.axes, self.shape)  # as they are, so that it can be pickled

    def __str__(self) -> str:
        return self._sentence("member, ", self.shape)

    def without_members(self) -> str:
        """What is wrong, for a module's own features, (batch, ...)."""
        return self._sentence("", self.shape[1:])

    def _sentence(self, first: str, shape: Sequence[int]) -> str:
        allowed = " or ".join(f"({first}{each})" for each in self.axes)
        return f"{self.operation} needs features of shape {allowed}, not {shape}"


MAPS = "batch, channel, height, width"
"""Axes of a model's maps."""


@dataclass(frozen=True)
class Operation(ABC):
    """An operation T on features."""

    draws_depend_on_shape: ClassVar[bool] = False

    @abstractmethod
    def draw(self, generator: torch.Generator, size: Sequence[int], shape: Sequence[int]) -> Draws:
        """Random numbers, on the CPU in float32 (partners in int64).

        Args:
            generator: a CPU generator; it is advanced.
            size: leading axes, of which the last is the batch: (batch,) for a step, (steps, batch) for many.
            shape: of one example's features: (channel, height, width) or (width,).
        """

    @abstractmethod
    def apply(self, x: Tensor, draws: Draws) -> Tensor:
        """T(x), of x's shape and type; draws (member, batch, ...)."""

    def own_share(self, draws: Draws, shape: Sequence[int]) -> Tensor | None:
        """Share of its own label that an example keeps, (member, batch); None where labels stay as they are.

        The rest is the label of ``draws["partner"]``. Args: as in `apply`; shape as in `draw`.
        """
        return None

    def mixed_targets(self, targets: Tensor, draws: Draws, shape: Sequence[int]) -> Tensor:
        """Soft labels after T, of targets' shape, (member, batch, class).

        Raises:
            FeatureError: if labels are to be mixed and are no floats.
        """
        share = self.own_share(draws, shape)
        if share is None:
            return targets
        if not targets.is_floating_point():
            raise FeatureError(f"labels that are mixed must be floats, not {targets.dtype}")
        share = share.to(targets.dtype).unsqueeze(-1)
        return share * targets + (1 - share) * exchanged(targets, draws["partner"])


def require_number(
    what: str, value: float, least: float, most: float = math.inf, *, above: bool = False, whole: bool = False
) -> None:
    """Refuse an operation's own number with which it cannot work.

    Args:
        what: the number's name and whose it is.
        value: of it.
        least: the smallest that is allowed, or with `above` the largest that is not.
        most: the largest that is allowed.
        above: whether `least` itself is refused.
        whole: whether it must be an integer.

    Raises:
        FeatureError: if it is no finite number of that range.
    """
    number = isinstance(value, Integral if whole else Real) and not isinstance(value, bool)
    if number and math.isfinite(value) and least <= value <= most and not (above and value == least):
        return
    kind = "a whole number" if whole else "a finite number"
    limits = f"{'above' if above else 'at least'} {least:g}"
    if most < math.inf:
        limits += f" and at most {most:g}"
    raise FeatureError(f"{what} must be {kind} {limits}, not {value!r}")


def exchanged(x: Tensor, partner: Tensor) -> Tensor:
    """Each example's partner of the same member: x, (member, batch, ...), at partner, (member, batch)."""
    index = partner.reshape(*partner.shape, *[1] * (x.ndim - 2)).expand_as(x)
    return x.gather(1, index)


def partners(generator: torch.Generator, size: Sequence[int]) -> Tensor:
    """A permutation of the batch for each of the other leading axes, of that size."""
    return torch.rand(tuple(size), generator=generator).argsort(-1)


def per_example(values: Tensor, x: Tensor) -> Tensor:
    """values, (member, batch), with the axes that let them meet x, in x's type."""
    return in_type_of(values, x).reshape(*values.shape, *[1] * (x.ndim - 2))


def require_floats(x: Tensor) -> None:
    """Refuse features that would cut shares and noise to whole numbers.

    Raises:
        FeatureError: if x are no real floats.
    """
    if not x.is_floating_point():
        raise FeatureError(f"only features that are floats can be augmented so, not {x.dtype}")


def in_type_of(values: Tensor, x: Tensor) -> Tensor:
    """values in x's type, floats."""
    require_floats(x)
    return values.to(x.dtype)


def uniform_integer(uniform: Tensor, count: int) -> Tensor:
    """Integers of 0 ... count - 1 from uniform numbers below one.

    Float32 uniforms are at most 1 - 2^-24; times a count below 2^24 they are rounded to less than it.
    """
    return (uniform * count).long()


def map_sides(x: Tensor, name: str) -> tuple[int, int]:
    """Height and width of maps x.

    Raises:
        FeatureShapeError: if x is not (member, batch, channel, height, width).
    """
    if x.ndim != 5:
        raise FeatureShapeError(name, [MAPS], tuple(x.shape))
    return x.shape[3], x.shape[4]


def box(top: Tensor, bottom: Tensor, left: Tensor, right: Tensor, x: Tensor) -> Tensor:
    """Whether top <= row < bottom and left <= column < right, (member, batch, 1, height, width) of maps x."""
    row = torch.arange(x.shape[3], device=x.device)
    column = torch.arange(x.shape[4], device=x.device)
    rows = (row >= top[..., None]) & (row < bottom[..., None])
    columns = (column >= left[..., None]) & (column < right[..., None])
    return (rows[..., :, None] & columns[..., None, :]).unsqueeze(2)
