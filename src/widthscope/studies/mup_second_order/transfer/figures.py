"""Figures of the family `transfer`: loss over learning rate, one line for each width."""

import xarray as xr

from widthscope.plotting import Drawing
from widthscope.studies.mup_second_order.arm_names import METHODS, scaling_of
from widthscope.width_sweeps.figures import exponents_figure, transfer_figure, transfer_words

ORDER = {
    "sgd": ("sgd-mup", "sgd-sp"),
    "kfac": ("kfac-mup", "kfac-sp", "kfac-foof"),
    "shampoo": ("shampoo-mup", "shampoo-sp"),
}


TITLES = {"kfac-foof": "FOOF's rates"}
RATES = {
    "gradient, maximal": "sgd-mup",
    "K-FAC, maximal": "kfac-mup",
    "K-FAC, FOOF's rates": "kfac-foof",
    "Shampoo, maximal": "shampoo-mup",
}


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    found = {f"transfer-{method}": losses(fit, method) for method in ORDER}
    rates = {name: node.to_dataset() for name, node in fit["/curves/transfer-rates"].children.items()}
    shown = {title: rates[arm][["rate"]] for title, arm in RATES.items()}
    found["transfer-rates"] = Drawing(
        exponents_figure(shown),
        "What each layer's learning rate is multiplied by at each width, relative to the base width; in the "
        "standard parameterisation by 1. Dampings are relative to the factors' own scale at every width.",
        f"A table of widths by layers, of {'; '.join(shown)}.",
    )
    return found


def losses(fit: xr.DataTree, method: str) -> Drawing:
    """Loss over learning rate of one rule: the maximal update, and beside it what drifts."""
    found = {arm: fit[f"/curves/transfer-{method}/{arm}"].to_dataset() for arm in ORDER[method]}
    arms = {TITLES.get(arm, scaling_of(arm)): curve for arm, curve in found.items()}
    first = next(iter(arms.values()))
    words = transfer_words(arms)
    return Drawing(
        transfer_figure(arms),
        f"Training loss of {METHODS[method]} after {first.attrs['steps']} steps over the learning rate of "
        f"the base width, one line for each width, means over {first.attrs['seeds']} seeds with 99 % "
        "intervals; a line ends where a seed diverged, or the loss rose above that before training. Marks "
        "are optima of parabolas fitted seed by seed. "
        f"{words[0].upper()}{words[1:]}",
        f"{len(arms)} panels of U-shaped curves on logarithmic axes. {words}",
    )
