"""Energies along the continuous dynamics of fast hidden layers, by symmetric and by other couplings."""

from collections.abc import Mapping
from itertools import product
from typing import Any

import torch
import xarray as xr

from widthscope.associative_memory import layer_norm
from widthscope.associative_memory.adiabatic import runge_kutta
from widthscope.associative_memory.rises import largest_rise
from widthscope.studies.ham_mixer.energy.systems import drawn, table
from widthscope.work import Work

UNITS = ("relu", "gelu")
COUPLINGS = ("symmetric", "asymmetric")
DECAYS = (0.0, 1.0)
SHOWN, TIMES = 6, 40
"""Systems and times, at most, of which energies are kept for the figure."""


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Largest relative rise of every run over (unit, couplings, decay, system), and some runs' energies.

    `rise` is that of the energy of the forward matrices; `rise_mismatched` that of the same runs' energy by a
    Lagrangian that lacks a factor, whose kept energies are `energy_mismatched`.

    Args:
        settings: as `settings.Flow`, and `seed`.
        datasets: none is read.
        work: its progress shows the cases done.
    """
    systems = drawn(settings["sizes"], settings["systems"], "flow", settings["seed"]).to(work.device)
    count = layer_norm.entries(systems.state)
    every = max(1, settings["steps"] // TIMES)
    found: dict[str, dict[tuple[Any, ...], torch.Tensor]] = {
        name: {} for name in ("rise", "rise_mismatched", "energy", "energy_mismatched")
    }
    cases = list(product(UNITS, COUPLINGS, DECAYS))
    for case in work.progress(cases, total=len(cases), description="cases"):
        unit, couplings, decay = case
        path = runge_kutta(
            systems.memory(unit, couplings), systems.state, settings["step"], settings["steps"], decay
        )
        mismatched = path.energy + layer_norm.mismatched_legendre(path.deviation, count)
        for name, energy in (("", path.energy), ("_mismatched", mismatched)):
            found[f"rise{name}"][case] = largest_rise(energy)
            found[f"energy{name}"][case] = energy[::every, :SHOWN].T
    dims = ("unit", "couplings", "decay")
    return xr.Dataset(
        {
            name: ((*dims, "system") if name.startswith("rise") else (*dims, "shown", "time"), table(rows))
            for name, rows in found.items()
        },
        coords={
            "unit": list(UNITS),
            "couplings": list(COUPLINGS),
            "decay": list(DECAYS),
            "time": [settings["step"] * k for k in range(0, settings["steps"] + 1, every)],
        },
        attrs={**settings["sizes"], "step": settings["step"], "steps": settings["steps"]},
    )
