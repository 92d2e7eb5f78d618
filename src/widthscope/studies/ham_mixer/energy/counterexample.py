"""Memories of one hidden unit on each axis, whose energies GELU can raise in a large step and ReLU cannot."""

from collections.abc import Mapping
from itertools import product
from typing import Any

import xarray as xr

from widthscope.associative_memory.adiabatic import residual
from widthscope.associative_memory.rises import largest_rise, rose
from widthscope.studies.ham_mixer.energy.systems import drawn, table
from widthscope.work import Work

SIZES = {"tokens": 3, "channels": 2, "token_hidden": 1, "channel_hidden": 1}
UNITS = ("relu", "gelu")
STATE_SCALE = 1.0
"""Deviation of the initial states' entries. Couplings have deviation 1 times a scale: with so few tokens and
channels there is no sum of many terms to be kept of order one."""


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Runs whose energy rose, over (unit, scale, length), and the energies of the one that GELU raised most.

    Args:
        settings: as `settings.Counterexample`, and `seed`.
        datasets: none is read.
        work: its progress shows the cases done.
    """
    systems = drawn(
        SIZES,
        settings["systems"],
        "counterexample",
        settings["seed"],
        unit_variance=True,
        state_scale=STATE_SCALE,
    ).to(work.device)
    scales, lengths = settings["scales"], settings["lengths"]
    counts, energies = {}, {}
    cases = list(product(UNITS, scales, lengths))
    for case in work.progress(cases, total=len(cases), description="cases"):
        unit, scale, length = case
        memory = systems.memory(unit, "symmetric", scale)
        energy = residual(memory, systems.state, length, settings["iterations"]).energy
        counts[case] = rose(energy).sum()
        if (scale, length) == (scales[0], lengths[-1]):
            energies[(unit,)] = energy
    worst = int(largest_rise(energies[("gelu",)]).argmax())
    return xr.Dataset(
        {
            "risen": (("unit", "scale", "length"), table(counts)),
            "example": (("unit", "iteration"), table({key: one[:, worst] for key, one in energies.items()})),
        },
        coords={"unit": list(UNITS), "scale": list(scales), "length": list(lengths)},
        attrs={"systems": settings["systems"], "iterations": settings["iterations"]},
    )
