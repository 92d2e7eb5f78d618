"""Figures of a user's function: eigenvalues in the plane, and exponents with how they converged."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.patches import Circle

from widthscope.dynamics.listing import number
from widthscope.plotting import PALETTE, Drawing, new

POINTS = 4000
"""Eigenvalues drawn at each place, at most: the largest of each state."""
RANKS = 4
"""Exponents whose history is drawn, of a single state."""
STATES = 40
"""States whose history is drawn, of a batch."""


def draw(table: xr.Dataset) -> dict[str, Drawing]:
    """Drawings by name.

    Args:
        table: what `widthscope.dynamics.analysis.analyse` returns.
    """
    drawings = {"eigenvalues": eigenvalues(table)}
    if np.isfinite(table["history"].values).any() or np.isfinite(table["finite_exponent"].values).any():
        drawings["exponents"] = exponents(table)
    return drawings


def eigenvalues(table: xr.Dataset) -> Drawing:
    """Eigenvalues of the Jacobian in the complex plane, with the unit circle, at the state and at the end."""
    places = table.sizes["place"]
    frame = max(1.15, 1.08 * float(np.nanmax(np.abs(table["eigenvalue"].values), initial=0.0)))
    figure, *panels = new(cols=places, width=3.2 * places, height=3.3)
    titles = ("at the state", f"after {table.attrs['whole_run']} steps")
    for place, panel in enumerate(panels):
        _plane(panel, table.isel(place=place), frame)
        panel.set_title(titles[place])
    if places > 1:
        panels[1].set_ylabel("")
    said = " and ".join(f"{_largest(table, place)} {titles[place]}" for place in range(places))
    missed = int((~table["eigenvalue_converged"].values).sum())
    rest = f" {missed} of {table['eigenvalue_converged'].size} have not converged (orange)." if missed else ""
    which = (
        "All eigenvalues"
        if table.sizes["mode"] == table.attrs["numbers"]
        else f"The {table.sizes['mode']} eigenvalues of largest modulus"
    )
    states = f" of {table.attrs['states']} states" if table.attrs["states"] > 1 else ""
    return Drawing(
        figure,
        f"{which} of the Jacobian of one step{states}, in the complex plane. Dashed: the unit circle, beyond "
        f"which a direction grows in that step. Largest modulus: {said}.{rest}",
        f"{places} panel{'s' if places > 1 else ''} of eigenvalues in the complex plane around a circle of "
        f"radius one; the largest modulus is {said}.",
    )


def exponents(table: xr.Dataset) -> Drawing:
    """Left: running averages of the long-run exponents. Right: both horizons by rank."""
    figure, *panels = new(cols=2, height=3.1)
    history, ranks = panels
    single = table.attrs["states"] == 1
    _history(history, table, single)
    _by_rank(ranks, table)
    first, last = table["finite_exponent"].values[:, 0], table["long_exponent"].values[:, 0]
    low, high = float(table["long_low"].values[0, 0]), float(table["long_high"].values[0, 0])
    steps, long_steps = table.attrs["steps"], table.attrs["long_steps"]
    of = "" if single else f", medians of {table.attrs['states']} states"
    interval = f" (95 % interval {number(low)} to {number(high)})" if single and np.isfinite(low) else ""
    said = (
        f"{number(np.median(first))} over {steps} steps and {number(np.median(last))} over {long_steps}"
        f"{interval}"
    )
    drawn = "the leading exponents" if single else "the largest exponent of each state"
    return Drawing(
        figure,
        f"Left: {drawn} averaged over the steps so far, after a warm-up. Right: exponents over {steps} steps "
        f"from the state against those in the long run, by rank. The largest{of}: {said}. A finite horizon "
        "counts growth that need not last.",
        f"Two panels. Left: running averages of {drawn} against steps. Right: finite-time and long-run "
        f"exponents against rank. The largest{of}: {said}.",
    )


def _largest(table: xr.Dataset, place: int) -> str:
    """Largest modulus over the states, and whether it has converged."""
    radius = table["radius"].values[place]
    state = int(np.nan_to_num(radius, nan=-1.0).argmax())
    sure = np.isnan(radius[state]) or table["eigenvalue_converged"].values[place, state, 0]
    return f"{number(radius[state])}{'' if sure else ' (not converged)'}"


def _plane(axes: Axes, at: xr.Dataset, frame: float) -> None:
    """Eigenvalues (state, mode) of one place, those that have not converged apart."""
    most = max(1, POINTS // at.sizes["state"])
    values = at["eigenvalue"].values[:, :most].ravel()
    sure = at["eigenvalue_converged"].values[:, :most].ravel()
    size = 16.0 if values.size <= 64 else 5.0
    for chosen, colour in ((sure, PALETTE["c0"]), (~sure, PALETTE["c1"])):
        axes.scatter(
            values[chosen].real, values[chosen].imag, s=size, color=colour, alpha=0.75, linewidths=0, zorder=3
        )
    axes.add_patch(Circle((0, 0), 1, fill=False, edgecolor=PALETTE["muted"], linestyle="--", linewidth=1.1))
    axes.set_xlim(-frame, frame)
    axes.set_ylim(-frame, frame)
    axes.set_aspect("equal")
    axes.set_xlabel("real part")
    axes.set_ylabel("imaginary part")


def _history(axes: Axes, table: xr.Dataset, single: bool) -> None:
    record, history = table["record"].values, table["history"].values
    if single:
        for rank in range(min(RANKS, table.sizes["rank"])):
            colour = PALETTE["c0"] if rank == 0 else PALETTE["muted"]
            axes.plot(record, _drawn(history[0, :, rank]), color=colour, linewidth=1.8 if rank == 0 else 1.0)
        low, high = table["long_low"].values[0, 0], table["long_high"].values[0, 0]
        if np.isfinite([low, high]).all():
            axes.axhspan(low, high, color=PALETTE["band"], linewidth=0, zorder=0)
    else:
        for state in range(min(STATES, table.attrs["states"])):
            axes.plot(record, _drawn(history[state, :, 0]), color=PALETTE["c0"], linewidth=0.9, alpha=0.5)
    axes.axhline(0, color=PALETTE["ink"], linewidth=0.8, linestyle="--")
    axes.set_xlabel("steps averaged over")
    axes.set_ylabel("exponent")
    axes.set_title("in the long run")


def _by_rank(axes: Axes, table: xr.Dataset) -> None:
    rank = np.arange(1, table.sizes["rank"] + 1)
    finite, long_run = (table[name].values for name in ("finite_exponent", "long_exponent"))
    error = table["long_high"].values - long_run
    for state in range(min(STATES, table.attrs["states"])):
        label = state == 0
        axes.plot(
            rank,
            _drawn(finite[state]),
            color=PALETTE["c1"],
            marker="s",
            linestyle="none",
            label=f"T = {table.attrs['steps']}" if label else None,
        )
        axes.errorbar(
            rank,
            _drawn(long_run[state]),
            yerr=np.nan_to_num(error[state], nan=0.0, posinf=0.0),
            color=PALETTE["c0"],
            marker="o",
            linestyle="none",
            label=f"{table.attrs['long_steps']} steps" if label else None,
        )
    axes.axhline(0, color=PALETTE["ink"], linewidth=0.8, linestyle="--")
    axes.set_xlabel("rank")
    axes.set_xticks(rank[:: max(1, len(rank) // 8)])
    axes.set_title("two horizons")
    axes.legend(loc="best")


def _drawn(values: np.ndarray) -> np.ndarray:
    """Values with a gap where there is none, or where it is minus infinity."""
    return np.where(np.isfinite(values), values, np.nan)
