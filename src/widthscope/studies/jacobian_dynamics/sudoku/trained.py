"""A trained arm as the analysis reads it: its network, its parameters at recorded steps, and test boards."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from widthscope.ensembles.members import DIM, Members
from widthscope.ensembles.parameters import Parameters, column
from widthscope.studies.jacobian_dynamics.networks.network import Network
from widthscope.studies.jacobian_dynamics.networks.stored import parameters_of
from widthscope.studies.jacobian_dynamics.sudoku.task import first_states, network_of

Inputs = dict[str, Tensor]


@dataclass(frozen=True)
class Trained:
    """One arm of a sweep.

    Attributes:
        arm: its name.
        network: its shape.
        history: what its training stored, read lazily.
        members: its seeds.
        boards: `id_puzzle`, `ood_puzzle`, `id_solution`, `ood_solution` (board, cell).
        seed: of the run.
        iterations: T of the training.
        device: where to compute.
    """

    arm: str
    network: Network
    history: xr.Dataset
    members: Members
    boards: Mapping[str, np.ndarray]
    seed: int
    iterations: int
    device: str

    @classmethod
    def of(cls, swept: xr.DataTree, arm: str, settings: Mapping[str, Any], device: str) -> "Trained":
        """One arm of what `experiment.run` stored, by the arm's settings."""
        history, boards = swept[arm].to_dataset(), swept["boards"].to_dataset().load()
        return cls(
            arm=arm,
            network=network_of(settings, arm),
            history=history,
            members=Members.grid(seed=history["seed"].values.tolist()),
            boards={str(name): values.values for name, values in boards.data_vars.items()},
            seed=settings["seed"],
            iterations=settings["iterations"],
            device=device,
        )

    @property
    def steps(self) -> list[int]:
        """Numbers of updates after which parameters were kept."""
        return [int(step) for step in self.history["step"].values]

    @property
    def alive(self) -> np.ndarray:
        """Whether a seed never diverged, (member,)."""
        return np.asarray(self.history["diverged_at"].values < 0)

    def parameters(self, place: int = -1, dtype: torch.dtype = torch.float64) -> Parameters:
        """Parameters at a recorded step; of seeds that diverged the first ones, which are finite.

        Args:
            place: of the step among the recorded ones.
            dtype: float64 for Jacobians and energies.
        """
        chosen = parameters_of(self.history, place, dtype, self.device)
        if self.alive.all():
            return chosen
        first = parameters_of(self.history, 0, dtype, self.device)
        alive = torch.from_numpy(self.alive).to(self.device)
        return {name: torch.where(column(alive, value), value, first[name]) for name, value in chosen.items()}

    def inputs(
        self, part: str, count: int | None = None, copy: int = 0, dtype: torch.dtype = torch.float64
    ) -> Inputs:
        """The first boards of a part with first states of their blanks, for every member.

        Args:
            part: ``id`` or ``ood``.
            count: how many boards; all where None.
            copy: each gives other first states.
            dtype: of the first states.
        """
        boards = torch.from_numpy(self.boards[f"{part}_puzzle"][:count].astype(np.int64))
        noise = first_states(boards, self.members, self.network.width, self.seed, part, copy)
        puzzle = boards.expand(len(self.members), *boards.shape)
        return {"puzzle": puzzle.to(self.device), "noise": noise.to(self.device, dtype)}

    def targets(self, part: str, count: int | None = None) -> Tensor:
        """Classes of the solutions' digits, (board, cell), as the readout numbers them."""
        solutions = self.boards[f"{part}_solution"][:count].astype(np.int64)
        return torch.from_numpy(solutions - 1).to(self.device)

    def masked(self, found: xr.Dataset) -> xr.Dataset:
        """What was measured, NaN for seeds that diverged."""
        alive = xr.DataArray(self.alive, dims=DIM)
        kept = {
            name: values.where(alive) if DIM in values.dims else values
            for name, values in found.data_vars.items()
        }
        return found.assign(kept).assign_coords(self.members.coords())
