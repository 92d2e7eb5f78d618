"""Energies along the attention update, of drawn machines and of one whose memories are digits."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from widthscope.boltzmann import mixture
from widthscope.boltzmann import retrieval as dynamics
from widthscope.boltzmann.mixture import Machine
from widthscope.streams import torch_generator
from widthscope.studies.attnbm.identities.machines import drawn
from widthscope.work import Work

TOO_LONG = 3.0
"""Length of the control's step: curved like |v|^2/2 the energy rises by any step longer than 2."""

CONTRAST = 2.0
"""Standard deviation of the digits' pixels, in units of the noise that every component has."""

NOISE = 3.0
"""That the starts near stored digits have on top, per pixel."""

TRACES, UPDATES = 12, 8
"""Starts and updates whose energies are stored."""

SHOWN, STAGES = 5, (0, 1, 2)
"""Starts that are shown as images, and after how many updates."""


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Largest rises of the energy over its size, for each machine.

    Args:
        settings: `visible`, `hidden`, `machines`, `patterns`, `starts`, `steps`, `seed`.
        datasets: the digits.
        work: its progress shows the machines done.

    Returns:
        `rise` (machine, step_length), the largest over starts and updates, for "attention" and "too long"
        steps, the last machine being that of the digits; the first machine's `energy` (step_length, update,
        start); and the digits recalled, `image` (stage, example, row, col), beside those `stored` (example,
        row, col).
    """
    machines = [
        drawn(
            ("attnbm", "identities.retrieval", settings["seed"], m), settings["hidden"], settings["visible"]
        )
        for m in range(settings["machines"])
    ]
    memory, side = digits_memory(datasets["digits"], settings)
    every = [*machines, memory]
    rises, traces, states = [], [], torch.empty(0)
    for place, machine in enumerate(work.progress(every, total=len(every), description="machines")):
        starts = _starts(machine, settings, place, stored=machine is memory)
        states = dynamics.trajectory(machine, starts, settings["steps"])
        long = dynamics.trajectory(machine, starts, settings["steps"], TOO_LONG)
        rises.append([_largest_rise(machine, one) for one in (states, long)])
        traces.append([dynamics.energies(machine, one[: UPDATES + 1, :TRACES]) for one in (states, long)])
    shown = states[list(STAGES), :SHOWN] + 0.0
    kept = mixture.component_means(memory)[_chosen(memory, settings, len(machines))[:SHOWN]]
    names = [f"drawn machine {m + 1}" for m in range(len(machines))]
    return xr.Dataset(
        {
            "rise": (("machine", "step_length"), np.array(rises)),
            "energy": (("step_length", "update", "start"), torch.stack(traces[0]).numpy()),
            "image": (("stage", "example", "row", "col"), _pictures(shown, side)),
            "stored": (("example", "row", "col"), _pictures(kept, side)),
        },
        coords={
            "machine": [*names, "digits"],
            "step_length": ["attention", "too long"],
            "stage": list(STAGES),
        },
        attrs={"patterns": settings["patterns"], "starts": settings["starts"], "noise": NOISE},
    )


def digits_memory(digits: xr.Dataset, settings: Mapping[str, Any]) -> tuple[Machine, int]:
    """The machine whose components are the first digits, each of the same weight, and the side of an image.

    w_j = x_j - mean, b = mean, and c_j = -(|w_j|^2/2 + w_j.b), which makes the mixing weights uniform.
    """
    images = torch.tensor(digits["image"].values[: settings["patterns"]], dtype=torch.float64)
    side = images.shape[-1]
    pixels = images.flatten(1)
    pixels = CONTRAST * (pixels - pixels.mean()) / pixels.std()
    centre = pixels.mean(0)
    bare = Machine(pixels - centre, centre, torch.zeros(len(pixels), dtype=torch.float64))
    return bare._replace(hidden_bias=-mixture.component_inputs(bare)), side


def _chosen(machine: Machine, settings: Mapping[str, Any], place: int) -> Tensor:
    """Memories near which the starts lie."""
    generator = torch_generator("attnbm", "identities.retrieval.memories", settings["seed"], place)
    return torch.randint(machine.hidden_units, (settings["starts"],), generator=generator)


def _starts(machine: Machine, settings: Mapping[str, Any], place: int, stored: bool) -> Tensor:
    generator = torch_generator("attnbm", "identities.retrieval.starts", settings["seed"], place)
    shape = (settings["starts"], machine.visible_units)
    noise = NOISE * torch.randn(shape, generator=generator, dtype=torch.float64)
    return noise + mixture.component_means(machine)[_chosen(machine, settings, place)] if stored else noise


def _largest_rise(machine: Machine, states: Tensor) -> float:
    return float(dynamics.largest_rise(dynamics.energies(machine, states)).max())


def _pictures(pixels: Tensor, side: int) -> np.ndarray:
    images: np.ndarray = pixels.reshape(*pixels.shape[:-1], -1, side).float().numpy()
    return images
