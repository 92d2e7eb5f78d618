"""Figures of the family `chaos`."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from widthscope.plotting import MARKERS, PALETTE, Drawing, new


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    return {"chaos": exponents(fit["/curves/chaos"].to_dataset())}


def exponents(curve: xr.Dataset) -> Drawing:
    """Exponents over the horizon and in the long run by gain, how the latter settle, and near states."""
    figure, *panels = new(cols=3, width=7.6, height=3.2)
    by_gain, running, apart = panels
    drives = sorted(set(curve["drive"].values.tolist()))[:2]
    for place, drive in enumerate(drives):
        one = curve.isel(point=np.flatnonzero(curve["drive"].values == drive))
        _by_gain(by_gain, one, place, drive, int(curve.attrs["horizon"]))
        last = one.isel(point=-1)
        label = f"$\\kappa = {drive:g}$"
        _banded(running, one["recorded"].values, last, "history", place, label)
        _banded(apart, one["time"].values, last, "distance", place, label)
    for axes in (by_gain, running):
        axes.axhline(0, color=PALETTE["ink"], lw=0.9, ls="--")
        axes.set_ylabel("largest exponent")
    gains = sorted(set(curve["gain"].values.tolist()))
    by_gain.set_xscale("log", base=2)
    by_gain.set_xticks(gains, [f"{gain:g}" for gain in gains])
    by_gain.set_xlabel("gain of the queries")
    low, high = by_gain.get_ylim()
    by_gain.set_ylim(low, high + 0.5 * (high - low))
    by_gain.legend(loc="upper left")
    running.set_xlabel("steps averaged over")
    running.set_title(f"gain {gains[-1]:g}")
    running.legend()
    apart.set_xlabel("step")
    apart.set_ylabel("ln distance of near states")
    apart.set_title(f"gain {gains[-1]:g}")
    calm, driven = (curve.isel(point=np.flatnonzero(curve["drive"].values == drive)) for drive in drives)
    low, high = float(calm["finite"].min()), float(calm["finite"].max())
    settled, wild = float(calm["long_run"].max()), float(driven["long_run"].isel(point=-1))
    ends = [float(one["distance"].isel(point=-1, time=-1)) for one in (calm, driven)]
    horizon, steps = int(curve.attrs["horizon"]), int(curve.attrs["steps"])
    return Drawing(
        figure,
        f"Left: largest exponent over {horizon} steps from a random state (filled) and in the long run "
        f"(hollow), means over seeds with 99 % intervals. Without drive the former is {low:.2f} to "
        f"{high:.2f} and the latter at most {settled:.2f}; with drive $\\kappa = {drives[1]:g}$ and the gain "
        f"{gains[-1]:g} the latter is {wild:.2f}. Middle: the average in the long run over up to {steps} "
        "steps. Right: the distance of two near states, over the first one.",
        f"Exponents over the gain: without drive {low:.2f} to {high:.2f} over {horizon} steps and at most "
        f"{settled:.2f} in the long run; with drive and the largest gain {wild:.2f} in the long run. Running "
        f"averages by step. After {int(curve['time'][-1])} steps the logarithm of the distance of near "
        f"states is {ends[0]:.1f} without drive and {ends[1]:.1f} with it.",
    )


def _by_gain(axes: Axes, one: xr.Dataset, place: int, drive: float, horizon: int) -> None:
    for name, label in (("finite", f"{horizon} steps"), ("long_run", "long run")):
        axes.errorbar(
            one["gain"],
            one[name],
            one[f"{name}_half"],
            marker=MARKERS[place],
            mfc=PALETTE[f"c{place}"] if name == "finite" else "none",
            mew=0 if name == "finite" else 1,
            color=PALETTE[f"c{place}"],
            lw=1,
            ls="-" if name == "finite" else ":",
            label=f"{label}, $\\kappa = {drive:g}$",
        )


def _banded(axes: Axes, x: np.ndarray, point: xr.Dataset, name: str, place: int, label: str) -> None:
    mean, half = point[name].values, point[f"{name}_half"].values
    axes.plot(x, mean, color=PALETTE[f"c{place}"], lw=1.2, label=label)
    axes.fill_between(x, mean - half, mean + half, color=PALETTE[f"c{place}"], alpha=0.2, lw=0)
