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
        "Excess kurtosis of one output coordinate. Left: with orthonormal tokens (dots) it follows the exact "
        "finite-width formula (lines) to a positive limit; with identical tokens (crosses) it falls as "
        "$6/(nH)$ "
        "to that of a Gaussian. Right: one head, for several numbers of tokens. Bars are 99 % intervals, "
        "mostly "
        "smaller than the marks.",
        "Two panels. Left, logarithmic axes: excess kurtosis against the width; with orthonormal tokens the "
        f"points lie on curves that level off, at {last(by_width, heads[0]):.2g} for {heads[0]}, while with "
        "identical tokens they fall on straight lines towards zero. Right: excess kurtosis against the "
        "number "
        "of tokens, rising; measured points lie on the exact curve, somewhat above the limit curve.",
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
    return Drawing(
        figure,
        "Excess kurtosis of linear functionals across tokens, one head. Differences of two tokens' "
        "outputs are "
        "eight times as far from Gaussian as one token, as the limit law predicts (dashed); the "
        "difference of "
        "tokens of independent layers, a control, is half as far as one token.",
        "Excess kurtosis against width on logarithmic axes. At the largest width the difference of two "
        "tokens "
        f"is at {last(curve, 'difference'):.3g}, next to its dashed limit, one token at "
        f"{last(curve, 'token'):.2g}, tokens of independent layers at {last(curve, 'unrelated'):.2g}, and "
        f"the "
        f"sum of all tokens at {last(curve, 'total'):.1g}.",
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
        "(dashed). "
        "Given the scores it tends to 3 as $3 + 6/n$ (line), given scores and values it is 3 at every width, "
        "and raw it stays above. Bars are 99 % intervals.",
        "Kurtosis against width, one head. The raw output falls to a plateau at "
        f"{last(curve, 'raw'):.3g}. Divided by its deviation given the scores it falls to 3 along the exact "
        "curve. Divided by its deviation given scores and values it lies at 3 at every width.",
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
        "The mean square of an output vector does not become deterministic. Left: its law tends to that of "
        "$\\Sigma_{11}$ (dashed), not to the point where infinitely many heads would put it (dotted). "
        "Right: its "
        "variance follows the exact formula (lines) to a plateau, while with frozen scores it falls as "
        "$1/n$.",
        "Two panels. Left: densities of the mean square for growing widths, which sharpen towards the skewed "
        "law of the conditional variance and not towards the vertical line at "
        f"{float(law['mean']):.2f}. Right: the variance against width on logarithmic axes levels off, at "
        f"{last(variance, groups[0]):.3f} for {groups[0]}, while for frozen scores it falls on a straight "
        f"line.",
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
        "Two coordinates of one output vector are uncorrelated (crosses), but their squares are "
        "correlated (dots), "
        "as the exact formula says (lines), and stay so in the limit.",
        "Correlation against width. Correlations of squares fall along the exact curves to plateaus, at "
        f"{last(curve, f'squares {heads[0]}'):.3f} for {heads[0]}; correlations of the coordinates "
        f"themselves "
        "are zero.",
    )


def _widths(axes: Axes, series: xr.Dataset) -> None:
    width_axis(axes, sorted({int(x) for x in np.asarray(series["x"].values)}))
