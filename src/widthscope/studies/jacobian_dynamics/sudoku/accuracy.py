"""Boards and cells that a network fills rightly, by the number of test-time iterations."""

from collections.abc import Sequence

import torch
import xarray as xr
from torch import Tensor

from widthscope.ensembles.members import DIM
from widthscope.studies.jacobian_dynamics.networks.evaluation import predictions
from widthscope.studies.jacobian_dynamics.sudoku.task import PARTS
from widthscope.studies.jacobian_dynamics.sudoku.trained import Trained


def iterations_of(trained: int, longest: int) -> tuple[int, ...]:
    """Test-time iterations from 1 to `longest` times the trained ones and one more, in rising steps.

    All up to twice the trained ones, then pairs of the same and of the other parity.
    """
    multiples = [m for m in (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64) if m < longest]
    pairs = {m * trained + odd for m in (*multiples, longest) for odd in (0, 1)}
    return tuple(sorted(pairs | set(range(1, 2 * trained + 1))))


def accuracies(trained: Trained, longest: int, boards: int | None = None, place: int = -1) -> xr.Dataset:
    """Shares of test boards filled rightly and of blank cells, ``boards`` and ``cells``.

    In float32, as in training. A board counts if all its blanks are right.

    Args:
        trained: the arm.
        longest: most iterations, in multiples of those trained.
        boards: the first so many of each part; all where None.
        place: of the recorded step.

    Returns:
        both over (member, part, iteration).
    """
    iterations = iterations_of(trained.iterations, longest)
    parameters = trained.parameters(place, torch.float32)
    shares = [_shares(trained, parameters, part, boards, iterations) for part in PARTS]
    dims = (DIM, "part", "iteration")
    return xr.Dataset(
        {
            name: (dims, torch.stack([each[row] for each in shares], dim=1).cpu().numpy())
            for row, name in enumerate(("boards", "cells"))
        },
        coords={"part": list(PARTS), "iteration": list(iterations)},
    )


def _shares(
    trained: Trained, parameters: dict[str, Tensor], part: str, count: int | None, iterations: Sequence[int]
) -> tuple[Tensor, Tensor]:
    """Shares of boards and of blanks, (member, iteration) each, float64."""
    inputs = trained.inputs(part, count, dtype=torch.float32)
    answers = predictions(trained.network, parameters, inputs, iterations)
    right = answers == trained.targets(part, count)[:, None]
    given = (inputs["puzzle"] > 0)[:, :, None]
    boards = (right | given).all(dim=-1).double().mean(dim=1)
    cells = (right & ~given).sum(dim=(1, 3)).double() / (~given).sum(dim=(1, 3))
    return boards, cells
