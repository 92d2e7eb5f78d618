"""Figures of the family `interpolation`: the curve measured beside its formula."""

import numpy as np
import xarray as xr

from widthscope.plotting import MARKERS, PALETTE, Drawing, new, shades, width_axis

ENDS = {"bp": "to back-propagation", "gn": "to Gauss-Newton"}


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    return {"pc-interpolation": interpolation(fit["/curves/pc-interpolation"].to_dataset())}


def interpolation(curve: xr.Dataset) -> Drawing:
    """Cosines over kappa by width beside the formula, and over width where gamma_L is kept."""
    figure, *panels = new(cols=3, height=3.0, width=8.4)
    widths = [int(width) for width in curve["width"].values][-4:]
    for axes, (name, title) in zip(panels[:2], ENDS.items(), strict=True):
        for place, (colour, width) in enumerate(zip(shades(len(widths)), widths, strict=True)):
            one = curve.sel(width=width)
            axes.errorbar(
                curve["kappa"],
                one[f"cosine_{name}"],
                one[f"cosine_{name}_half"],
                marker=MARKERS[place],
                color=colour,
                ls="none",
                label=f"{width}",
            )
        axes.plot(curve["kappa"], curve[f"predicted_{name}"], color=PALETTE["ink"], lw=0.9, ls="--")
        axes.set_xscale("log")
        axes.set_xlabel("$\\kappa$")
        axes.set_title(title)
    panels[0].set_ylabel("cosine of the gradient, layer 1")
    panels[0].legend(title="width $M$")
    every = [int(width) for width in curve["width"].values]
    panels[2].errorbar(
        every, curve["fixed_bp"], curve["fixed_bp_half"], marker="o", color=PALETTE["c0"], lw=1
    )
    width_axis(panels[2], every, "width $M$")
    panels[2].set_title(f"to back-propagation, $\\gamma_L = {curve.attrs['energy']:g}$")
    last = curve.isel(width=-1)
    away = max(float(np.abs(last[f"cosine_{name}"] - last[f"predicted_{name}"]).max()) for name in ENDS)
    fixed = float(last["fixed_bp"])
    return Drawing(
        figure,
        "Direction of the first layer's gradient at the equilibrium of linear networks whose readout has "
        f"rows of different size ({curve.attrs['seeds']} seeds, 99 % intervals). Left and middle: cosines to "
        "both ends over the strength $\\kappa$ of the correction, by width, and the formula of infinite "
        f"width (dashed); at M = {every[-1]} their means are at most {away:.3f} off. Right: with $\\gamma_L$ "
        f"kept, the cosine to back-propagation rises to {fixed:.4f}.",
        "Cosines over kappa on a logarithmic axis: one falls from 1, the other rises to 1, and points of "
        "larger widths lie closer to dashed curves. At the right a cosine that rises to 1 with the width.",
    )
