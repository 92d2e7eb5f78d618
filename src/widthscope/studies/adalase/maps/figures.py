"""Figures of the family `maps`: ratios against accuracies of fixed positions."""

import xarray as xr

from widthscope.plotting import Drawing, new
from widthscope.studies.adalase.map_figures import accuracies_said, draw_quality, ratios_said
from widthscope.studies.adalase.maps.policies import AUGMENTATIONS


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    tables = {name: fit[f"/curves/maps-quality/{name}"].to_dataset() for name in AUGMENTATIONS}
    figure, *panels = new(cols=len(tables), width=7.2, height=3.0, sharey=True)
    for axes, (name, table) in zip(panels, tables.items(), strict=True):
        draw_quality(axes, {name: table})
        axes.set_title(name)
    return {
        "maps-quality": Drawing(
            figure,
            "Where adaptive ratios end against the test accuracy with the augmentation fixed at that "
            "position (its number beside the mark, 0 the input); means over "
            f"{tables[AUGMENTATIONS[0]].attrs['seeds']} seeds with 99 % intervals.",
            "Three panels of ratio over accuracy, by position, input first. "
            + " ".join(
                f"{name.capitalize()}: ratios {ratios_said(table)}, accuracies {accuracies_said(table)}."
                for name, table in tables.items()
            ),
        )
    }
