"""What a run keeps of its members at chosen steps, in memory or, where it must outlive a kill, on disk.

Step s means after s updates: 0 is the initial state. A member that diverged has NaN from then on.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from widthscope.ensembles.members import DIM, Members
from widthscope.ensembles.parameters import Parameters
from widthscope.ensembles.spool import Spool

LAZY_BYTES = 2**26
"""Spooled variables above this size are returned as dask arrays."""


@dataclass(frozen=True)
class Recording:
    """Quantities measured at chosen steps.

    Attributes:
        measure: parameters -> floating tensors (member, ...) by name; runs without gradients.
        dims: for each name the dimensions after the member.
        steps: numbers of updates after which to measure, rising; 0 is before the first.
        along: name of the dimension of these steps. Recordings at other steps need another name.
        coords: labels of the other dimensions.
    """

    measure: Callable[[Parameters], Mapping[str, Tensor]]
    dims: Mapping[str, Sequence[str]]
    steps: Sequence[int]
    along: str = "step"
    coords: Mapping[str, Any] = field(default_factory=dict)


def parameters_at(
    steps: Sequence[int], dims: Mapping[str, Sequence[str]], coords: Mapping[str, Any] | None = None
) -> Recording:
    """Recording of the parameters named by `dims`, in float32.

    ``parameters_at(steps, {"query": ("layer", "head", "head_dim", "width")})`` is for the spectral stage.
    """

    def measure(parameters: Parameters) -> Mapping[str, Tensor]:
        return {name: parameters[name].float() for name in dims}

    return Recording(measure, dims, steps, coords=coords or {})


def even_steps(steps: int, count: int) -> tuple[int, ...]:
    """At most `count` + 1 numbers of updates from 0 to `steps`, evenly spaced and rounded."""
    return tuple(sorted({round(steps * place / count) for place in range(count + 1)}))


class Recorder:
    """Runs recordings, and joins what they found to a dataset.

    Args:
        recordings: what to record; each name in one of them only.
        members: the dataset's members.
        folder: where to keep what was found; None for memory.

    Raises:
        ValueError: if two recordings share a name, or a dimension of steps at different steps.
    """

    def __init__(self, recordings: Sequence[Recording], members: Members, folder: Path | None = None) -> None:
        self._recordings, self._members, self._folder = recordings, members, folder
        names = [name for recording in recordings for name in recording.dims]
        if len(set(names)) != len(names):
            raise ValueError(f"recordings share a name: {', '.join(sorted(names))}")
        self._steps: dict[str, tuple[int, ...]] = {}
        for recording in recordings:
            steps = tuple(recording.steps)
            if self._steps.setdefault(recording.along, steps) != steps or list(steps) != sorted(set(steps)):
                raise ValueError(f"dimension {recording.along!r}: steps must rise, and agree: {steps}")
        self._spools: dict[str, Spool] = {}

    def record(self, step: int, parameters: Parameters, alive: Tensor) -> None:
        """Measure what is due after `step` updates; NaN where a member is not alive."""
        for recording in self._recordings:
            if step not in recording.steps:
                continue
            place, count = list(recording.steps).index(step), len(self._members)
            dead = (~alive[:count]).cpu().numpy()
            with torch.no_grad():
                found = recording.measure(parameters)
            for name in recording.dims:
                values = found[name][:count].detach().cpu().numpy()
                self._check(name, values, recording)
                if dead.any():
                    values = values.copy()
                    values[dead] = np.nan
                self._spool(name, len(recording.steps), values).write(place, values)

    def flush(self) -> None:
        """Bring what is spooled to the disk."""
        for spool in self._spools.values():
            spool.flush()

    def dataset(self) -> xr.Dataset:
        """All that was recorded, (member, along, ...) each, with the members' factors as coordinates."""
        found = xr.Dataset(coords=self._members.coords())
        for recording in self._recordings:
            found = found.assign_coords({recording.along: list(recording.steps)}).assign_coords(
                recording.coords
            )
            for name, dims in recording.dims.items():
                values = self._spools[name].values() if name in self._spools else self._kept(name)
                found[name] = ((recording.along, DIM, *dims), values)
                found[name] = found[name].transpose(DIM, ...)
        return found

    def _kept(self, name: str) -> Any:
        """What an earlier, killed run of this training had already recorded to the end."""
        if self._folder is None:
            raise ValueError(f"nothing was recorded of {name!r}: none of its steps was reached")
        return Spool.of(self._folder / f"{name}.npy", lazy_above=LAZY_BYTES).values()

    def _spool(self, name: str, rows: int, values: np.ndarray[Any, Any]) -> Spool:
        if name not in self._spools:
            path = None if self._folder is None else self._folder / f"{name}.npy"
            self._spools[name] = Spool(path, (rows, *values.shape), values.dtype, lazy_above=LAZY_BYTES)
        return self._spools[name]

    def _check(self, name: str, values: np.ndarray[Any, Any], recording: Recording) -> None:
        wanted = 1 + len(recording.dims[name])
        if values.dtype.kind != "f" or values.ndim != wanted or len(values) != len(self._members):
            raise ValueError(
                f"recorded {name!r} has shape {values.shape} and dtype {values.dtype}; it needs a floating "
                f"dtype and {wanted} dimensions, the first of {len(self._members)} members"
            )
