"""Figure of the family `features`."""

import xarray as xr

from widthscope.plotting import Drawing
from widthscope.studies.mup_second_order.arm_names import scaling_of
from widthscope.width_sweeps.figures import coordinate_figure, coordinate_words

ARMS = ("kfac-mup", "kfac-sp")
NAMES = {"test_loss": "test loss", "train_loss": "training loss", "features": "change of $h_2$"}


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    losses = {scaling_of(arm): fit[f"/curves/features/{arm}"].to_dataset() for arm in ARMS}
    moved = {scaling_of(arm): fit[f"/curves/features-moved/{arm}"].to_dataset() for arm in ARMS}
    first = next(iter(losses.values()))
    return {
        "features": Drawing(
            coordinate_figure(losses, "loss", NAMES),
            f"Losses after {first.attrs['steps']} steps of K-FAC on squares of hidden projections, means "
            f"over {first.attrs['seeds']} seeds with 99 % intervals; beside each curve its slope above the "
            "base width, at which both panels are one network.",
            f"Two panels of losses against the width. {coordinate_words(losses)}.",
        ),
        "features-moved": Drawing(
            coordinate_figure(moved, "rms change of $h_2$", NAMES),
            "How far features moved in the same training, with the slope over all widths.",
            f"Two panels of one curve. {coordinate_words(moved)}.",
        ),
    }
