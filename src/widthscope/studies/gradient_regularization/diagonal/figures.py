"""Figures of the family `diagonal`: scale and test error over the ascent step, and what they rest on."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from widthscope.plotting import MARKERS, PALETTE, Drawing, new

CANDIDATES = {
    "exact": "integral of $\\tilde g \\tilde g'$ (right)",
    "product": "read off $w_+ w_-$",
    "squared": "integral of $\\tilde g^2$",
    "initial": "initial scale",
    "mean": "mean over coordinates",
    "permuted": "coordinates permuted",
}
RIGHT = ("exact", "product")
SHIFT = "$\\log(\\alpha_{\\mathrm{GR}}/\\alpha_0)$"


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    curves = {name: fit[f"/curves/diagonal-{name}"].to_dataset() for name in DRAWN}
    return {f"diagonal-{name}": drawing(curves[name]) for name, drawing in DRAWN.items()}


def scale(curve: xr.Dataset) -> Drawing:
    """Shift of scale over the ascent step, with its predictions."""
    figure, *panels = new()
    axes = panels[0]
    x, y = curve["ascent"].values, curve["observed"].values
    axes.axhline(0, color=PALETTE["muted"], lw=0.8)
    axes.errorbar(
        x,
        y,
        curve["observed_half"].values,
        color=PALETTE["c0"],
        ls="",
        marker=MARKERS[0],
        label="flow in the weights",
    )
    axes.plot(x, curve["data"].values, color=PALETTE["c1"], label="two scalars, means of each seed")
    axes.plot(
        x,
        curve["population"].values,
        color=PALETTE["c4"],
        ls="--",
        label="two scalars, means of the population",
    )
    axes.plot(x, curve["linearised"].values, color=PALETTE["c7"], ls=":", label="linearised")
    _ascent_axis(axes)
    axes.set_ylabel(f"mean {SHIFT} off the support")
    axes.legend()
    return Drawing(
        figure,
        "Shift of the effective scale off the target's support over the ascent step, mean over "
        f"{curve.attrs['seeds']} seeds with 99 % intervals, inputs of mean {curve.attrs['mean']:g}. The flow "
        "of two scalars, in which all inputs equal their mean, has no free parameter.",
        f"Points over the ascent step, from {y[0]:.3f} at {x[0]:g} to {y[-1]:.3f} at {x[-1]:g}, with three "
        f"lines; the two-scalar flow goes from {float(curve['data'][0]):.3f} to "
        f"{float(curve['data'][-1]):.3f}.",
    )


def test_error(curve: xr.Dataset) -> Drawing:
    """Test error less that of the plain flow over the ascent step."""
    figure, *panels = new()
    axes = panels[0]
    x, y = curve["ascent"].values, curve["difference"].values
    axes.axhline(0, color=PALETTE["muted"], lw=0.8)
    axes.errorbar(x, y, curve["difference_half"].values, color=PALETTE["c0"], marker=MARKERS[0])
    _ascent_axis(axes)
    axes.set_ylabel("squared distance from the target, less plain flow")
    return Drawing(
        figure,
        "Squared distance from the target less that of the plain flow, which is "
        f"{curve.attrs['plain']:.3f} on average, over the ascent step, paired by seed, mean over "
        f"{curve.attrs['seeds']} seeds with 99 % intervals, inputs of mean {curve.attrs['mean']:g}.",
        f"A line over the ascent step, from {y[0]:+.4f} at {x[0]:g} through "
        f"{float(curve['difference'].sel(ascent=0)):+.4f} for double backpropagation to {y[-1]:+.4f} at "
        f"{x[-1]:g}.",
    )


def coordinates(curve: xr.Dataset) -> Drawing:
    """Shift of scale by coordinate, inputs with a mean and centred."""
    figure, *panels = new()
    axes = panels[0]
    support = int(curve.attrs["support"])
    x = np.arange(1, curve.sizes["feature"] + 1)
    said = []
    for place, (name, label) in enumerate(
        (("uncentred", "inputs with a mean"), ("centred", "centred inputs"))
    ):
        y, half = curve[name].values, curve[f"{name}_half"].values
        axes.errorbar(
            x,
            y,
            half,
            color=PALETTE[("c0", "c1")[place]],
            ls="",
            marker=MARKERS[place],
            markersize=3,
            lw=0.8,
            label=label,
        )
        said.append(f"{label} {y[:support].mean():.3f} on the support, {y[support:].mean():.3f} elsewhere")
    axes.axvspan(0.5, support + 0.5, color=PALETTE["grid"], zorder=0, label="support of the target")
    axes.set_xlabel("coordinate")
    axes.set_ylabel(f"{SHIFT}, double backpropagation")
    axes.legend()
    return Drawing(
        figure,
        "How far double backpropagation shifts the effective scale of each coordinate, for inputs with a "
        f"mean and for centred ones. Means over {curve.attrs['seeds']} seeds with 99 % intervals: "
        f"{'; '.join(said)}.",
        f"Points over the coordinates. {'; '.join(said)}.",
    )


def gap(curve: xr.Dataset) -> Drawing:
    """Distance of the trained solution from those of right and wrong scales."""
    figure, *panels = new(height=2.8)
    axes = panels[0]
    names = [str(name) for name in curve["candidate"].values]
    y, half = curve["gap"].values, curve["gap_half"].values
    for place, name in enumerate(names):
        colour = PALETTE["c0" if name in RIGHT else "c1"]
        axes.errorbar(
            y[place], -place, xerr=half[place], color=colour, ls="", marker=MARKERS[0 if name in RIGHT else 1]
        )
    axes.set_yticks([-float(place) for place in range(len(names))], [CANDIDATES[name] for name in names])
    axes.set_xlabel("decimal logarithm of the relative distance")
    best, wrong = y[names.index("exact")], min(y[k] for k, name in enumerate(names) if name not in RIGHT)
    return Drawing(
        figure,
        "Relative distance between the solution that the flow in the weights reaches and that of the dual "
        f"problem, by the scale that is put in; forward step {curve.attrs['judged']:g}, mean over "
        f"{curve.attrs['seeds']} seeds with 99 % intervals.",
        f"One row for each scale: the right one at {best:.2f}, the nearest wrong one at {wrong:.2f}.",
    )


def _ascent_axis(axes: Axes) -> None:
    axes.axvline(0, color=PALETTE["grid"], lw=0.8, zorder=0)
    axes.set_xlabel("ascent step $\\varepsilon$ (below 0 backward, 0 double backpropagation)")


DRAWN = {"scale": scale, "error": test_error, "coordinates": coordinates, "gap": gap}
"""How each curve is drawn."""
