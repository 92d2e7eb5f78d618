"""Figures of the family `exact`: deviations from exact posteriors over the width."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from widthscope.plotting import PALETTE, Drawing, new, width_axis
from widthscope.studies.attention_paths import curve_drawing
from widthscope.studies.attention_paths.exact.fit import CASES, size_symbol

STYLES = {
    "theory": ("c0", "theory"),
    "gaussian process": ("c1", "Gaussian process"),
    "another width": ("c2", "theory of another width"),
    "transposed paths": ("c3", "path index transposed"),
}
ROWS = {"mean": "predictor's mean", "matrix": "U"}


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    makers = {"exact-scaling": scaling, "exact-shapes": shapes, "exact-chains": chains}
    found = {}
    for name, make in makers.items():
        curves = fit[f"/curves/{name}"]
        found[name] = make({case: curves[case].to_dataset() for case in CASES if case in curves.children})
    return found


def scaling(curves: Mapping[str, xr.Dataset]) -> Drawing:
    """Deviations where examples and inputs grow with the width."""
    return Drawing(
        panels(curves),
        caption(
            curves,
            "where examples and inputs grow with the width",
            "The dashed line falls as 1/N; the theory of another width was told an eighth.",
        ),
        "Deviations over the width on logarithmic axes, a column for each number of layers. The theory's "
        "fall along a dashed line of slope minus one; those of the Gaussian process, of the theory told "
        "another width and of the theory with a transposed path index are level.",
    )


def shapes(curves: Mapping[str, xr.Dataset]) -> Drawing:
    """Deviations of networks whose layers differ, and of three layers."""
    return Drawing(
        panels(curves),
        caption(
            curves,
            "for layers of two and three heads whose widths and variances differ, over the factor of all "
            "widths, and for three layers of two heads, over the width",
            "Dashed lines fall as one over either.",
        ),
        "Deviations over the size on logarithmic axes, a column for each network. The theory's fall along a "
        "dashed line of slope minus one, those of the Gaussian process hardly do.",
    )


def chains(curves: Mapping[str, xr.Dataset]) -> Drawing:
    """Deviations on chains of two states, over the width."""
    return Drawing(
        panels(curves),
        caption(
            curves,
            "on chains of two states, with the same examples at every width",
            "The theory of another width was told the smallest.",
        ),
        "Deviations over the width on logarithmic axes, a column for two and one for four paths. The "
        "theory's are smallest everywhere; those of the Gaussian process fall too, from far above; those of "
        "the theory of the smallest width rise.",
    )


def caption(curves: Mapping[str, xr.Dataset], where: str, lines: str) -> str:
    """What all three figures show, `where` they show it, and what their lines are."""
    return (
        f"Relative deviation from the exact posterior {where}: means over {seeds(curves)} data sets with "
        f"99 % intervals, above of the predictor on tests, below of the order parameter. {ends(curves)} "
        f"{lines} At least {100 * least_effective(curves):.0f} % of the draws are effective."
    )


def panels(curves: Mapping[str, xr.Dataset]) -> Figure:
    """A column for each case, with the predictor above and the order parameter below."""
    figure, *axes = new(rows=len(ROWS), cols=max(1, len(curves)), height=5.0, sharey=True)
    grid = np.array(axes, dtype=object).reshape(len(ROWS), -1)
    for column, (case, curve) in enumerate(curves.items()):
        for row, (quantity, title) in enumerate(ROWS.items()):
            one: Axes = grid[row, column]
            _lines(one, curve, quantity)
            label = "factor $k$ of all widths" if size_symbol(case) == "k" else "width $N$"
            width_axis(one, [int(width) for width in curve["width"].values], label)
            one.set_yscale("log")
            if column == 0:
                one.set_ylabel(f"deviation of {title}")
        grid[0, column].set_title(CASES[case])
    handles = {
        text: line for one in axes for line, text in zip(*one.get_legend_handles_labels(), strict=True)
    }
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=2)
    return figure


def _lines(axes: Axes, curve: xr.Dataset, quantity: str) -> None:
    widths = curve["width"].values.astype(float)
    for place, (name, (colour, label)) in enumerate(STYLES.items()):
        if name in curve["candidate"].values:
            one = curve.sel(candidate=name)
            curve_drawing.curve(axes, widths, one, quantity, place, colour, label)
    first = float(curve[quantity].sel(candidate="theory")[0])
    axes.plot(widths, first * widths[0] / widths, color=PALETTE["ink"], lw=0.9, ls="--", label="$1/N$")


def ends(curves: Mapping[str, xr.Dataset]) -> str:
    """Deviations of the mean at the largest size, in a sentence for each case."""
    found = []
    for case, curve in curves.items():
        theory, process = (
            float(curve["mean"].sel(candidate=name)[-1]) for name in ("theory", "gaussian process")
        )
        found.append(
            f"In {CASES[case]} the predictor of the theory deviates by {theory:.2g} at the largest size, "
            f"that of the Gaussian process by {process:.2g}."
            if np.isfinite(theory)
            else f"In {CASES[case]} some exact posterior was not measured at the largest size."
        )
    return " ".join(found)


def seeds(curves: Mapping[str, xr.Dataset]) -> int:
    """Data sets at each width, the fewest of the cases."""
    return min(int(curve.attrs["seeds"]) for curve in curves.values())


def least_effective(curves: Mapping[str, xr.Dataset]) -> float:
    """The smallest effective share of draws of any exact posterior shown."""
    return min(float(curve["effective"].min()) for curve in curves.values())
