"""What the figures of the family show: means over seeds with their bands, and a few single networks."""

import numpy as np
import xarray as xr

from widthscope.statistics.over_seeds import band
from widthscope.studies.jacobian_dynamics.sudoku.tables import Arms


def curves_of(arms: Arms) -> dict[str, xr.Dataset]:
    """The datasets behind the figures, by the figure's name."""
    told = {"trained": arms.trained, "wide": arms.wide, "order": int(arms["rms"].attrs["order"])}
    found = {
        "sudoku-eigenvalues": eigenvalues(arms),
        "sudoku-accuracy": accuracy(arms),
        "sudoku-exponents": exponents(arms),
        "sudoku-energy": energy(arms),
        "sudoku-board": arms.board,
    }
    return {name: curve.assign_attrs(told) for name, curve in found.items()}


def eigenvalues(arms: Arms) -> xr.Dataset:
    """Eigenvalues of the first seed, ``real`` and ``imag`` (arm, when, eigenvalue)."""
    names = [arm for arm in arms.tables if arm != arms.wide]
    parts = {
        part: xr.concat(
            [arms[arm][f"eigenvalue_{part}"].isel(seed=0, drop=True) for arm in names],
            dim=xr.Variable("arm", names),
        )
        for part in ("real", "imag")
    }
    return xr.Dataset(parts)


def accuracy(arms: Arms) -> xr.Dataset:
    """Bands of boards and cells, ``boards_<part>`` and ``cells_<part>`` (arm, iteration), and of untrained
    networks, ``untrained_<part>`` (iteration)."""
    names = ["rms", "akorn", arms.wide]
    bands = []
    for part in ("id", "ood"):
        for what in ("boards", "cells"):
            of_arms = [band(arms[arm][what].sel(part=part, drop=True), f"{what}_{part}") for arm in names]
            bands.append(xr.concat(of_arms, dim=xr.Variable("arm", names), join="exact"))
        untrained = arms["rms"]["untrained_cells"].sel(part=part, drop=True)
        bands.append(band(untrained, f"untrained_{part}"))
    return xr.merge(bands, join="exact")


def exponents(arms: Arms) -> xr.Dataset:
    """The exponent over T iterations along the training with its band, ``finite`` (step); of every arm before
    and after with half-widths, ``ends`` (arm, when); in the long run ``long_run`` (arm); and of the first
    seeds of two arms the averages over the first iterations, ``history`` (followed, averaged, exponent)."""
    along = band(arms["rms"]["finite"], "finite")
    names = list(arms.tables)
    ends = [band(arms[arm]["finite"].isel(step=[0, -1]).drop_vars("step"), "ends") for arm in names]
    joined = xr.concat([end.rename(step="when") for end in ends], dim=xr.Variable("arm", names))
    long_run = xr.full_like(joined["ends"].isel(when=0, drop=True), np.nan)
    half = long_run.copy()
    for place, arm in enumerate(names):
        if "long_run" in arms[arm]:
            found = band(arms[arm]["long_run"].isel(exponent=0, drop=True), "long_run")
            long_run[place], half[place] = float(found["long_run"]), float(found["long_run_half"])
    followed = ["rms", "akorn"]
    history = xr.concat(
        [arms[arm]["long_run_history"].isel(seed=0, drop=True) for arm in followed],
        dim=xr.Variable("followed", followed),
    )
    return xr.merge(
        [along, joined, xr.Dataset({"long_run": long_run, "long_run_half": half, "history": history})],
        join="exact",
    ).assign_coords(when=["before", "after"])


def energy(arms: Arms) -> xr.Dataset:
    """``energy`` with its half-width, and each seed's (seed, passed); ``cosine``, ``contribution`` and those
    of the next seed with half-widths (at)."""
    table = arms["akorn"]
    names = ("cosine", "cosine_other", "contribution", "contribution_other")
    bands = [band(table[name], name) for name in ("energy", *names)]
    each = table["energy"].rename("energy_seeds").reset_coords(drop=True)
    chance = {"chance": float(table.attrs["chance"])} if "chance" in table.attrs else {}
    return xr.merge([*bands, each.to_dataset()], join="exact").assign_attrs(chance)
