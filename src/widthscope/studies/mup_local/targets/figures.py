"""Figures of the family `targets`."""

import xarray as xr

from widthscope.plotting import Drawing
from widthscope.width_sweeps.figures import coordinate_figure, coordinate_words

PANELS = {
    "dtp": "DTP, $b_L = 1/2$",
    "dtp-tied": "DTP, tied feedback",
    "bp-ntk": "BP, kernel regime",
    "bp-features": "BP, rates of features",
    "dtp-slowed": "DTP, slowed",
    "dtp-readout-1": "DTP, $b_L = 1$",
}
"""Cases that are shown, and the titles of their panels."""

LABELS = {"h1": "$h_1$", "h2": "$h_2$", "output": "$f$ through $h_2$"}


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    arms = {title: fit[f"/curves/targets/{case}"].to_dataset() for case, title in PANELS.items()}
    cosine = {"feedback and readout": fit["/curves/tp-alignment"].to_dataset()}
    seeds = next(iter(arms.values())).attrs["seeds"]
    slope = float(cosine["feedback and readout"]["slope"].sel(curve="fitted"))
    return {
        "tp-regimes": Drawing(
            coordinate_figure(arms, "rms change", LABELS),
            "How far steps of the hidden layers alone move these and, through the readout as it began, the "
            f"output, over the width ({seeds} seeds, 99 % intervals), by difference target propagation (DTP) "
            "and back-propagation (BP); slopes stand beside the curves.",
            "Changes over the width on logarithmic axes: level for target propagation with the readout's "
            "standard scale alone; in the others features, the output or both leave. "
            f"{coordinate_words(arms)}.",
        ),
        "tp-alignment": Drawing(
            coordinate_figure(cosine, "cosine", {"fitted": "fitted", "control": "readout plus noise"}),
            "Cosine of the feedback that best reconstructs the last hidden layer and the transposed readout, "
            f"over the width, with slope {slope:+.2f}; beside it that of the transposed readout plus an "
            "independent matrix of its length, which does not depend on the width.",
            f"Two curves over the width on logarithmic axes: one has slope {slope:+.2f}, one is level.",
        ),
    }
