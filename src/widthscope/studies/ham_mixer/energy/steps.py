"""Energies along repeated applications of one block, at steps of any size."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from typing import Any

import torch
import xarray as xr

from widthscope.associative_memory.adiabatic import residual
from widthscope.associative_memory.rises import largest_rise
from widthscope.streams import torch_generator
from widthscope.studies.ham_mixer.energy.systems import drawn, table
from widthscope.work import Work

UNITS = ("relu", "tanh", "gelu")
COUPLINGS = ("symmetric", "asymmetric")
SHOWN = 6


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Largest relative rise of every run over (unit, couplings, length, system), and some runs' energies.

    `rise_gain` (length, system) is that of symmetric ReLU blocks whose normalised state is multiplied by a
    gain of its own for every entry, exp(gain N(0, 1)), while the backward matrices stay the transposes.

    Args:
        settings: as `settings.Steps`, and `seed`.
        datasets: none is read.
        work: its progress shows the cases done.
    """
    systems = drawn(settings["sizes"], settings["systems"], "steps", settings["seed"]).to(work.device)
    rises, kept, gained = {}, {}, {}
    cases = list(product(UNITS, COUPLINGS, settings["lengths"]))
    for case in work.progress(cases, total=len(cases), description="cases"):
        unit, couplings, length = case
        path = residual(systems.memory(unit, couplings), systems.state, length, settings["iterations"])
        rises[case], kept[case] = largest_rise(path.energy), path.energy[:, :SHOWN].T
    generator = torch_generator("ham_mixer", "energy.gain", settings["seed"])
    log_gain = torch.randn(systems.state.shape, generator=generator, dtype=torch.float64).to(work.device)
    with_gain = replace(systems.memory("relu", "symmetric"), gain=torch.exp(settings["gain"] * log_gain))
    for length in settings["lengths"]:
        path = residual(with_gain, systems.state, length, settings["iterations"])
        gained[(length,)] = largest_rise(path.energy)
    dims = ("unit", "couplings", "length")
    return xr.Dataset(
        {
            "rise": ((*dims, "system"), table(rises)),
            "energy": ((*dims, "shown", "iteration"), table(kept)),
            "rise_gain": (("length", "system"), table(gained)),
        },
        coords={
            "unit": list(UNITS),
            "couplings": list(COUPLINGS),
            "length": list(settings["lengths"]),
        },
        attrs={**settings["sizes"], "gain": settings["gain"], "iterations": settings["iterations"]},
    )
