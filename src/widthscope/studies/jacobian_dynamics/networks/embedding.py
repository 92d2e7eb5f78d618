"""From inputs to the drive C, (member, batch, token, width), and to the first state."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from widthscope.ensembles.parameters import Parameters

Inputs = Mapping[str, Tensor]


class Embedding(Protocol):
    """How a task's inputs become tokens."""

    @property
    def tokens(self) -> int:
        """S, tokens of one input."""

    def initial(self, generator: torch.Generator, width: int) -> Parameters:
        """One member's parameters, float64, without member dimension."""

    def drive(self, parameters: Parameters, inputs: Inputs) -> Tensor:
        """C, (member, batch, token, width)."""

    def begin(self, inputs: Inputs, drive: Tensor) -> Tensor:
        """The first state before it is normalised, of the drive's shape."""


@dataclass(frozen=True)
class Patches:
    """Patches of an image, mapped linearly, plus one vector for each place (theory notes 3.8).

    Reads ``patches`` (member, batch, token, feature).

    Attributes:
        tokens: patches of an image.
        features: numbers of a patch.
        scale: standard deviation of the entries of both maps at the start.
    """

    tokens: int
    features: int
    scale: float = 0.5

    def initial(self, generator: torch.Generator, width: int) -> Parameters:
        """`embed_patch` (width, feature) and `embed_position` (token, width), N(0, scale^2)."""
        shapes = {"embed_patch": (width, self.features), "embed_position": (self.tokens, width)}
        return {name: self.scale * _normal(generator, *shape) for name, shape in shapes.items()}

    def drive(self, parameters: Parameters, inputs: Inputs) -> Tensor:
        """See `Embedding.drive`."""
        patches = inputs["patches"]
        member, batch, token, feature = patches.shape
        seen = patches.reshape(member, batch * token, feature) @ parameters["embed_patch"].mT
        return seen.reshape(member, batch, token, -1) + parameters["embed_position"][:, None]

    def begin(self, inputs: Inputs, drive: Tensor) -> Tensor:
        """The drive itself."""
        return drive


@dataclass(frozen=True)
class Cells:
    """Cells of a Sudoku, row by row: the digit's vector plus those of row, column and box (notes 3.7, 3.8).

    Reads ``puzzle`` (member, batch, token), whole numbers with 0 for a blank, and ``noise`` (member, batch,
    token, width), the first state of blanks.

    Attributes:
        order: n, digits and rows.
        box_rows: rows of a box, a divisor of n.
    """

    order: int
    box_rows: int

    @property
    def tokens(self) -> int:
        """n^2."""
        return self.order**2

    def initial(self, generator: torch.Generator, width: int) -> Parameters:
        """`embed_digit` (n + 1, width), N(0, 1); `embed_row`, `_column`, `_box` (n, width), N(0, 1/3)."""
        places = {f"embed_{kind}": self.order for kind in ("row", "column", "box")}
        return {
            "embed_digit": _normal(generator, self.order + 1, width),
            **{name: _normal(generator, count, width) / math.sqrt(3) for name, count in places.items()},
        }

    def drive(self, parameters: Parameters, inputs: Inputs) -> Tensor:
        """See `Embedding.drive`."""
        puzzle = inputs["puzzle"]
        digits = parameters["embed_digit"]
        # A product with rows of one 1 is exact, and so is its gradient's order of summation.
        which = torch.nn.functional.one_hot(puzzle, self.order + 1).to(digits.dtype)
        seen = (which.flatten(1, 2) @ digits).reshape(*puzzle.shape, -1)
        return seen + self._places(parameters)[:, None]

    def begin(self, inputs: Inputs, drive: Tensor) -> Tensor:
        """The drive where a digit is given, noise at blanks."""
        return torch.where((inputs["puzzle"] > 0)[..., None], drive, inputs["noise"].to(drive.dtype))

    def _places(self, parameters: Parameters) -> Tensor:
        """Vectors of row, column and box of every cell, (member, token, width)."""
        device = parameters["embed_row"].device
        cell = torch.arange(self.tokens, device=device)
        row, column = cell // self.order, cell % self.order
        box_columns = self.order // self.box_rows
        boxes_in_a_row = self.order // box_columns
        box = row // self.box_rows * boxes_in_a_row + column // box_columns
        found = {"row": row, "column": column, "box": box}
        return sum(
            (parameters[f"embed_{kind}"][:, place] for kind, place in found.items()),
            start=torch.zeros((), device=device, dtype=parameters["embed_row"].dtype),
        )


def _normal(generator: torch.Generator, *shape: int) -> Tensor:
    return torch.randn(shape, generator=generator, dtype=torch.float64)
