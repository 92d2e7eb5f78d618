"""What figures of the families on feature maps share."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from widthscope.plotting import MARKERS, PALETTE, SERIES, shades
from widthscope.possible_values import limit


def draw_paths(axes: Axes, table: xr.Dataset) -> None:
    """Mean ratios of an arm's positions over steps, with their bands."""
    of_arm = table.isel(arm=0)
    steps = of_arm["step"].values
    for place, colour in enumerate(shades(of_arm.sizes["position"])):
        mean, half = (of_arm[name].isel(position=place).values for name in ("ratio", "ratio_half"))
        axes.plot(steps, mean, color=colour, label=f"position {place}")
        axes.fill_between(steps, mean - half, mean + half, color=colour, alpha=0.15, lw=0)
    axes.set_xlabel("step")
    axes.set_ylabel("ratio")
    limit(axes, 0, 1)


def draw_quality(axes: Axes, tables: Mapping[str, xr.Dataset]) -> None:
    """Ratio at the end against accuracy of the fixed position, a series for each table, named by position."""
    for (name, table), marker, colour in zip(tables.items(), MARKERS, SERIES, strict=False):
        x, y = table["accuracy"].values, table["ratio"].values
        axes.errorbar(
            x,
            y,
            xerr=table["accuracy_half"].values,
            yerr=table["ratio_half"].values,
            ls="",
            marker=marker,
            color=PALETTE[colour],
            label=name,
        )
        for place, (across, up) in enumerate(zip(x, y, strict=True)):
            if np.isfinite(across) and np.isfinite(up):
                axes.annotate(
                    str(place), (across, up), (4, 4), textcoords="offset points", color=PALETTE[colour]
                )
    axes.set_xlabel("test accuracy, fixed position")
    axes.set_ylabel("adaptive ratio at the end")
    limit(axes, 0, 1)
    limit(axes, 0, 1, along="x")


def ratios_said(table: xr.Dataset) -> str:
    """Ratios at the end by position, in words."""
    values = [f"{value:.2f}" for value in table["ratio"].values if np.isfinite(value)]
    return ", ".join(values) if values else "unknown"


def accuracies_said(table: xr.Dataset) -> str:
    """Accuracies of fixed positions, in words."""
    values = [f"{value:.3f}" for value in table["accuracy"].values if np.isfinite(value)]
    return ", ".join(values) if values else "unknown"
