"""Figures of the family `flips`: ratios over steps beside their null, and against accuracies."""

import xarray as xr

from widthscope.plotting import Drawing, new
from widthscope.studies.adalase.map_figures import accuracies_said, draw_paths, draw_quality, ratios_said

PANELS = {
    "vertical": "vertical flips",
    "virtual": "vertical flips, all positions the input",
    "horizontal": "horizontal flips",
    "identity": "no augmentation",
}


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    paths = {name: fit[f"/curves/flips-paths/{name}"].to_dataset() for name in PANELS}
    quality = {name: fit[f"/curves/flips-quality/{name}"].to_dataset() for name in ("vertical", "horizontal")}
    return {"flips-ratios": ratios(paths), "flips-quality": against_accuracy(quality)}


def ratios(paths: dict[str, xr.Dataset]) -> Drawing:
    """Mean ratios over steps of both flips, each above its null."""
    figure, *panels = new(rows=2, cols=2, width=7.2, height=5.2, sharey=True)
    for axes, name in zip(panels, ("vertical", "horizontal", "virtual", "identity"), strict=True):
        draw_paths(axes, paths[name])
        axes.set_title(PANELS[name])
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    ends = {
        name: ", ".join(f"{float(each):.2f}" for each in table["ratio"].isel(arm=0, step=-1).values)
        for name, table in paths.items()
    }
    return Drawing(
        figure,
        f"Mean adaptive ratios over {paths['vertical'].attrs['seeds']} seeds with 99 % bands. Above, flips, "
        "which do harm at the input and nothing before the mean over places, the last position. Below, "
        "networks whose positions are all alike: what the ratios do there is drift.",
        "Four panels of ratios over steps, a line for each position, input first. At the end: "
        + "; ".join(f"{PANELS[name]} {said}" for name, said in ends.items())
        + ".",
    )


def against_accuracy(quality: dict[str, xr.Dataset]) -> Drawing:
    """Ratios at the end against accuracies of fixed positions."""
    figure, *panels = new(height=3.8)
    axes = panels[0]
    draw_quality(axes, {PANELS[name]: table for name, table in quality.items()})
    axes.legend(loc="best")
    return Drawing(
        figure,
        "Where adaptive ratios end against the test accuracy with the flip fixed at that position (its "
        f"number beside the mark); means over {quality['vertical'].attrs['seeds']} seeds with 99 % "
        "intervals.",
        "Ratio over accuracy, by position, input first. "
        + " ".join(
            f"{PANELS[name].capitalize()}: ratios {ratios_said(table)}, accuracies {accuracies_said(table)}."
            for name, table in quality.items()
        ),
    )
