"""Figures of the family `limits`."""

import numpy as np
import xarray as xr
from matplotlib.ticker import FuncFormatter

from widthscope.plotting import MARKERS, PALETTE, Drawing, new, width_axis
from widthscope.studies.attention_paths import curve_drawing

PANELS = {"order": "order parameters", "predictor": "predictor"}
TERMS = {"whole": "the whole term", "without shift": "without $\\mathrm{tr}(E')\\, I$"}


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    return {
        "h1-cubic": cubic(fit["/curves/h1-cubic"].to_dataset()),
        "gp-limit": limit(fit["/curves/gp-limit"].to_dataset()),
    }


def cubic(curve: xr.Dataset) -> Drawing:
    """The order parameter of one path by width, minimised and as the cubic's root."""
    figure, *panels = new(height=3.2)
    axes = panels[0]
    widths = [int(width) for width in curve["width"].values]
    for seed in curve["seed"].values:
        one = curve.sel(seed=seed)
        first = seed == curve["seed"].values[0]
        axes.plot(
            widths, one["root"], color=PALETTE["muted"], lw=0.8, label="root of the cubic" if first else None
        )
        axes.plot(
            widths,
            one["order"],
            ls="none",
            marker=MARKERS[0],
            color=PALETTE["c0"],
            label="minimum of the action" if first else None,
        )
    axes.axhline(1.0, color=PALETTE["ink"], lw=0.9, ls="--", label="infinite width")
    width_axis(axes, widths, "width $N$")
    axes.set_ylabel("order parameter $U$")
    axes.legend()
    lowest, highest = (float(found) for found in (curve["order"].min(), curve["order"].max()))
    return Drawing(
        figure,
        f"Order parameter of a single path at temperature zero, {curve.attrs['examples']} examples, "
        f"{curve.attrs['seeds']} data sets: the minimum of the action, between {lowest:.2f} and "
        f"{highest:.2f}, is the cubic's root to within {curve.attrs['deviation']:.0e} of it.",
        "Order parameter over width: points on thin lines, one for each data set, that come together at "
        "the dashed line of infinite width.",
    )


def limit(curve: xr.Dataset) -> Drawing:
    """Relative gaps that the 1/N term leaves, with and without the shift common to all paths."""
    figure, *panels = new(cols=2, height=3.2, sharey=True)
    widths = [int(width) for width in curve["width"].values]
    # Labels of six digits would touch those of the next panel.
    unit, size = (1000, "width $N$ in thousands") if widths[0] >= 1000 else (1, "width $N$")
    ticks = FuncFormatter(lambda width, _: f"{width / unit:g}")
    for axes, (quantity, title) in zip(panels, PANELS.items(), strict=True):
        one = curve.sel(quantity=quantity)
        for place, (term, label) in enumerate(TERMS.items()):
            curve_drawing.curve(axes, widths, one.sel(term=term), "gap", place, f"c{place}", label)
        last = float(one["gap"].sel(term="whole")[-1])
        inverse = last * widths[-1] / np.array(widths)
        axes.plot(widths, inverse, color=PALETTE["ink"], lw=0.9, ls="--", label="$1/N$")
        width_axis(axes, widths, size)
        axes.xaxis.set_major_formatter(ticks)
        axes.set_yscale("log")
        axes.set_title(title)
    panels[0].set_ylabel("gap relative to the $1/N$ term")
    panels[0].legend()
    gaps = {name: float(curve["gap"].sel(quantity=name, term="whole")[-1]) for name in PANELS}
    wrong = float(curve["gap"].sel(quantity="order", term="without shift")[-1])
    return Drawing(
        figure,
        "What the first term of the expansion in $1/N$ leaves, relative to it, of the order parameters "
        f"(left) and of the predictor (right): means over {curve.attrs['seeds']} data sets with 99 % "
        f"intervals. At width {widths[-1]} the gaps are {gaps['order']:.1g} and {gaps['predictor']:.1g}; "
        f"without the part of the term that all paths share, {wrong:.1g} of the order parameters is left.",
        "Gaps over width on logarithmic axes, for order parameters and predictor: the whole term's fall "
        "along a dashed line of slope minus one, those of the other level off.",
    )
