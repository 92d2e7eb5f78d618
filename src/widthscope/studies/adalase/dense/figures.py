"""Figures of the family `dense`: ratios over the steps beside their null, and against accuracies."""

from collections.abc import Mapping

import xarray as xr
from matplotlib.lines import Line2D

from widthscope.plotting import MARKERS, PALETTE, Drawing, new

ADAPTIVE, NULL = "mixup-adaptive", "identity-adaptive"


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    paths = _sorted({name: node.to_dataset() for name, node in fit["/curves/dense-paths"].children.items()})
    quality = {name: node.to_dataset() for name, node in fit["/curves/dense-quality"].children.items()}
    return {"dense-ratios": ratios(paths), "dense-quality": beside(quality)}


def _sorted(paths: Mapping[str, xr.Dataset]) -> dict[str, xr.Dataset]:
    return dict(sorted(paths.items(), key=lambda item: int(item[0].removeprefix("n"))))


def ratios(paths: Mapping[str, xr.Dataset]) -> Drawing:
    """Mean ratios with mixup, and the band of the null, a panel for each number of images."""
    figure, *panels = new(cols=len(paths), width=2.6 * len(paths), height=3.2, sharey=True)
    said = []
    for axes, (name, path) in zip(panels, paths.items(), strict=True):
        x, positions = path["step"].values, path.sizes["position"]
        for place in range(positions):
            one, colour = path.isel(position=place), PALETTE[f"c{place}"]
            moved, null = one.sel(arm=ADAPTIVE), one.sel(arm=NULL)
            y, half = null["ratio"].values, null["ratio_half"].values
            axes.fill_between(x, (y - half).clip(0, 1), (y + half).clip(0, 1), color=colour, alpha=0.12, lw=0)
            axes.plot(x, moved["ratio"].values, color=colour, label=f"position {place}")
        axes.set(title=name.replace("n", "n = "), xlabel="steps", ylim=(0, 1))
        ends = ", ".join(f"{value:.2f}" for value in path["ratio"].sel(arm=ADAPTIVE).isel(step=-1).values)
        said.append(f"with {name.removeprefix('n')} images the ratios end at {ends}")
    panels[0].set_ylabel("mean ratio")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    seeds = next(iter(paths.values())).attrs["seeds"]
    return Drawing(
        figure,
        "Adaptive ratios with mixup at the input (position 0) and before each further layer, mean over "
        f"{seeds} seeds, by the number n of images trained on. Bands are 99 % intervals of the same networks "
        "with the identity in the place of mixup: there ratios only drift.",
        "A panel for each number of images, over the steps. From the input on, " + "; ".join(said) + ".",
    )


def beside(quality: Mapping[str, xr.Dataset]) -> Drawing:
    """Ratios at the end against the accuracy of the fixed positions, less the mean of these."""
    figure, *panels = new(width=6.0, height=3.8)
    axes = panels[0]
    said = []
    for place, (name, table) in enumerate(sorted(quality.items())):
        colour = PALETTE[f"c{place}"]
        x = 100 * (table["accuracy"].values - table["accuracy"].values.mean())
        y = table["ratio"].values
        axes.errorbar(
            x,
            y,
            table["ratio_half"].values,
            100 * table["accuracy_half"].values,
            color=colour,
            ls="",
            marker=MARKERS[place % len(MARKERS)],
            lw=0.8,
        )
        for position, (left, up) in enumerate(zip(x, y, strict=True)):
            axes.annotate(str(position), (left, up), textcoords="offset points", xytext=(5, 4), color=colour)
        said.append(f"{name} {', '.join(f'{a:+.1f} and {b:.2f}' for a, b in zip(x, y, strict=True))}")
    handles = [
        Line2D([], [], color=PALETTE[f"c{k}"], ls="", marker=MARKERS[k % len(MARKERS)], label=_label(name))
        for k, name in enumerate(sorted(quality))
    ]
    axes.axhline(1 / table.sizes["position"], color=PALETTE["ink"], lw=0.8, ls=":")
    axes.set(xlabel="accuracy of the fixed position, less the mean (points)", ylabel="ratio at the end")
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    return Drawing(
        figure,
        "Ratio at the end of each position, which is numbered, against the test accuracy with the operation "
        f"fixed there, mean over {table.attrs['seeds']} seeds with 99 % intervals. Equal ratios are dotted; "
        "were ratios to follow what positions are worth, points of a colour would rise to the right.",
        "One panel; for each operation the accuracies in points about their mean and the ratios, from the "
        "input on: " + "; ".join(said) + ".",
    )


def _label(name: str) -> str:
    operation, images = name.rsplit("-n", 1)
    return f"{operation}, n = {images}"
