"""Whether the state comes to rest, or goes to and fro between two states, after many iterations."""

from collections.abc import Mapping
from typing import Any

import torch
import xarray as xr
from torch import Tensor

from widthscope.ensembles.members import DIM
from widthscope.models.recurrence.update import iterate
from widthscope.studies.jacobian_dynamics.sudoku.trained import Trained

LEAST = 0.01
"""Relative change in one iteration below which a state is taken to be at rest."""

TIMES = 5.0
"""How many times larger than over two iterations the change over one must be, for a period of two."""


def settled_changes(trained: Trained, settings: Mapping[str, Any]) -> xr.Dataset:
    """Relative changes over one and over two iterations, |x' - x| / |x| and |x'' - x| / |x|, on hard boards.

    Args:
        trained: the arm.
        settings: `measured`.

    Returns:
        ``change_one``, ``change_two`` (member), averages over boards, and ``period_two`` (member), the share
        of boards on which the first is above `LEAST` and above `TIMES` the second.
    """
    inputs, parameters = trained.inputs("ood", settings["energy_puzzles"]), trained.parameters()
    with torch.no_grad():
        state, drive = trained.network.start(parameters, inputs)
        state = iterate(trained.network.rule, parameters, state, drive, settings["settled"])
        after = iterate(trained.network.rule, parameters, state, drive, 2, keep=True)
    one, two = (_relative(after[places] - state, state) for places in (1, 2))
    found = {
        "change_one": one.mean(dim=1),
        "change_two": two.mean(dim=1),
        "period_two": ((one > LEAST) & (one > TIMES * two)).double().mean(dim=1),
    }
    return xr.Dataset({name: (DIM, values.cpu().numpy()) for name, values in found.items()})


def _relative(change: Tensor, state: Tensor) -> Tensor:
    """|change| / |state| of each board, (member, board)."""
    found: Tensor = change.flatten(2).norm(dim=-1) / state.flatten(2).norm(dim=-1)
    return found
