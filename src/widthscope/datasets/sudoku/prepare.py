"""A training part, a test part as hard, and one that is harder; grids of the tests are held out."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from widthscope.datasets.settings import Sudoku
from widthscope.datasets.sudoku.classes import held_out
from widthscope.datasets.sudoku.digging import dig
from widthscope.datasets.sudoku.grids import Cells
from widthscope.datasets.sudoku.solver import random_grid
from widthscope.errors import DataError
from widthscope.streams import numpy_generator

PARTS = ("train", "id", "ood")
"""Names of the parts, by their code in the variable `part`."""

ATTEMPTS = 5000
"""Grids that are tried for one puzzle. Digging in random order seldom ends at few givens."""


def prepare(settings: dict[str, Any], folder: Path) -> xr.Dataset:
    """Puzzles with one solution each, from a stream for each puzzle.

    Args:
        settings: those of `settings.Sudoku`, and `seed`.
        folder: not used; nothing is downloaded.

    Returns:
        ``puzzle`` and ``solution`` (sample, row, col), uint8, 0 for a blank; ``part`` (sample), uint8, the
        place of its part in the attribute ``parts``: with more puzzles of a part its first ones stay the
        same. Grids of the parts ``id`` and ``ood`` are of classes that do not occur in ``train``.

    Raises:
        DataError: no puzzle with so few givens was found.
    """
    settings = dict(settings)
    seed = settings.pop("seed", 0)
    chosen = Sudoku.model_validate(settings)
    order, kept_back = chosen.order, held_out(chosen.order, chosen.held_out, seed)
    pairs, parts = [], []
    for code, part in enumerate(PARTS):
        for number in range(getattr(chosen, part)):
            stream = numpy_generator("datasets", "sudoku", seed, order, part, number)
            pairs.append(_puzzle(chosen, part, kept_back, stream))
            parts.append(code)
    arrays = np.array(pairs, dtype=np.uint8).reshape(-1, 2, order, order)
    cells = ("sample", "row", "col")
    return xr.Dataset(
        {
            "puzzle": (cells, arrays[:, 0]),
            "solution": (cells, arrays[:, 1]),
            "part": ("sample", np.array(parts, dtype=np.uint8)),
        },
        attrs={
            "sha256": hashlib.sha256(arrays.tobytes()).hexdigest(),
            "seed": seed,
            "order": order,
            "parts": list(PARTS),
            "givens": list(chosen.range_of("id")),
            "ood_givens": list(chosen.range_of("ood")),
        },
    )


def part_of(dataset: xr.Dataset, part: str) -> xr.Dataset:
    """The puzzles and solutions of one part of a prepared dataset, in order."""
    return dataset[["puzzle", "solution"]].isel(sample=dataset["part"].values == PARTS.index(part))


def _puzzle(
    settings: Sudoku, part: str, kept_back: Callable[[Cells], bool], stream: np.random.Generator
) -> tuple[Cells, Cells]:
    """One puzzle of a part and its solution; every number of givens in the part's range is as likely."""
    low, high = settings.range_of(part)
    givens = int(stream.integers(low, high + 1))
    for _ in range(ATTEMPTS):
        grid = random_grid(settings.order, stream)
        if kept_back(grid) == (part != "train"):
            puzzle = dig(grid, settings.order, givens, stream)
            if puzzle is not None:
                return puzzle, grid
    raise DataError(
        f"no puzzle of order {settings.order} with {givens} givens was found in {ATTEMPTS} grids; "
        f"let datasets.sudoku.{'ood_givens' if part == 'ood' else 'givens'} start higher than {low}"
    )
