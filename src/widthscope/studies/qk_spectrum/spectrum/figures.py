"""Figures on spectra of query-key matrices."""

import numpy as np
import xarray as xr

from widthscope.plotting import MARKERS, PALETTE, Drawing, new
from widthscope.studies.qk_spectrum.spectrum.law_figures import eigenvalue_law, singular_value_law


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    curve = {name: fit[f"/curves/{name}"].to_dataset() for name in NEEDED}
    return {
        "fast-spectrum": fast_spectrum(curve["fast-spectrum"]),
        "eigenvalue-law": eigenvalue_law(curve["law-histograms"], curve["law-distances"]),
        "singular-value-law": singular_value_law(curve["law-histograms"], curve["law-distances"]),
        "haar-null": haar_null(curve["haar-null"]),
    }


NEEDED = ("fast-spectrum", "law-histograms", "law-distances", "haar-null")


def fast_spectrum(curve: xr.Dataset) -> Drawing:
    """Largest differences from the dense matrix by quantity."""
    figure, *panels = new(height=2.9)
    axes = panels[0]
    quantities = [str(name) for name in curve["quantity"].values]
    rows = np.arange(len(quantities))[::-1]
    for place, kind in enumerate(curve["kind"].values):
        values = np.maximum(curve["difference"].sel(kind=kind).values, 1e-6)
        axes.plot(values, rows, MARKERS[place], color=PALETTE[f"c{place}"], label=f"{kind} heads")
    axes.axvline(1, color=PALETTE["muted"], lw=1, ls="--")
    axes.set_xscale("log")
    axes.set_yticks(rows, quantities)
    axes.set_xlabel("largest difference from the dense matrix / tolerance")
    axes.legend(loc="upper right")
    d, head_dim = int(curve.attrs["width"]), int(curve.attrs["head_dim"])
    right = curve["difference"].values[:, :-1].max()
    wrong = int(np.floor(np.log10(curve["difference"].values[:, -1].min())))
    return Drawing(
        figure,
        "Quantities computed through products of the head's dimension, against the dense matrix, at $d = "
        f"{d}$ and $d_h = {head_dim}$. All lie within rounding (dashed), at most {right:.2g} of the "
        "tolerance; the singular values of the small product, which look like a shortcut, are more than "
        f"$10^{{{wrong}}}$ tolerances off.",
        "Rows of quantities with the largest difference from the dense matrix on a logarithmic axis. All "
        "are left of the tolerance but the last row, singular values of the small product, beyond ten to the "
        f"{wrong}.",
    )


def haar_null(curve: xr.Dataset) -> Drawing:
    """Mean and spread of z under rotation, beside the score of the heads themselves."""
    figure, *panels = new(height=2.9)
    axes = panels[0]
    heads = [str(name) for name in curve["head"].values]
    rows = np.arange(len(heads))[::-1]
    axes.axvspan(-1, 1, color=PALETTE["band"], lw=0, label="null: mean 0, deviation 1")
    axes.errorbar(
        curve["mean"],
        rows,
        xerr=curve["deviation"],
        fmt="o",
        color=PALETTE["c0"],
        label="mean and deviation of $z$",
    )
    axes.plot(curve["own"], rows, "x", mew=1.4, color=PALETTE["c1"], label="before rotation")
    axes.set_yticks(rows, heads)
    axes.set_xlabel("trace score $z$")
    axes.legend()
    draws = int(curve.attrs["draws"])
    largest = float(np.abs(curve["mean"].values[:3]).max())
    return Drawing(
        figure,
        f"Trace scores of three heads over {draws:,} random rotations of their keys have mean 0 and "
        "deviation 1 (bars); before rotation they are far out (crosses). Below: many aligned heads as they "
        "are, and with the columns of their keys in random order, which is nearly but not exactly the "
        "null.",
        f"Rows of heads against the trace score. Rotated heads lie at zero (largest mean {largest:.2g}) "
        "with bars from minus one to one; heads that are not rotated lie near "
        f"{float(curve['mean'].sel(head='not rotated')):.3g}.",
    )
