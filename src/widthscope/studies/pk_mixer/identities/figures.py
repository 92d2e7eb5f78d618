"""Figures of the family `identities`: effective weights as pictures, widths of a budget, costs."""

import numpy as np
import xarray as xr
from matplotlib.colors import LinearSegmentedColormap

from widthscope.plotting import MARKERS, PALETTE, Drawing, new, width_axis

PANELS = {
    "sparse": "sparse weights (SW)",
    "mixer": "mixer, $I_C \\otimes W$",
    "permuted": "randomly permuted (RP)",
}
QUANTITIES = {"stored": "numbers stored", "multiply_adds": "multiply-adds of an example"}


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    return {
        "effective-weights": effective_weights(fit["/curves/effective-weights"].to_dataset()),
        "effective-width": effective_width(fit["/curves/effective-width"].to_dataset()),
        "layer-costs": layer_costs(fit["/curves/layer-costs"].to_dataset()),
    }


def effective_weights(pictures: xr.Dataset) -> Drawing:
    """Three sparse matrices of one width and density, as images."""
    figure, *panels = new(cols=3, width=6.4, height=2.4)
    colours = LinearSegmentedColormap.from_list("sizes", [PALETTE["paper"], PALETTE["c0"]])
    for axes, (name, title) in zip(panels, PANELS.items(), strict=True):
        axes.imshow(np.sqrt(pictures[name].values), cmap=colours, interpolation="nearest")
        axes.set_title(title)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.grid(visible=False)
    units = pictures.sizes["row"]
    connected = int((pictures["mixer"] > 0).sum())
    distinct = len(np.unique(pictures["mixer"].values)) - 1
    return Drawing(
        figure,
        f"Effective weights of one layer of width {units}, each with {connected} connections: without "
        "structure, of a mixer's token mixing, and of the same mixing between random permutations. The mixer "
        f"and the permuted layer have {distinct} different weights, the sparse one {connected}.",
        "Three square images of sizes of weights: scattered points, equal blocks along the diagonal, and "
        "scattered points again.",
    )


def effective_width(curve: xr.Dataset) -> Drawing:
    """Width and free parameters over the number of tokens, at one number of connections."""
    figure, *panels = new(cols=2, height=3.0)
    left, right = panels
    tokens = curve["tokens"].values
    for axes, name, colour in ((left, "width", "c0"), (right, "parameters", "c1")):
        axes.plot(tokens, curve[name], color=PALETTE[colour])
        place = int(np.argmax(curve[name].values) if name == "width" else np.argmin(curve[name].values))
        axes.plot(tokens[place], curve[name][place], ls="none", marker=MARKERS[0], color=PALETTE[colour])
        axes.set_xscale("log")
        axes.set_xlabel("tokens $S$")
    right.set_yscale("log")
    left.set_ylabel("effective width $m$")
    right.set_ylabel("free parameters")
    best = int(np.argmax(curve["width"].values))
    ends = curve["parameters"].values
    return Drawing(
        figure,
        f"Shapes of {curve.attrs['connections']} connections (without expansion): the width is largest, "
        f"{float(curve['width'][best]):.0f}, at {int(tokens[best])} tokens, and there the free parameters "
        f"are "
        f"fewest, {ends[best]:.0f} against {ends[0]:.0f} at one token.",
        "Width over tokens rises to a peak and falls; free parameters fall to a minimum at the same place.",
    )


def layer_costs(cost: xr.Dataset) -> Drawing:
    """Numbers stored and multiply-adds over the width, of both forms."""
    figure, *panels = new(cols=2, height=3.0)
    widths = [int(width) for width in cost["width"].values]
    for axes, (quantity, label) in zip(panels, QUANTITIES.items(), strict=True):
        for place, form in enumerate(cost["form"].values):
            values = cost[quantity].sel(form=form)
            axes.plot(widths, values, color=PALETTE[f"c{place}"], marker=MARKERS[place], label=str(form))
        axes.set_yscale("log")
        width_axis(axes, widths, "width $m$")
        axes.set_ylabel(label)
    panels[0].legend()
    last = cost.isel(width=-1)
    layer, mask = cost["form"].values
    ratios = {name: float(last[name].sel(form=mask) / last[name].sel(form=layer)) for name in QUANTITIES}
    return Drawing(
        figure,
        f"What one layer with as many tokens as channels stores and multiplies: at width {widths[-1]} a "
        f"dense "
        f"mask stores {ratios['stored']:.0f} times the numbers of the randomly permuted layer and multiplies "
        f"{ratios['multiply_adds']:.0f} times as often.",
        "Two panels on logarithmic axes over the width, with two rising lines each; the dense mask's is "
        "steeper.",
    )
