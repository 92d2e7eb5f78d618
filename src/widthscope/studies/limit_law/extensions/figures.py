"""Figures on what goes beyond the paper."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from widthscope.plotting import MARKERS, PALETTE, Drawing, new, shades, width_axis
from widthscope.studies.limit_law.series import bars, last, line, names, part


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    return {name: drawing(fit[f"/curves/{name}"].to_dataset()) for name, drawing in DRAWN.items()}


def causal(curve: xr.Dataset) -> Drawing:
    """Excess kurtosis by position under a causal mask, beside no mask and a reversed one."""
    figure, *panels = new()
    axes = panels[0]
    width = int(curve.attrs["width"])
    line(axes, curve, "limit", color=PALETTE["muted"], linestyle="--", label="exact, $n = \\infty$")
    line(axes, curve, "exact", color=PALETTE["c0"], label=f"exact, $n = {width}$")
    labels = {"causal": "causal mask", "none": "no mask", "reversed": "reversed mask"}
    for place, (name, label) in enumerate(labels.items()):
        bars(axes, curve, name, color=PALETTE[f"c{place}"], marker=MARKERS[place], label=label)
    positions = part(curve, "causal")["x"].values
    axes.set_xticks(positions)
    axes.set_xlabel("position of the token")
    axes.set_ylabel("excess kurtosis")
    axes.set_ylim(bottom=0)
    figure.legend(loc="outside lower center", ncols=3)
    first, final = (float(part(curve, "causal")["estimate"].values[end]) for end in (0, -1))
    return Drawing(
        figure,
        f"Excess kurtosis of one output coordinate by position, $n = {width}$. Under a causal mask (dots) "
        "token $i$ has the exact law of a sequence of $i$ tokens (line), the first being Gaussian in the "
        "limit. Squares are without a mask, and a reversed mask shows early tokens most. Bars are 99 % "
        "intervals.",
        "Excess kurtosis against position, with the exact curve. Under a causal mask it goes from "
        f"{first:.3f} at the first to {final:.3f} at the last position; there it is "
        f"{last(curve, 'none'):.3f} "
        f"without a mask and {last(curve, 'reversed'):.3f} under a reversed one.",
    )


def length(curve: xr.Dataset) -> Drawing:
    """Excess kurtosis over the length of the sequence."""
    figure, *panels = new()
    axes = panels[0]
    width = int(curve.attrs["width"])
    line(axes, curve, "limit", color=PALETTE["muted"], linestyle="--", label="exact, $n = \\infty$")
    line(axes, curve, "exact", color=PALETTE["c0"], label=f"exact, $n = {width}$")
    bars(axes, curve, "measured", color=PALETTE["c0"], marker="o", label=f"measured, $n = {width}$")
    window = f"window of {curve.attrs['window']} tokens"
    bars(axes, curve, "window", color=PALETTE["c1"], marker="s", label=window)
    width_axis(axes, [4**power for power in range(1, 7)], "tokens $s$")
    axes.set_ylabel("excess kurtosis")
    axes.set_ylim(bottom=0)
    axes.legend()
    exact = part(curve, "exact")
    peak = int(np.argmax(exact["estimate"].values))
    return Drawing(
        figure,
        "Excess kurtosis of one output coordinate over the length of the sequence, measured (dots) and by "
        "the "
        "exact formula (line), which costs the same for any length and has its maximum at about "
        f"{exact['x'].values[peak]:.0f} tokens. Squares: attention to a {window}, whatever the length. Bars "
        "are 99 % intervals.",
        "Excess kurtosis against the number of tokens on a logarithmic axis. The exact "
        f"curve rises to {float(exact['estimate'].values[peak]):.3f} at about "
        f"{exact['x'].values[peak]:.0f} tokens and falls to {last(curve, 'exact'):.3f}; measured points "
        f"end at {last(curve, 'measured'):.3f}, with {part(curve, 'measured')['x'].values.max():.0f} tokens. "
        "The limit curve has the same shape a little lower.",
    )


def layernorm(curve: xr.Dataset) -> Drawing:
    """Kurtosis after normalisation, and the mixed moment of two tokens, over the width."""
    figure, *panels = new(cols=2, height=3.6)
    left, right = panels
    for place, name in enumerate(("RMSNorm", "LayerNorm")):
        line(left, curve, f"exact {name}", color=PALETTE[f"c{place}"])
        bars(left, curve, name, color=PALETTE[f"c{place}"], marker=MARKERS[place], label=name)
    bars(left, curve, "raw", color=PALETTE["c7"], marker="x", label="not normalised")
    left.axhline(0, color=PALETTE["muted"], linestyle="--", linewidth=1)
    left.set_ylabel("excess kurtosis of one coordinate")
    left.set_title("one token")
    left.legend()
    for place, (name, limit, label) in enumerate(
        (
            ("mixed", "limit", "attention"),
            ("mixed gaussian", "limit gaussian", "Gaussian, same $\\mathrm{E}\\,\\rho$"),
        )
    ):
        line(right, curve, limit, color=PALETTE[f"c{place}"], linestyle="--")
        bars(right, curve, name, color=PALETTE[f"c{place}"], marker=MARKERS[place], label=label)
    right.set_ylabel("$\\mathrm{E}\\, u_i^2 u_j^2 \\, (n+2)/n$")
    right.set_title("two tokens")
    right.legend()
    widths = sorted({int(n) for n in part(curve, "RMSNorm")["x"].values})
    for axes in (left, right):
        width_axis(axes, widths)
    return Drawing(
        figure,
        "Outputs normalised over their channels. Left: one coordinate of a token, beside the exact "
        "$-6/(n+2)$ of a point on a sphere (lines), and without normalisation (crosses). Right: the mixed "
        "moment of two tokens, with the limit $1 + 2\\,\\mathrm{E}\\rho^2$ (dashed), and that of Gaussian "
        "tokens with the same mean correlation. Bars are 99 % intervals.",
        "Two panels against width. Left: excess kurtosis after RMSNorm from "
        f"{float(part(curve, 'RMSNorm')['estimate'].values[0]):.3f} to {last(curve, 'RMSNorm'):.3f}, with "
        f"exact curves, and without normalisation {last(curve, 'raw'):.2f} at the largest width. Right: the "
        f"mixed moment is {last(curve, 'mixed'):.3f} at the largest width, its dashed limit "
        f"{last(curve, 'limit'):.3f}; Gaussian tokens are at {last(curve, 'mixed gaussian'):.3f}.",
    )


def depth(curve: xr.Dataset) -> Drawing:
    """Token correlation and excess kurtosis by layer, at several widths and in the limit."""
    figure, *panels = new(cols=2, height=3.8)
    left, right = panels
    _layers(left, curve, "correlation", "skip-norm", shades(2))
    line(
        left,
        curve,
        "correlation limit plain n=0",
        color=PALETTE["c1"],
        linestyle=":",
        label="no skip, $n = \\infty$",
    )
    left.set_ylabel("mean token correlation")
    left.set_ylim(0, 1.05)
    left.set_title("skip and RMSNorm")
    plain = [name for name in names(curve) if name.startswith("kurtosis finite plain")]
    _layers(right, curve, "kurtosis", "plain", shades(min(7, len(plain))))
    right.set_yscale("log")
    right.set_ylabel("excess kurtosis of $y_i$")
    right.set_title("no skip")
    for axes in (left, right):
        axes.set_xlabel("layer")
        axes.legend(fontsize=7.5)
    ends = [last(curve, plain[place]) for place in (0, -1)]
    limit = last(curve, "kurtosis limit plain n=0")
    collapse = part(curve, "correlation limit plain n=0")["estimate"].values
    return Drawing(
        figure,
        "Stacks of attention layers as chains of Gram matrices, at several widths and in the limit (dashed). "
        "Left: mean correlation of tokens with skip and RMSNorm; without a skip the limit chain (dotted) is "
        f"at {collapse[1]:.3f} after two layers. Right: excess kurtosis of an output without a skip, "
        f"{ends[0]:.2g} in the last layer at the smallest width shown and {ends[1]:.2g} at the largest. Bars "
        "are 99 % intervals.",
        "Two panels against the layer. Left: the mean token correlation in the limit ends at "
        f"{last(curve, 'correlation limit skip-norm n=0'):.2f} with skip and normalisation, and without a "
        f"skip is {collapse[0]:.2f} after one layer and {collapse[1]:.3f} after two. Right: excess kurtosis "
        f"in the last layer is {ends[0]:.2g} at the smallest and {ends[1]:.2g} at the largest width, against "
        f"{limit:.2g} in the limit.",
    )


def weights(curve: xr.Dataset) -> Drawing:
    """Difference of the distribution of outputs from the limit law, for several weight laws."""
    figure, *panels = new(cols=2, height=3.6)
    left, right = panels
    labels = {"gaussian": "Gaussian", "rademacher": "random signs", "uniform": "uniform", "sparse": "sparse"}
    for place, (law, label) in enumerate(labels.items()):
        axes = right if law == "sparse" else left
        gap, error = (curve[name].sel(weights=law) for name in ("gap", "error"))
        colour = PALETTE[f"c{place}"]
        axes.fill_between(curve["x"], gap - 3 * error, gap + 3 * error, color=colour, alpha=0.25, lw=0)
        axes.plot(curve["x"], gap, color=colour, label=label)
    left.plot(
        curve["x"], curve["exact"], color=PALETTE["ink"], linestyle="--", linewidth=1, label="Gaussian, exact"
    )
    for axes in (left, right):
        axes.axhline(0, color=PALETTE["muted"], linewidth=1)
        axes.set_xlabel("$y$")
        axes.legend()
    left.set_ylabel("distribution function less that of the limit")
    largest = {law: float(np.abs(curve["gap"].sel(weights=law)).max()) for law in labels}
    return Drawing(
        figure,
        "Distribution function of one output coordinate, less that of the limit law, at $n = "
        f"{curve.attrs['width']}$ for weights of several laws with the same variance. The largest difference "
        f"is {largest['gaussian']:.2g} for Gaussian weights, {largest['rademacher']:.2g} for random signs, "
        f"{largest['uniform']:.2g} for uniform and {largest['sparse']:.2g} for sparse weights, one in $n$ "
        "not "
        "zero (right, another scale). Bands are three standard errors.",
        "Two panels: difference of distribution functions against y, with the exact curve for Gaussian "
        f"weights dashed. Left: Gaussian weights reach {largest['gaussian']:.2g}, random signs "
        f"{largest['rademacher']:.2g}, uniform weights {largest['uniform']:.2g}. Right: sparse weights reach "
        f"{largest['sparse']:.2g}.",
    )


def _layers(axes: Axes, curve: xr.Dataset, quantity: str, block: str, colours: list[str]) -> None:
    """One line for each width, and the limit dashed."""
    finite = [name for name in names(curve) if name.startswith(f"{quantity} finite {block}")]
    for name, colour in zip(finite[-len(colours) :], colours, strict=True):
        label = f"$n = {name.rsplit('=', 1)[1]}$"
        bars(axes, curve, name, color=colour, marker="o", linestyle="-", label=label)
    limit = f"{quantity} limit {block} n=0"
    line(axes, curve, limit, color=PALETTE["ink"], linestyle="--", label="$n = \\infty$")


DRAWN = {
    "extensions-causal": causal,
    "extensions-length": length,
    "extensions-layernorm": layernorm,
    "extensions-depth": depth,
    "extensions-weights": weights,
}
