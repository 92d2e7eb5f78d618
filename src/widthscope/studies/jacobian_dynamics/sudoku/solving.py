"""One hard board as a trained network fills it, iteration by iteration."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr

from widthscope.studies.jacobian_dynamics.networks.evaluation import predictions
from widthscope.studies.jacobian_dynamics.sudoku.trained import Trained

WATCHED = 64
"""Boards among which one is chosen to be shown."""


def watched_board(trained: Trained, settings: Mapping[str, Any]) -> xr.Dataset:
    """The hard board that the first seed solves after the most iterations, at most 4 T.

    It is chosen to be looked at, and no verdict rests on it. If none is solved, the first board.

    Returns:
        ``digits`` (shown, cell) after 0, 1, ... iterations, ``puzzle`` and ``solution`` (cell), uint8;
        attribute ``solved_at``, the iteration from which the board stays right, -1 for never.
    """
    lone = {name: value[:1] for name, value in trained.parameters(-1, torch.float32).items()}
    inputs = {name: value[:1] for name, value in trained.inputs("ood", WATCHED, dtype=torch.float32).items()}
    last = 4 * trained.iterations
    answers = predictions(trained.network, lone, inputs, range(last + 1))[0]
    puzzle = inputs["puzzle"][0]
    digits = torch.where(puzzle[:, None] > 0, puzzle[:, None], answers + 1)
    right = (digits == trained.targets("ood", WATCHED)[:, None] + 1).all(dim=-1).cpu().numpy()
    since = np.where(right[:, -1], last + 1 - np.cumprod(right[:, ::-1], axis=1).sum(axis=1), -1)
    board = int(since.argmax())
    cells = {
        "digits": (("shown", "cell"), digits[board].cpu().numpy().astype(np.uint8)),
        "puzzle": ("cell", puzzle[board].cpu().numpy().astype(np.uint8)),
        "solution": ("cell", trained.boards["ood_solution"][board].astype(np.uint8)),
    }
    return xr.Dataset(cells, coords={"shown": range(last + 1)}, attrs={"solved_at": int(since[board])})
