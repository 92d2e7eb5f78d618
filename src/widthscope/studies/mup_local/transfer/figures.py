"""Figures of the family `transfer`."""

from collections.abc import Mapping

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


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    return {
        name: _drawing(
            RULES[name], {title: fit[f"/curves/transfer/{row}"].to_dataset() for row, title in panels.items()}
        )
        for name, panels in PANELS.items()
    }


def _drawing(rule: str, arms: Mapping[str, xr.Dataset]) -> Drawing:
    seeds = next(iter(arms.values())).attrs["seeds"]
    return Drawing(
        transfer_figure(arms, "training loss, second half"),
        f"{rule}: loss on the minibatches of a training's second half over the learning rate at the base "
        f"width ({seeds} seeds, 99 % intervals); networks that diverge count as untrained. "
        f"{transfer_words(arms)}",
        "Losses over the learning rate on logarithmic axes, one line for each width: with maximal-update "
        "rates the minima stand above each other, in the standard parameterisation they move to the left.",
    )
