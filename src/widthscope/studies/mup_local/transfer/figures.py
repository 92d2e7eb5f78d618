"""Figures of the family `transfer`."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from widthscope.plotting import Drawing
from widthscope.width_sweeps.figures import transfer_figure, transfer_words

PANELS: dict[str, dict[str, str]] = {
    "pc-transfer": {
        "si-0": "$\\bar\\gamma_L = 0$",
        "si-1": "$\\bar\\gamma_L = -1$",
        "si-sp": "standard",
    },
    "tp-transfer": {"dtp": "maximal update", "dtp-sp": "standard"},
}
"""Rows of each figure and the titles of their panels."""

RULES = {"pc-transfer": "Predictive coding, one pass", "tp-transfer": "Difference target propagation"}

HEIGHT = 4.0
"""Largest loss that is drawn over the least: a network about to diverge may have one of 1e20."""


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    return {
        name: _drawing(
            RULES[name], {title: fit[f"/curves/transfer/{row}"].to_dataset() for row, title in panels.items()}
        )
        for name, panels in PANELS.items()
    }


def _drawing(rule: str, arms: Mapping[str, xr.Dataset]) -> Drawing:
    seeds, steps = (next(iter(arms.values())).attrs[name] for name in ("seeds", "steps"))
    figure = transfer_figure(arms, f"training loss after {steps} steps")
    least = min(float(curve["loss"].min()) for curve in arms.values())
    if np.isfinite(least):
        figure.axes[0].set_ylim(0.8 * least, HEIGHT * least)  # shared by all panels
    return Drawing(
        figure,
        f"{rule}: loss on all training images after {steps} steps over the learning rate at the base width "
        f"({seeds} seeds, each with its own order of minibatches; 99 % intervals); lines end where a network "
        f"diverges, and leave the panel where one is about to. {transfer_words(arms)}",
        "Losses over the learning rate on logarithmic axes, one line for each width, in panels by "
        f"parameterisation. {transfer_words(arms)}",
    )
