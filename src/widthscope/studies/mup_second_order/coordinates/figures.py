"""Figures of the family `coordinates`."""

import xarray as xr

from widthscope.plotting import Drawing
from widthscope.studies.mup_second_order.arm_names import LABELS
from widthscope.width_sweeps.figures import coordinate_figure, coordinate_words, exponents_figure

SHOWN = ("sgd-mup", "kfac-mup", "shampoo-mup", "sgd-sp", "kfac-sp", "shampoo-sp")
DAMPINGS = ("kfac-absolute", "kfac-heuristic", "kfac-const")
TITLES = {
    "sgd-mup": "gradient, maximal",
    "kfac-mup": "K-FAC, maximal",
    "shampoo-mup": "Shampoo, maximal",
    "sgd-sp": "gradient, standard",
    "kfac-sp": "K-FAC, standard",
    "shampoo-sp": "Shampoo, standard",
    "kfac-absolute": "scaled damping",
    "kfac-heuristic": "heuristic damping",
    "kfac-const": "constant damping",
    "foof-mup": "FOOF, maximal",
}
RATES = ("sgd-mup", "kfac-absolute", "foof-mup", "shampoo-mup", "sgd-sp")


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    curves = {name: node.to_dataset() for name, node in fit["/curves/coordinates"].children.items()}
    rates = {name: node.to_dataset() for name, node in fit["/curves/coordinates-rates"].children.items()}
    return {
        "coordinates": movement({arm: curves[arm] for arm in SHOWN}),
        "coordinates-damping": dampings({arm: curves[arm] for arm in DAMPINGS}),
        "coordinates-rates": effective({arm: rates[arm] for arm in RATES}),
    }


def movement(arms: dict[str, xr.Dataset]) -> Drawing:
    """Each rule in the maximal-update parameterisation, above the standard one, which fails."""
    titled = {TITLES[arm]: curve for arm, curve in arms.items()}
    first = next(iter(arms.values()))
    return Drawing(
        coordinate_figure(titled, "rms change"),
        f"What $h_1$, $h_2$ and the output moved in {first.attrs['steps']} steps, means over "
        f"{first.attrs['seeds']} seeds with 99 % intervals; beside each curve its slope. Above, the "
        "maximal-update parameterisation, with slopes of 0 if every width moves by as much; below, the "
        "standard one, the control.",
        f"Six panels of changes against the width on logarithmic axes. {coordinate_words(titled)}.",
    )


def dampings(arms: dict[str, xr.Dataset]) -> Drawing:
    """K-FAC in the maximal-update parameterisation with three rules of damping."""
    titled = {TITLES[arm]: curve for arm, curve in arms.items()}
    return Drawing(
        coordinate_figure(titled, "rms change"),
        "K-FAC in the maximal-update parameterisation with other rules of damping: scaled with the width "
        "as the factors are, the usual heuristic, and one for all widths.",
        f"Three panels of changes against the width. {coordinate_words(titled)}.",
    )


def effective(arms: dict[str, xr.Dataset]) -> Drawing:
    """Table of what each layer's rate and dampings are multiplied by."""
    return Drawing(
        exponents_figure(
            {
                "K-FAC, maximal" if arm == "kfac-absolute" else TITLES[arm]: (
                    rates if arm == "kfac-absolute" else rates[["rate"]]
                )
                for arm, rates in arms.items()
            }
        ),
        "What each layer's learning rate is multiplied by at each width, relative to the base width, and "
        "what K-FAC's dampings are where they are absolute; relative ones, in units of a factor's trace, "
        "need no power of the width. In the standard parameterisation every factor is 1.",
        f"A table of widths by layers, of {'; '.join(LABELS[arm] for arm in arms)}.",
    )
