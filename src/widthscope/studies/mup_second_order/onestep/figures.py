"""Figures of the family `onestep`."""

import xarray as xr
from matplotlib.axes import Axes

from widthscope.plotting import MARKERS, PALETTE, Drawing, new, width_axis
from widthscope.studies.mup_second_order.onestep.rows import GENERAL, KFAC, METHODS, NULL_DIRECTION, name_of

COLOURS = {"mup": "c0", "sp": "c1", "ntk": "c2"}
NAMES = {"mup": "maximal update", "sp": "standard", "ntk": "neural tangent"}
TITLES = {"first": "$h_1$ by $W_1$", "hidden": "$h_2$ by $W_2$", "last": "f by $W_3$"}
RULES = {"K-FAC": "relative", "mup_abs": "scaled", "heuristic": "heuristic", "const": "constant"}


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    return {
        "onestep-slopes": slopes(fit["/curves/onestep-slopes"].to_dataset()),
        "onestep-damping": damping(fit["/curves/onestep-damping"].to_dataset()),
    }


def slopes(curve: xr.Dataset) -> Drawing:
    """Slopes by method, parameterisation and layer, beside those predicted."""
    figure, *panels = new(cols=3, height=4.2, sharey=True)
    methods = [method.name for method in (*METHODS, *GENERAL)]
    known = set(curve["row"].values.tolist())
    worst, farthest = 0.0, ("", "")
    level = 0.0
    for axes, (entry, title) in zip(panels, TITLES.items(), strict=True):
        for place, name in enumerate(COLOURS):
            rows = [(at, f"{method} {name}") for at, method in enumerate(methods)]
            rows = [(at, row) for at, row in rows if row in known]
            chosen = curve.sel(row=[row for _, row in rows], entry=entry)
            heights = [at + 0.25 * (place - 1) for at, _ in rows]
            axes.plot(chosen["predicted"], heights, "|", color=PALETTE["ink"], ms=11, mew=1.1)
            axes.errorbar(
                chosen["slope"],
                heights,
                xerr=chosen["slope_half"],
                fmt=MARKERS[place],
                color=PALETTE[COLOURS[name]],
                lw=1,
                label=NAMES[name],
            )
            off = abs(chosen["slope"] - chosen["predicted"])
            if len(rows) and float(off.max()) > worst:
                worst, farthest = float(off.max()), (str(off["row"][int(off.values.argmax())].item()), entry)
            if name == "mup":
                level = max(level, float(abs(chosen["slope"]).max()))
        axes.set_title(title)
        axes.set_xlabel("slope")
        axes.grid(axis="y", visible=False)
    panels[0].set_yticks(range(len(methods)), methods)
    panels[0].invert_yaxis()
    neural = sum(f"{method} ntk" in known for method in methods)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return Drawing(
        figure,
        "Slope on the width of the direct change by one update of one layer, with 99 % intervals over seeds, "
        f"and the slopes of the formula (bars). The farthest, of {_said(*farthest)}, is {worst:.2f} from "
        f"it{_cause(*farthest)}.",
        f"Slopes of {len(methods)} methods for three layers in the maximal-update and standard "
        f"parameterisations, and of {neural} in the neural-tangent one. Points lie within {worst:.2f} of "
        "short bars that mark predicted multiples of a quarter, those of the maximal update within "
        f"{level:.2f} of zero.",
    )


def _said(row: str, entry: str) -> str:
    method, _, name = row.rpartition(" ")
    return f"{TITLES[entry]} under {method} ({NAMES[name]})"


def _cause(row: str, entry: str) -> str:
    """What moves that slope, where it is known: the readout under Shampoo with e = 1/2."""
    if (row.rpartition(" ")[0], entry) != (NULL_DIRECTION[0].name, NULL_DIRECTION[1]):
        return ""
    return ": what divides by the whole norm of the readout's signals meets a direction that f(0) alone fills"


def damping(curve: xr.Dataset) -> Drawing:
    """Changes of the first two layers over widths under four rules of damping."""
    figure, *panels = new(cols=2, height=3.3, sharey=True)
    widths = [int(width) for width in curve["width"].values]
    ends: dict[str, dict[str, float]] = {}
    for axes, entry, title in zip(
        panels, ("first", "hidden"), ("$h_1$ by $W_1$", "$h_2$ by $W_2$"), strict=True
    ):
        ends[entry] = _panel(axes, curve.sel(entry=entry), widths)
        axes.set_title(title)
    panels[0].set_ylabel("change, over that at the smallest width")
    panels[0].legend(title="damping")
    heuristic, const = (ends["first"][rule] for rule in ("heuristic", "const"))
    return Drawing(
        figure,
        "Root mean square change by one K-FAC update with the maximal-update exponents, over that at the "
        "smallest width, with 99 % intervals. Damping relative to the traces, or with the right powers of "
        "the width, keeps it; the heuristic lets the first layer's fall, to "
        f"{heuristic:.2f}, and constant damping that of both, to {const:.2f} and "
        f"{ends['hidden']['const']:.2f}.",
        "Changes over the width on logarithmic axes. First layer: two level series, and two that fall as one "
        "over the width. Hidden layer: three level series and one that falls.",
    )


def _panel(axes: Axes, curve: xr.Dataset, widths: list[int]) -> dict[str, float]:
    """One layer; the strongest damping of each rule. Returns the last values."""
    ends = {}
    for place, (rule, label) in enumerate(RULES.items()):
        names = [str(row) for row in curve["row"].values if str(row).startswith(rule)]
        row = name_of(KFAC, "mup") if rule == "K-FAC" else names[-1]
        chosen = curve.sel(row=row)
        axes.errorbar(
            widths,
            chosen["change"],
            chosen["change_half"],
            marker=MARKERS[place],
            color=PALETTE[f"c{place}"],
            lw=1.2,
            label=label,
        )
        ends[rule] = float(chosen["change"][-1])
    width_axis(axes, widths, "width $M$")
    axes.set_yscale("log", base=2)
    return ends
