"""Figures of the family `coordinates`."""

import xarray as xr

from widthscope.plotting import Drawing
from widthscope.width_sweeps.figures import coordinate_figure, coordinate_words

PANELS = {
    "si-0": "one pass, $\\bar\\gamma_L = 0$",
    "si-1": "one pass, $\\bar\\gamma_L = -1$",
    "si-1-sgd": "wrong: rates of SGD",
    "eq-0": "equilibrium, $\\bar\\gamma_L = 0$",
    "eq-1": "equilibrium, $\\bar\\gamma_L = -1$",
    "eq-ntk": "wrong: kernel regime",
    "dtp": "target propagation (TP)",
    "dtp-sp": "wrong: TP, standard",
    "si-sp": "wrong: PC, standard",
}
"""Rows that are shown, and the titles of their panels."""

LABELS = {"h1": "$h_1$", "h2": "$h_2$", "f": "$f$"}


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    arms = {title: fit[f"/curves/coordinates/{row}"].to_dataset() for row, title in PANELS.items()}
    seeds, steps = (next(iter(arms.values())).attrs[name] for name in ("seeds", "steps"))
    return {
        "pc-coordinates": Drawing(
            coordinate_figure(arms, "rms change", LABELS),
            f"How far hidden layers and the output have moved after {steps} steps, over the width, in the "
            f"maximal-update parameterisations and in wrong ones, which learn at lower rates ({seeds} seeds, "
            "99 % intervals); slopes stand beside the curves. Target propagation is judged after the first "
            "and after the last step, not after the number that is shown.",
            f"Changes of three layers over the width on logarithmic axes, and their slopes. "
            f"{coordinate_words(arms)}.",
        )
    }
