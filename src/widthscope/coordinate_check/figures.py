"""The coordinate check as the field draws it: size of the change over the width, both logarithmic."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from widthscope.coordinate_check.findings import summary
from widthscope.coordinate_check.report import Report
from widthscope.coordinate_check.verdicts import LEVEL, MARGIN, Check, LayerVerdict
from widthscope.plotting import MARKERS, PALETTE, SERIES, Drawing, new, width_axis

MOST = 24
"""Layers in one figure; those that leave zero come first."""


def draw(report: Report) -> dict[str, Drawing]:
    """Drawings by name: "given", and "mended" where that was run.

    Args:
        report: what `report.report` returned.
    """
    return {name: coordinates(report.tables[name], report.checks[name], name) for name in report.checks}


def coordinates(table: xr.Dataset, check: Check, model: str) -> Drawing:
    """Mean |h(t) - h(0)| of every layer over the width, after the first step and after the last judged."""
    shown = sorted(check.layers, key=lambda layer: not layer.broken)[:MOST]
    order = [layer for layer in check.layers if layer in shown]
    steps = [1] if check.step == 1 else [1, check.step]
    figure, *panels = new(
        cols=len(steps), width=3.0 * len(steps) + 3.2, height=max(3.2, 0.21 * len(order) + 0.9), sharey=True
    )
    for panel, step in zip(panels, steps, strict=True):
        _panel(panel, table, check, order, step)
    panels[0].set_ylabel("mean $|h(t) - h(0)|$")
    handles, labels = panels[-1].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside right upper", title=f"slope after {check.step} steps", fontsize=7.5
    )
    left = len(check.layers) - len(order)
    rest = f" {left} more layers are not drawn." if left else ""
    whose = "The factory's model as it is" if model == "given" else "The model mended"
    return Drawing(
        figure,
        f"{whose}: mean change of every layer's output over the width, means over {table.sizes['seed']} "
        f"seeds. Beside each layer the slope and the half-width of its interval, {100 * LEVEL:.0f} % "
        f"jointly; dashed where it leaves zero by more than {MARGIN:g}. Found: {summary(check)}.{rest}",
        f"{len(steps)} panels with logarithmic axes, one curve a layer, change of its output against the "
        f"width. Found: {summary(check)}.",
    )


def _panel(axes: Axes, table: xr.Dataset, check: Check, order: list[LayerVerdict], step: int) -> None:
    widths = table["width"].values
    for place, layer in enumerate(order):
        at = table["change_l1"].sel(step=step, layer=layer.layer).transpose("seed", "width").values
        with np.errstate(divide="ignore"):
            middle = np.exp(np.where(at > 0, np.log(at), np.nan).mean(axis=0))
        half = float(check.slopes["half"].sel(step=check.step, layer=layer.layer))
        slope = layer.change.value
        said = "-" if np.isnan(slope) else f"{slope:+.2f} ± {half:.2f}"
        axes.plot(
            widths,
            middle,
            color=PALETTE[SERIES[place % len(SERIES)]],
            marker=MARKERS[place // len(SERIES) % len(MARKERS)],
            linestyle="--" if layer.change.verdict in ("grows", "shrinks") else "-",
            linewidth=1.3,
            markersize=4,
            label=f"{layer.layer}  {said}",
        )
    axes.set_yscale("log", base=2)
    axes.set_title(f"after {step} step{'s' if step > 1 else ''}")
    width_axis(axes, [int(width) for width in widths], "width $M$")
