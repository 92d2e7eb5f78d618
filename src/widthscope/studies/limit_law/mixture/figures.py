"""Figures on the Gaussian mixture of the outputs."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from widthscope.plotting import PALETTE, Drawing, new, shades, width_axis
from widthscope.studies.limit_law.series import bars, last, line, names, part


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    curve = {name: fit[f"/curves/{name}"].to_dataset() for name in CURVES}
    return {
        "mixture-kurtosis": kurtosis(curve["mixture-width"], curve["mixture-length"]),
        "mixture-difference": difference(curve["mixture-difference"]),
        "mixture-normalised": normalised(curve["mixture-normalised"]),
        "mixture-norm": norm(curve["mixture-norm-law"], curve["mixture-norm-variance"]),
        "mixture-squares": squares(curve["mixture-squares"]),
    }


CURVES = (
    "mixture-width",
    "mixture-length",
    "mixture-difference",
    "mixture-normalised",
    "mixture-norm-law",
    "mixture-norm-variance",
    "mixture-squares",
)


def kurtosis(by_width: xr.Dataset, by_length: xr.Dataset) -> Drawing:
    """Excess kurtosis of one output over the width, beside identical tokens, and over the tokens' number."""
    figure, *panels = new(cols=2)
    left, right = panels
    heads = [name for name in names(by_width) if name.startswith("H=")]
    for place, name in enumerate(heads):
        colour = PALETTE[f"c{place}"]
        line(left, by_width, f"exact {name}", color=colour)
        bars(left, by_width, name, color=colour, marker="o", label=f"{name}, orthonormal")
        bars(left, by_width, f"identical {name}", color=colour, marker="x", label=f"{name}, identical")
    _widths(left, part(by_width, heads[0]))
    left.set_yscale("log")
    left.set_ylabel("excess kurtosis of $y_i$")
    left.set_title("over the width")
    left.legend()
    line(right, by_length, "limit", color=PALETTE["muted"], linestyle="--", label="exact, $n = \\infty$")
    width = int(by_length.attrs["width"])
    line(right, by_length, "exact", color=PALETTE["c0"], label=f"exact, $n = {width}$")
    bars(right, by_length, "measured", color=PALETTE["c0"], marker="o", label=f"measured, $n = {width}$")
    width_axis(right, [2, 4, 8, 16, 32], "tokens $s$")
    right.set_ylim(bottom=0)
    right.set_title("over the tokens, one head")
    right.legend()
    return Drawing(
        figure,
        "Excess kurtosis of one output coordinate. Left: with orthonormal tokens (dots), beside the exact "
        "finite-width formula (lines), which has a positive limit; with identical tokens (crosses), for "
        "which "
        "the exact value is $6/(nH)$ and the limit Gaussian. Right: one head, for several numbers of tokens. "
        "Bars are 99 % intervals.",
        "Two panels. Left, logarithmic axes: excess kurtosis against the width, at the largest "
        f"{last(by_width, heads[0]):.2g} with orthonormal and "
        f"{last(by_width, f'identical {heads[0]}'):.2g} with identical tokens for {heads[0]}. Right: excess "
        "kurtosis against the number of tokens, with the exact curve at this width and the limit curve; at "
        f"the most tokens measured {last(by_length, 'measured'):.2g}.",
    )


def difference(curve: xr.Dataset) -> Drawing:
    """Excess kurtosis over the width for the difference of two tokens and for functionals with less of it."""
    figure, *panels = new()
    axes = panels[0]
    labels = {
        "difference": "difference $y_i - y_j$",
        "token": "one token $y_i$",
        "unrelated": "difference, independent layers",
        "total": "sum over tokens",
    }
    for place, (name, label) in enumerate(labels.items()):
        bars(axes, curve, name, color=PALETTE[f"c{place}"], marker="osx^"[place], label=label)
        if f"limit {name}" in names(curve):
            line(axes, curve, f"limit {name}", color=PALETTE[f"c{place}"], linestyle="--")
    _widths(axes, part(curve, "difference"))
    axes.set_yscale("log")
    axes.set_ylabel("excess kurtosis, one head")
    figure.legend(loc="outside right upper")
    token = last(curve, "token")
    far, unrelated = last(curve, "difference") / token, last(curve, "unrelated") / token
    return Drawing(
        figure,
        "Excess kurtosis of linear functionals across tokens, one head, beside the limits that the theory "
        f"predicts (dashed). At the largest width the difference of two tokens' outputs has {far:.2g} times "
        "that of one token; the difference of tokens of independent layers, a control, "
        f"{unrelated:.2g} times.",
        "Excess kurtosis against width on logarithmic axes. At the largest width the difference of two "
        f"tokens is at {last(curve, 'difference'):.3g}, one token at {token:.2g}, tokens of independent "
        f"layers at {last(curve, 'unrelated'):.2g}, and the sum of all tokens at {last(curve, 'total'):.1g}.",
    )


def normalised(curve: xr.Dataset) -> Drawing:
    """Kurtosis of outputs divided by conditional deviations, over the width."""
    figure, *panels = new()
    axes = panels[0]
    labels = {
        "raw": "raw $y_i$",
        "given_scores": "divided by $\\sqrt{\\Sigma_{ii}}$ given scores",
        "given_values": "given scores and values",
    }
    line(axes, curve, "exact given_scores", color=PALETTE["c1"])
    for place, (name, label) in enumerate(labels.items()):
        bars(axes, curve, name, color=PALETTE[f"c{place}"], marker="os^"[place], label=label)
    axes.axhline(3, color=PALETTE["muted"], linestyle="--", linewidth=1)
    _widths(axes, part(curve, "raw"))
    axes.set_ylabel("kurtosis, one head")
    axes.legend()
    return Drawing(
        figure,
        "Kurtosis of an output coordinate, raw and divided by its conditional deviation; 3 is Gaussian "
        "(dashed). Exact values are $3 + 6/n$ given the scores (line) and 3 at every width given scores and "
        "values. Bars are 99 % intervals.",
        f"Kurtosis against width, one head. At the largest width it is {last(curve, 'raw'):.3g} for the raw "
        f"output, {last(curve, 'given_scores'):.4g} divided by its deviation given the scores and "
        f"{last(curve, 'given_values'):.4g} given scores and values.",
    )


def norm(law: xr.Dataset, variance: xr.Dataset) -> Drawing:
    """Law of |y_1|²/n beside that of Σ_11, and its variance over the width."""
    figure, *panels = new(cols=2)
    left, right = panels
    colours = shades(min(7, law.sizes["width"]))
    for place, width in enumerate(law["width"].values[: len(colours)]):
        density = law["density"].sel(width=width)
        left.plot(law["centre"], density, color=colours[place], label=f"$n = {int(width)}$", linewidth=1.2)
    left.plot(law["centre"], law["limit"], color=PALETTE["c1"], linestyle="--", label="law of $\\Sigma_{11}$")
    left.axvline(
        float(law["mean"]), color=PALETTE["ink"], linestyle=":", label="Gaussian limit ($H = \\infty$)"
    )
    left.set_xlabel("$|y_1|^2 / n$")
    left.set_ylabel("density")
    left.set_xlim(0, 1.1)
    left.legend(loc="upper right")
    left.set_title("law, one head")
    groups = [name for name in names(variance) if name.startswith("H=")]
    for place, name in enumerate(groups):
        line(right, variance, f"exact {name}", color=PALETTE[f"c{place}"])
        bars(right, variance, name, color=PALETTE[f"c{place}"], marker="o", label=name)
    bars(right, variance, "frozen", color=PALETTE["c7"], marker="x", label="frozen scores", linestyle=":")
    _widths(right, part(variance, groups[0]))
    right.set_yscale("log")
    right.set_ylabel("Var $|y_i|^2 / n$")
    right.set_title("variance")
    right.legend()
    return Drawing(
        figure,
        "The mean square of an output vector. Left: its law by width, beside that of $\\Sigma_{11}$ "
        "(dashed), "
        "its limit, and the point where infinitely many heads would put it (dotted). Right: its variance "
        "beside the exact formula (lines), and with frozen scores (crosses), for which the limit is 0.",
        "Two panels. Left: densities of the mean square by width, with the skewed law of the conditional "
        f"variance and a vertical line at {float(law['mean']):.2f}. Right: the variance against width on "
        f"logarithmic axes, at the largest {last(variance, groups[0]):.2g} for {groups[0]} and "
        f"{last(variance, 'frozen'):.2g} for frozen scores.",
    )


def squares(curve: xr.Dataset) -> Drawing:
    """Correlation of squares of two coordinates, and of the coordinates, over the width."""
    figure, *panels = new()
    axes = panels[0]
    heads = [name.removeprefix("squares ") for name in names(curve) if name.startswith("squares ")]
    for place, name in enumerate(heads):
        colour = PALETTE[f"c{place}"]
        line(axes, curve, f"exact {name}", color=colour)
        bars(axes, curve, f"squares {name}", color=colour, marker="o", label=f"squares, {name}")
        bars(axes, curve, f"linear {name}", color=colour, marker="x", label=f"coordinates, {name}")
    _widths(axes, part(curve, f"squares {heads[0]}"))
    axes.axhline(0, color=PALETTE["muted"], linewidth=1)
    axes.set_ylabel("correlation")
    axes.legend()
    return Drawing(
        figure,
        "Correlations of two coordinates of one output vector (crosses), which are 0 in theory, and of their "
        "squares (dots), beside the exact formula (lines), which stays positive in the limit. Bars are 99 % "
        "intervals.",
        f"Correlation against width. At the largest, for {heads[0]}, that of squares is "
        f"{last(curve, f'squares {heads[0]}'):.3f} and that of the coordinates themselves "
        f"{last(curve, f'linear {heads[0]}'):.3f}.",
    )


def _widths(axes: Axes, series: xr.Dataset) -> None:
    width_axis(axes, sorted({int(x) for x in np.asarray(series["x"].values)}))
