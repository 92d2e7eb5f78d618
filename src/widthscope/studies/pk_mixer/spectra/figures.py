"""Figures of the family `spectra`: moments of one layer, and of two."""

import numpy as np
import xarray as xr

from widthscope.plotting import MARKERS, PALETTE, Drawing, new

LABELS = {"mixer": "mixer", "permuted": "randomly permuted (RP)", "sparse": "sparse (SW)"}
COLOURS = {"mixer": "c0", "permuted": "c1", "sparse": "c2"}


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    return {
        "layer-moments": layer_moments(fit["/curves/layer-moments"].to_dataset()),
        "product-spectra": product_spectra(
            fit["/curves/product-moments"].to_dataset(), fit["/curves/product-spectra"].to_dataset()
        ),
    }


def layer_moments(curve: xr.Dataset) -> Drawing:
    """M_2 of single layers over the number of tokens, and the formulas."""
    figure, *panels = new(height=3.0)
    axes = panels[0]
    sides = curve["side"].values
    for place, form in enumerate(curve["form"].values):
        one, colour = curve.sel(form=form), PALETTE[COLOURS[form]]
        axes.errorbar(
            sides,
            one["moment"],
            2.58 * one["error"],
            ls="none",
            marker=MARKERS[place],
            color=colour,
            label=LABELS[form],
        )
        axes.plot(sides, one["formula"], color=colour, lw=1.0)
    axes.axhline(2.0, color=PALETTE["ink"], lw=0.9, ls="--", label="limit of all")
    axes.set_xlabel("tokens $S = C$")
    axes.set_ylabel("$M_2$ of one layer")
    axes.set_xticks(sides)
    axes.legend()
    last = curve.isel(side=-1)
    found = {form: float(last["moment"].sel(form=form)) for form in curve["form"].values}
    return Drawing(
        figure,
        "Second moment of the squared singular values of one random layer, points with 99 % intervals, and "
        "its "
        f"formulas (lines). At {int(sides[-1])} tokens the mixer has {found['mixer']:.3f} and the sparse "
        f"layer "
        f"{found['sparse']:.3f}: both go to the same limit.",
        "Two falling curves of moments over the number of tokens, the sparse layer's above the mixer's, both "
        "towards a dashed line.",
    )


def product_spectra(curve: xr.Dataset, density: xr.Dataset) -> Drawing:
    """The moment ratio of products over 1/S with its lines, and densities of singular values."""
    figure, *panels = new(cols=2, height=3.2)
    left, right = panels
    inverse = 1 / curve["side"].values
    across = np.array([0.0, inverse.max()])
    for place, form in enumerate(curve["form"].values):
        one, colour = curve.sel(form=form), PALETTE[COLOURS[form]]
        left.errorbar(
            inverse,
            one["ratio"],
            2.58 * one["error"],
            ls="none",
            marker=MARKERS[place],
            color=colour,
            label=LABELS[form],
        )
        left.plot(across, float(one["intercept"]) + float(one["slope"]) * across, color=colour, lw=1.0)
        right.plot(density["bin"], density["density"].sel(form=form), color=colour, drawstyle="steps-mid")
    for limit in (3.0, 4.0):
        left.axhline(limit, color=PALETTE["ink"], lw=0.9, ls="--")
    left.set_xlabel("$1/S$")
    left.set_ylabel("$M_2 / M_1^2$ of two layers")
    left.legend()
    right.set_xlabel("singular value over root mean square")
    right.set_ylabel("density")
    right.set_yscale("log")
    ends = {
        form: f"{float(one['intercept']):.2f}±{float(one['intercept_error']):.2f}"
        for form in curve["form"].values
        for one in [curve.sel(form=form)]
    }
    return Drawing(
        figure,
        "Products of two random layers. Left: ratio of moments with 99 % intervals and its lines in $1/S$, "
        "which "
        f"end at {ends['mixer']} (mixer), {ends['permuted']} (RP) and {ends['sparse']} (SW), standard errors "
        f"behind the sign. Right: densities of the singular values at {density.attrs['side']} tokens; the "
        "mixer's has the heavier tail, and RP and SW lie together.",
        "Left, points over one over S with lines that end near four for the mixer and near three for the "
        "others. Right, three falling densities on a logarithmic axis, the mixer's with the longest tail.",
    )
