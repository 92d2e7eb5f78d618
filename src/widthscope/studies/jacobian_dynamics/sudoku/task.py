"""Boards of Sudoku as inputs of recurrent networks: what training and analysis share."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from widthscope.datasets.sudoku.grids import BOXES
from widthscope.ensembles.members import Members
from widthscope.studies.jacobian_dynamics.networks.arms import rule_of
from widthscope.studies.jacobian_dynamics.networks.embedding import Cells
from widthscope.studies.jacobian_dynamics.networks.network import Network
from widthscope.studies.jacobian_dynamics.networks.readout import Readout

STREAM = ("jacobian_dynamics", "sudoku")
PARTS = ("id", "ood")
"""The test parts: as hard as in training, and harder."""


def network_of(settings: Mapping[str, Any], arm: str) -> Network:
    """The network of an arm, by `order`, `width` and `heads` of the settings."""
    order = settings["order"]
    embedding = Cells(order, box_rows=BOXES[order][0])
    return Network(rule_of(arm), settings["width"], settings["heads"], embedding, Readout(order))


def first_states(boards: Tensor, members: Members, width: int, seed: int, part: str, copy: int = 0) -> Tensor:
    """N(0, 1) first states of test boards, (member, board, cell, width), float64; blanks begin there.

    Args:
        boards: (board, cell).
        members: each draws from a stream of its seed, the same in all arms.
        width: D.
        seed: of the run.
        part: names the stream, beside `copy`, of which each gives other states.
    """
    generators = members.generators(*STREAM, seed, "first states", part, copy)
    shape = (*boards.shape, width)
    return torch.stack([torch.randn(shape, generator=each, dtype=torch.float64) for each in generators])
