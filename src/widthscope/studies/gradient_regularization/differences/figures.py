"""Figures of the family `differences`: errors and angles over the step of the difference."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from widthscope.plotting import MARKERS, PALETTE, Drawing, new


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    curves = {name: fit[f"/curves/{name}"].to_dataset() for name in fit["/curves"].children}
    return {"difference-errors": errors(curves), "difference-angles": angles(curves)}


def errors(curves: dict[str, xr.Dataset]) -> Drawing:
    """Relative error over e, of a smooth network and of one with kinks."""
    figure, *panels = new(cols=2, height=3.2, sharey=True)
    smooth, kinked = panels
    tanh, relu, single = (curves[f"difference-errors-{name}"] for name in ("tanh", "relu", "single"))
    for place, name in enumerate(tanh["difference"].values):
        for axes, table in ((smooth, tanh), (kinked, relu)):
            _curve(axes, table.sel(difference=name), "error", str(name), place)
    _curve(smooth, single.sel(difference="forward"), "error", "forward, float32", 3)
    for axes, title in ((smooth, "tanh"), (kinked, "ReLU")):
        axes.set_title(title)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlabel("step $\\varepsilon$ of the difference")
    smooth.set_ylabel("relative error of $H g$")
    smooth.legend()
    ends = [_at(table, 1e-3, "forward") for table in (tanh, relu)]
    return Drawing(
        figure,
        "Relative error of differences of gradients against double backpropagation, geometric means over "
        "seeds with 99 % bands. At $\\varepsilon = 10^{-3}$ the forward difference is off by "
        f"{ends[0]:.1g} for the smooth network and by {ends[1]:.1g} for the one with kinks.",
        "Two panels on logarithmic axes: for tanh, forward and backward errors rise with slope 1, the "
        "centred error with slope 2, and the error in float32 falls; for ReLU all stay near one until the "
        "step is so small that no unit crosses its kink.",
    )


def angles(curves: dict[str, xr.Dataset]) -> Drawing:
    """1 + cosine of the two errors and 1 - cosine of difference and H g, over e."""
    figure, *panels = new(height=3.2)
    (axes,) = panels
    smooth, kinked = curves["difference-angles"], curves["difference-angles-relu"]
    _curve(axes, smooth, "opposition", "1 + cosine of forward and backward error, tanh", 0)
    _curve(axes, kinked, "opposition", "the same, ReLU", 1)
    _curve(axes, smooth, "turn", "1 - cosine of forward difference and $H g$, tanh", 2)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("step $\\varepsilon$ of the difference")
    axes.legend()
    found = 10 ** float(smooth["opposition"].sel(ascent=0.1, method="nearest"))
    return Drawing(
        figure,
        "How far the errors of forward and backward difference are from opposite, and the forward "
        "difference from the direction of $H g$; geometric means over seeds with 99 % bands. At "
        f"$\\varepsilon = 0.1$ the errors' cosine is within {found:.1g} of -1 for the smooth network.",
        "Two rising lines of slope two on logarithmic axes for the smooth network, and one near 1 for the "
        "network with kinks.",
    )


def _curve(axes: Axes, table: xr.Dataset, name: str, label: str, place: int) -> None:
    """Powers of ten of the stored mean logarithm and its band."""
    colour = PALETTE[f"c{place}"]
    mean, half, ascents = table[name].values, table[f"{name}_half"].values, table["ascent"].values
    axes.plot(ascents, 10**mean, color=colour, marker=MARKERS[place], label=label)
    # A band that rounding or few seeds make wider than the axis tells nothing more at its ends.
    low, high = (10 ** np.clip(mean + sign * half, -16, 4) for sign in (-1, 1))
    axes.fill_between(ascents, low, high, color=colour, alpha=0.2, lw=0)


def _at(table: xr.Dataset, ascent: float, difference: str) -> float:
    return 10 ** float(table["error"].sel(difference=difference).sel(ascent=ascent, method="nearest"))
