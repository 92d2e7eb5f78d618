"""Figures on the number of heads and the head dimension."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from widthscope.plotting import PALETTE, Drawing, new, width_axis
from widthscope.studies.limit_law.series import bars, last, line, part

CURVES = ("heads-count", "heads-distance", "heads-order-width", "heads-order-heads", "heads-low-rank")


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    curve = {name: fit[f"/curves/{name}"].to_dataset() for name in CURVES}
    return {
        "heads-count": head_count(curve["heads-count"], curve["heads-distance"]),
        "heads-order": order_of_limits(curve["heads-order-width"], curve["heads-order-heads"]),
        "heads-low-rank": low_rank(curve["heads-low-rank"]),
    }


def head_count(kurtosis: xr.Dataset, distance: xr.Dataset) -> Drawing:
    """Excess kurtosis over the number of heads, and computed distances of the limit law to a Gaussian."""
    figure, *panels = new(cols=2)
    left, right = panels
    line(left, kurtosis, "exact", color=PALETTE["c0"], label="exact")
    bars(left, kurtosis, "own", color=PALETTE["c0"], marker="o", label="own scores")
    bars(left, kurtosis, "shared", color=PALETTE["c1"], marker="x", label="shared scores")
    left.set_yscale("log")
    left.set_ylabel("excess kurtosis of $y_i$")
    left.set_title(f"fixed tokens, $n = {int(kurtosis.attrs['width'])}$")
    line(right, distance, "ks", color=PALETTE["c2"], marker="o", label="KS distance")
    line(right, distance, "kl", color=PALETTE["c3"], marker="s", label="KL divergence")
    right.set_yscale("log")
    right.set_ylabel("limit law to Gaussian")
    right.set_title("computed, $n = \\infty$")
    for axes in (left, right):
        _sizes(axes, part(kurtosis, "own"), "heads $H$")
        axes.legend()
    return Drawing(
        figure,
        "Many heads on fixed tokens. Left: the excess kurtosis of one output falls as $1/H$ (line: "
        "exact); if all "
        "heads share their scores it does not fall. Right: distances of the limit law to the Gaussian law of "
        "infinitely many heads fall as $1/H$ (KS) and $1/H^2$ (KL).",
        "Two panels with logarithmic axes against the number of heads. Left: excess kurtosis falls on a "
        "straight "
        f"line of slope minus one to {last(kurtosis, 'own'):.2g}, along the exact values, while with "
        f"shared scores "
        f"it stays at {last(kurtosis, 'shared'):.2g}. Right: two straight lines, the KS distance of slope "
        f"minus "
        "one and the KL divergence of slope minus two.",
    )


def order_of_limits(width: xr.Dataset, heads: xr.Dataset) -> Drawing:
    """n times the excess kurtosis of many heads over the width, and the excess kurtosis over the heads."""
    figure, *panels = new(cols=2)
    left, right = panels
    count = int(width.attrs["heads"])
    line(left, width, "constant", color=PALETTE["muted"], linestyle="--", label="predicted, $H = \\infty$")
    bars(left, width, "clip", color=PALETTE["c0"], marker="o", label="random tokens")
    line(left, width, "exact fixed", color=PALETTE["c1"])
    bars(left, width, "fixed", color=PALETTE["c1"], marker="x", label="fixed tokens")
    left.set_yscale("log")
    left.set_ylabel("$n$ × excess kurtosis")
    left.set_title(f"{count} heads")
    _sizes(left, part(width, "clip"), "width $n$")
    line(right, heads, "floor", color=PALETTE["muted"], linestyle="--", label="predicted, $H = \\infty$")
    bars(right, heads, "clip", color=PALETTE["c0"], marker="o", label="random tokens")
    line(right, heads, "exact fixed", color=PALETTE["c1"])
    bars(right, heads, "fixed", color=PALETTE["c1"], marker="x", label="fixed tokens")
    right.set_yscale("log")
    right.set_ylabel("excess kurtosis")
    right.set_title(f"width {int(heads.attrs['width'])}")
    _sizes(right, part(heads, "clip"), "heads $H$")
    for axes in (left, right):
        axes.legend()
    return Drawing(
        figure,
        "The limits of many heads and of large width do not commute on random tokens. Left: with many "
        "heads $n$ "
        "times the excess kurtosis is flat at the predicted constant (dashed), so the output is not "
        "Gaussian at "
        "any width; on fixed tokens (crosses, line exact) it is near zero. Right: at one width more heads "
        "stop "
        "helping at the predicted floor.",
        "Two panels with logarithmic axes. Left: width times excess kurtosis against width; random tokens "
        "lie on "
        f"a flat dashed line near {last(width, 'constant'):.3g}, fixed tokens far below, rising with the "
        f"width to "
        f"{last(width, 'fixed'):.2g}. Right: excess kurtosis against heads; fixed tokens fall on a "
        f"straight line, "
        f"random tokens level off at a dashed floor of {last(heads, 'floor'):.2g}.",
    )


def low_rank(curve: xr.Dataset) -> Drawing:
    """Squared distance to the limit law over the head dimension and over the width."""
    figure, *panels = new(cols=2, sharey=True)
    left, right = panels
    heads, width = int(curve.attrs["heads"]), int(curve.attrs["width"])
    bars(left, curve, "gaussian", color=PALETTE["c7"], marker="D", label="fixed, to Gaussian limit")
    bars(left, curve, "clip", color=PALETTE["c1"], marker="s", label=f"random tokens, $n = {width}$")
    line(left, curve, "fit fixed", color=PALETTE["c0"])
    bars(left, curve, "fixed", color=PALETTE["c0"], marker="o", label="fixed tokens")
    left.set_ylabel("squared MMD to the limit law")
    left.set_title(f"over the head dimension, {heads} heads")
    _sizes(left, part(curve, "fixed"), "head dimension $d_k$")
    line(right, curve, "fit tokens", color=PALETTE["c2"])
    bars(right, curve, "tokens", color=PALETTE["c2"], marker="^", label="random tokens, $d_k = \\infty$")
    right.set_title("over the width")
    _sizes(right, part(curve, "tokens"), "width $n$")
    for axes in (left, right):
        axes.set_yscale("log")
        axes.legend()
    return Drawing(
        figure,
        "Squared distance of the joint law (all tokens, several coordinates) to the limit law. Left: on "
        "fixed tokens "
        "it falls as $1/d_k^2$; on random tokens of fixed width it stops falling, at what the width "
        "leaves; its "
        "distance to the Gaussian limit of many heads does not fall. Right: with infinite head dimension "
        "the part "
        "of the width falls as $1/n^2$. Lines are fits.",
        "Two panels with logarithmic axes. Left: squared MMD against head dimension; fixed tokens fall on a "
        f"line of slope minus two to {last(curve, 'fixed'):.1g}, random tokens level off at "
        f"{last(curve, 'clip'):.1g}, distances to the Gaussian limit at {last(curve, 'gaussian'):.1g}. "
        "Right: squared MMD against width falls on a line of slope minus two.",
    )


def _sizes(axes: Axes, series: xr.Dataset, label: str) -> None:
    width_axis(axes, sorted({int(x) for x in np.asarray(series["x"].values)}), label)
