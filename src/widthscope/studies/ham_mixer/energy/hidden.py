"""Energies of the whole network, whose hidden layers have a time constant of their own."""

from collections.abc import Mapping
from itertools import product
from typing import Any

import torch
import xarray as xr
from torch import Tensor

from widthscope.associative_memory.hidden_dynamics import Layers, runge_kutta
from widthscope.associative_memory.rises import largest_rise
from widthscope.streams import torch_generator
from widthscope.studies.ham_mixer.energy.systems import drawn, table
from widthscope.work import Work

UNITS = ("relu", "gelu")
FALLING = (-3.0, -0.8)
"""Inputs between which GELU falls: its least value is at -0.7518."""

BROAD = 2.0
"""Deviation of hidden states that start anywhere."""

SHOWN, TIMES = 6, 40


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Largest relative rise of every run over (unit, scale, system), and some runs' energies.

    `rise` has hidden states that start where GELU falls; `rise_broad` (unit, system), at the largest scale,
    such that start anywhere.

    Args:
        settings: as `settings.Hidden`, and `seed`.
        datasets: none is read.
        work: its progress shows the cases done.
    """
    systems = drawn(settings["sizes"], settings["systems"], "hidden", settings["seed"]).to(work.device)
    starts = _starts(settings, systems.state)
    scales, every = settings["scales"], max(1, settings["steps"] // TIMES)
    falling = [(unit, scale, "falling") for unit, scale in product(UNITS, scales)]
    broad = [(unit, scales[-1], "broad") for unit in UNITS]
    rises, kept, widely = {}, {}, {}
    cases = [*falling, *broad]
    for unit, scale, start in work.progress(cases, total=len(cases), description="cases"):
        energy, _ = runge_kutta(
            systems.memory(unit, "symmetric", scale),
            starts[start],
            settings["tau"],
            settings["step"],
            settings["steps"],
        )
        if start == "broad":
            widely[(unit,)] = largest_rise(energy)
        else:
            rises[(unit, scale)], kept[(unit, scale)] = largest_rise(energy), energy[::every, :SHOWN].T
    return xr.Dataset(
        {
            "rise": (("unit", "scale", "system"), table(rises)),
            "rise_broad": (("unit", "system"), table(widely)),
            "energy": (("unit", "scale", "shown", "time"), table(kept)),
        },
        coords={
            "unit": list(UNITS),
            "scale": list(scales),
            "time": [settings["step"] * k for k in range(0, settings["steps"] + 1, every)],
        },
        attrs={**settings["sizes"], "tau": settings["tau"]},
    )


def _starts(settings: Mapping[str, Any], state: Tensor) -> dict[str, Layers]:
    """Initial states of all layers: the visible ones are the systems' own."""
    sizes, generator = settings["sizes"], torch_generator("ham_mixer", "energy.starts", settings["seed"])
    shapes = (
        (settings["systems"], sizes["token_hidden"], sizes["channels"]),
        (settings["systems"], sizes["tokens"], sizes["channel_hidden"]),
    )
    low, high = FALLING
    falling = [
        low + (high - low) * torch.rand(shape, generator=generator, dtype=torch.float64) for shape in shapes
    ]
    broad = [BROAD * torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes]
    return {
        name: Layers(state, *(one.to(state.device) for one in hidden))
        for name, hidden in (("falling", falling), ("broad", broad))
    }
