"""Figures of the family `energy`."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from widthscope.plotting import MARKERS, PALETTE, SERIES, Drawing, new

UNIT_NAMES = {"relu": "ReLU", "gelu": "GELU", "tanh": "tanh"}
FALLING = -0.7518
"""Where GELU stops to fall."""


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    identities, flow, steps, hidden = (
        fit[f"/curves/energy/{name}"].to_dataset().load()
        for name in ("identities", "flow", "steps", "hidden")
    )
    return {
        "energy-lagrangians": lagrangians(identities),
        "energy-skip": skip(identities),
        "energy-flow": flows(flow),
        "energy-steps": step_sizes(steps),
        "energy-hidden": hidden_layers(hidden),
    }


def lagrangians(table: xr.Dataset) -> Drawing:
    """Lagrangians of hidden units, their derivatives, and eigenvalues of the normalisation's Hessian."""
    figure, *axes_in_row = new(cols=3, height=2.6)
    left, middle, right = axes_in_row
    z = table["z"].values
    for place, (unit, name) in enumerate(UNIT_NAMES.items()):
        colour = PALETTE[SERIES[place]]
        left.plot(z, table["potential"].sel(unit=unit), color=colour, label=name)
        middle.plot(z, table["phi"].sel(unit=unit), color=colour)
    for axes in (left, middle):
        axes.axvspan(z[0], FALLING, color=PALETTE["band"], linewidth=0)
        axes.set_xlabel("$z$")
    left.set_title("Lagrangian")
    left.legend()
    middle.set_title("activation")
    values = table["eigenvalues"].values
    right.plot(np.arange(1, len(values) + 1), values, "o", color=PALETTE["c0"], markersize=3.5)
    right.set_title("eigenvalues, times $\\sigma$")
    right.set_xlabel("rank")
    zero = int((np.abs(values) < 1e-9).sum())
    caption = (
        "Lagrangians of hidden units and the activations that are their derivatives: below -0.75, shaded, "
        "GELU falls and its Lagrangian is not convex. Right: the Hessian of the normalisation's Lagrangian "
        f"at a random state of {len(values)} entries has {zero} eigenvalues 0, and all others are "
        f"$1/\\sigma$."
    )
    return Drawing(figure, caption, f"Three panels: two families of curves against z, and points. {caption}")


def skip(table: xr.Dataset) -> Drawing:
    """Distances of decayed and residual steps."""
    figure, *axes_in_row = new(width=5.0, height=2.9)
    (axes,) = axes_in_row
    steps = np.arange(table.sizes["step"])
    for place, unit in enumerate(table["skip_unit"].values):
        colour, name = PALETTE[SERIES[place]], UNIT_NAMES[str(unit)]
        for kind, style, label in (
            ("skip", "-", "rescaled branch"),
            ("skip_unscaled", "--", "constant branch"),
        ):
            distance = np.maximum(table[kind].sel(skip_unit=unit).values, 1e-17)
            axes.plot(steps[1:], distance[1:], style, color=colour, label=f"{name}, {label}")
    axes.set_yscale("log")
    axes.set_xlabel("step")
    axes.set_ylabel("distance of LN states")
    axes.legend()
    right, wrong = float(table["skip"].max()), float(table["skip_unscaled"].isel(step=-1).min())
    caption = (
        "Largest difference of the normalised states of decayed steps and of residual ones: "
        f"{right:.1e} at most where the residual branch grows as it should, {wrong:.2g} at least in the end "
        "where it does not."
    )
    return Drawing(figure, caption, f"Distances against the step, on a logarithmic axis. {caption}")


def flows(table: xr.Dataset) -> Drawing:
    """Energies of some runs with GELU and decay: symmetric, asymmetric, and by a wrong Lagrangian."""
    case = table.sel(unit="gelu", decay=1.0)
    panels = {
        "symmetric": case["energy"].sel(couplings="symmetric"),
        "independent": case["energy"].sel(couplings="asymmetric"),
        "other Lagrangian": case["energy_mismatched"].sel(couplings="symmetric"),
    }
    figure, *every = new(cols=3, height=2.7)
    for axes, (title, energy) in zip(every, panels.items(), strict=True):
        _runs(axes, table["time"].values, energy.values)
        axes.set_title(title)
        axes.set_xlabel("time")
    every[0].set_ylabel("energy, over its range")
    ends = {title: int((one.diff("time") > 0).any("time").sum()) for title, one in panels.items()}
    caption = (
        f"Energies along the continuous dynamics with GELU and decay, the first {case.sizes['shown']} of "
        f"{table.attrs['systems']} random systems with {table.attrs['tokens']} tokens and "
        f"{table.attrs['channels']} channels, each over its own range. Runs that rise somewhere: "
        + ", ".join(f"{count} ({title})" for title, count in ends.items())
        + ". The right panel has the runs of the left one, and an energy without a factor in the Lagrangian."
    )
    return Drawing(figure, caption, f"Three panels of energies against time. {caption}")


def step_sizes(table: xr.Dataset) -> Drawing:
    """Share of runs that rose against the step size, and one run of the smallest memories."""
    figure, *axes_in_row = new(cols=2, height=3.0)
    left, right = axes_in_row
    for couplings, style, word in (("symmetric", "-", "symmetric"), ("asymmetric", "--", "independent")):
        for place, (unit, name) in enumerate(UNIT_NAMES.items()):
            share = table["share"].sel(unit=unit, couplings=couplings)
            colour, marker = PALETTE[SERIES[place]], MARKERS[place]
            left.plot(table["length"], share, style, color=colour, marker=marker, label=f"{name}, {word}")
    left.set_xscale("log")
    left.set_xlabel("step size")
    left.set_ylabel("share of runs with a rise")
    left.legend(fontsize=7)
    for number, unit in enumerate(("relu", "gelu")):
        energy = over_range(table["example"].sel(unit=unit).values)
        right.plot(range(energy.size), energy, "-o", color=PALETTE[SERIES[number]], label=UNIT_NAMES[unit])
    right.set_xlabel("application")
    right.set_ylabel("energy, over its range")
    right.set_title(f"one unit each, step {table.attrs['example_length']:g}")
    right.legend()
    worst = float(table["share"].sel(couplings="symmetric").max())
    least = float(table["share"].sel(couplings="asymmetric").min())
    caption = (
        f"Left: share of {table.attrs['systems']} runs of {table.attrs['iterations']} applications of one "
        f"block in which the energy rose: at most {worst:.3g} with symmetric couplings and at least "
        f"{least:.2g} with independent ones. Right: of {table.attrs['small_systems']} memories of one unit "
        "in each hidden layer, the one whose energy GELU raised most, beside ReLU in the same memory."
    )
    return Drawing(figure, caption, f"Shares against the step size; energies against applications. {caption}")


def hidden_layers(table: xr.Dataset) -> Drawing:
    """Energies of the whole network from hidden states where GELU falls."""
    figure, *every = new(cols=2, height=2.7)
    scale = float(table["scale"][0])
    for axes, unit in zip(every, ("relu", "gelu"), strict=True):
        _runs(axes, table["time"].values, table["energy"].sel(unit=unit, scale=scale).values)
        axes.set_title(UNIT_NAMES[unit])
        axes.set_xlabel("time")
    every[0].set_ylabel("energy, over its range")
    caption = (
        f"Energies with hidden layers of the time constant {table.attrs['tau']:g} that start between -3 and "
        f"-0.8, where GELU falls; the first {table.sizes['shown']} of {table.attrs['systems']} systems, "
        f"couplings times {scale:g}, each run over its own range."
    )
    return Drawing(figure, caption, f"Two panels of energies against time, ReLU and GELU. {caption}")


def _runs(axes: Axes, time: np.ndarray, energies: np.ndarray) -> None:
    """Each run's energy (shown, time), brought to the range from 0 to 1."""
    for place, energy in enumerate(energies):
        axes.plot(time, over_range(energy), color=PALETTE[SERIES[place % len(SERIES)]], linewidth=1.2)


def over_range(energy: np.ndarray) -> np.ndarray:
    """An energy brought to the range from 0 to 1; 0 where it is constant."""
    span = float(np.ptp(energy))
    return np.asarray((energy - energy.min()) / (span if span > 0 else 1.0))
