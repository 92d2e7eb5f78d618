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
        "Many heads on fixed tokens. Left: excess kurtosis of one output, beside the exact values (line), "
        "with a score matrix for every head and with one that all heads share. Right: computed distances of "
        "the limit law to the Gaussian law of infinitely many heads. Bars are 99 % intervals.",
        "Two panels with logarithmic axes against the number of heads. Left: excess kurtosis, with the most "
        f"heads {last(kurtosis, 'own'):.2g} with scores of their own and {last(kurtosis, 'shared'):.2g} with "
        f"shared scores. Right: with the most heads the KS distance is {last(distance, 'ks'):.2g} and the KL "
        f"divergence {last(distance, 'kl'):.2g}.",
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
        f"The limits of many heads and of large width. Left: with {count} heads, $n$ times the excess "
        "kurtosis on random tokens (dots), beside the constant predicted for infinitely many heads (dashed), "
        "and on fixed tokens (crosses, line exact). Right: the excess kurtosis at one width over the heads, "
        "and its predicted floor on random tokens (dashed). Bars are 99 % intervals.",
        "Two panels with logarithmic axes. Left: width times excess kurtosis against width; at the largest "
        f"random tokens are at {last(width, 'clip'):.3g}, predicted {last(width, 'constant'):.3g}, and fixed "
        f"tokens at {last(width, 'fixed'):.2g}. Right: excess kurtosis against heads; with the most, random "
        f"tokens are at {last(heads, 'clip'):.2g}, fixed ones at {last(heads, 'fixed'):.2g}, and the floor "
        "is "
        f"{last(heads, 'floor'):.2g}.",
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
        "Squared distance of the joint law (all tokens, several coordinates) to the limit law. Left: over "
        "the "
        f"head dimension, on fixed tokens, and on random tokens of width {width}, of whose distance a part "
        "is "
        "left by the width; diamonds are distances to the Gaussian limit of many heads. Right: over the "
        "width, with infinite head dimension. Lines are fits, bars 99 % intervals.",
        "Two panels with logarithmic axes. Left: squared MMD against head dimension; at the largest, fixed "
        f"tokens are at {last(curve, 'fixed'):.1g}, random tokens at {last(curve, 'clip'):.1g}, and "
        "distances "
        f"to the Gaussian limit at {last(curve, 'gaussian'):.1g}. Right: squared MMD against width, at the "
        f"largest {last(curve, 'tokens'):.1g}.",
    )


def _sizes(axes: Axes, series: xr.Dataset, label: str) -> None:
    width_axis(axes, sorted({int(x) for x in np.asarray(series["x"].values)}), label)
