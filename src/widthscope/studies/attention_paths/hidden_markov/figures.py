"""Figures of the family `hidden_markov`."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from widthscope.plotting import PALETTE, Drawing, new, shades, width_axis
from widthscope.studies.attention_paths.curve_drawing import curve
from widthscope.studies.attention_paths.hidden_markov.variants import (
    CALLED,
    FOUR,
    KERNELS,
    PATHS,
    VARIANTS,
)
from widthscope.studies.attention_paths.matrix_drawing import squares

SUBSETS = {"all": "c0", "good": "c1", "good+denoising": "c2"}
RESTRICTED = {"diagonal": ("c3", "diagonal weights"), "shuffled": ("c4", "permuted labels")}
SHORT = {"good": "g", "random-1": "r$_1$", "denoising": "d", "random-2": "r$_2$"}
COLOURS = {"finite": "c0", "infinite": "c7"}
SHOWN_WIDTHS = 3
APART = 0.04
"""Of the points of one number of layers, so that none hides another."""

BEYOND = 3.0
"""The tuned limit stands so many times the largest width to the right."""


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""

    def curves(name: str) -> dict[str, xr.Dataset]:
        return {
            variant: fit[f"/curves/hidden-markov-{name}-{variant.replace('_', '-')}"].to_dataset()
            for variant in VARIANTS
        }

    return {
        "hidden-markov-accuracy": accuracy(curves("accuracy")),
        "hidden-markov-weights": weights(curves("weights"), curves("minimiser")),
        "hidden-markov-kernels": kernels(curves("kernel")),
        "hidden-markov-depth": depth(fit["/curves/hidden-markov-depth"].to_dataset()),
    }


def accuracy(curves: Mapping[str, xr.Dataset]) -> Drawing:
    """Accuracy over width of networks with some of the paths, beside their Gaussian processes."""
    figure, *panels = new(cols=2, height=4.3, sharey=True)
    for axes, variant in zip(panels, VARIANTS, strict=True):
        _accuracies(axes, curves[variant])
        axes.set_title(CALLED[variant])
    panels[0].set_ylabel("accuracy")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    narrow = int(curves[FOUR]["width"][0])
    said = []
    for variant in VARIANTS:
        whole = curves[variant].sel(subset="all")
        said.append(
            f"with all {CALLED[variant]} {float(whole['finite'][0]):.3f} at width {narrow}, "
            f"{float(whole['infinite']):.3f} in the limit, {float(whole['tuned']):.3f} there at the tuned "
            f"temperature and {float(whole['rescaled'][0]):.3f} at width {narrow} if only rescaled"
        )
    return Drawing(
        figure,
        "Accuracy of the mean predictor over the width, means over data sets with 99 % intervals, beside the "
        "Gaussian processes of the same paths (dashed; stars at the right: of all paths at the temperature "
        f"tuned on validation sequences): {said[0]}; {said[1]}. Grey: order parameters that only rescale the "
        f"kernel, at every width; at width {narrow} also those that are diagonal, and those of permuted "
        "labels.",
        "Two panels of accuracy over the logarithm of the width. The curve of all paths falls to a dashed "
        "line of its limit, on which the grey curve lies at all widths; with four paths that of the good "
        "path alone rises to its own.",
    )


def _accuracies(axes: Axes, table: xr.Dataset) -> None:
    """One variant's curves, limits and restricted order parameters."""
    widths = [int(width) for width in table["width"].values]
    for place, subset in enumerate(table["subset"].values):
        one, colour = table.sel(subset=subset), SUBSETS[str(subset)]
        curve(axes, widths, one, "finite", place, colour, f"{subset}".replace("+", " and "))
        axes.axhline(float(one["infinite"]), color=PALETTE[colour], lw=1.0, ls="--")
    curve(axes, widths, table, "rescaled", 5, "c7", "only rescaled", ms=4, lw=0.9)
    for place, (name, (colour, label)) in enumerate(RESTRICTED.items(), start=3):
        one = table.sel(restriction=name).expand_dims("at")
        curve(axes, [widths[0]], one, "restricted", place, colour, label, ls="none")
    limit = table.sel(subset="all").expand_dims("at")
    star = {"marker": "*", "ms": 9, "ls": "none"}
    curve(axes, [widths[-1] * BEYOND], limit, "tuned", 0, "c0", "limit, tuned", **star)
    width_axis(axes, widths, "width $N$")


def weights(curves: Mapping[str, xr.Dataset], minimiser: Mapping[str, xr.Dataset]) -> Drawing:
    """Order parameters at a few widths, and at infinite width."""
    figure, *panels = new(rows=2, cols=SHOWN_WIDTHS + 1, height=3.9)
    for row, variant in enumerate(VARIANTS):
        matrices = curves[variant]["order_parameter"]
        names = [SHORT[path] for path in PATHS[variant]]
        places = _spread(matrices.sizes["width"])
        own = panels[row * (SHOWN_WIDTHS + 1) : (row + 1) * (SHOWN_WIDTHS + 1)]
        for axes, place in zip(own, places, strict=False):
            one = matrices.isel(width=place)
            squares(axes, one.values, names, f"$N = {int(one['width'])}$")
        squares(own[-1], np.eye(len(names)), names, "$N = \\infty$")
        for axes in own[len(places) : -1]:
            axes.set_visible(False)
    narrow = {variant: curves[variant]["order_parameter"].isel(width=0) for variant in VARIANTS}
    four = np.diagonal(narrow[FOUR].values)
    evaluations = float(minimiser[FOUR]["evaluations"].sel(subset="all").mean())
    gradient = max(float(one["gradient_norm"].max()) for one in minimiser.values())
    return Drawing(
        figure,
        "Order parameters of the task of four paths (above) and of two (below) at growing widths, means over "
        "data sets: the area of a square is the size of the weight, scaled to the largest of its panel, blue "
        "is positive and vermilion negative. The paths are good (g), denoising (d) and through a random last "
        f"head ($r_1$, $r_2$). At width {int(narrow[FOUR]['width'])} they weigh "
        + ", ".join(
            f"{SHORT[path]} {value:.2g}" for path, value in zip(PATHS[FOUR], four, strict=True)
        ).replace("r$_", "$r_")
        + f". The minimiser took {evaluations:.0f} evaluations at four paths on average and left no "
        f"derivative larger than {gradient:.0e}.",
        "Rows of square matrices. At small width the good and the denoising path have large squares on the "
        "diagonal and a negative one between them; towards infinite width only an equal diagonal is left.",
    )


def kernels(curves: Mapping[str, xr.Dataset]) -> Drawing:
    """Overlaps of the kernels' leading eigenvectors with the labels."""
    figure, *panels = new(cols=2, height=3.2, sharey=True)
    for axes, variant in zip(panels, VARIANTS, strict=True):
        table = curves[variant].sel(labelled="true")
        ranks = 1 + np.arange(table.sizes["rank"])
        for place, kernel in enumerate(KERNELS):
            one = table.sel(kernel=kernel)
            label = f"{kernel}, cosine {float(one['cosine']):.2f}"
            curve(axes, ranks, one, "overlap", place, COLOURS[kernel], label, ms=3, lw=1.0)
        axes.set_xlabel("eigenvector")
        axes.set_title(CALLED[variant])
        axes.legend(title="width of the kernel")
    panels[0].set_ylabel("overlap with the labels")
    four = curves[FOUR].sel(labelled="true")
    return Drawing(
        figure,
        "Overlap of the leading eigenvectors of the training sequences' kernel with their labels, at the "
        "smallest and at infinite width: means over data sets with 99 % intervals. At four paths the "
        f"kernel's cosine with $yy^T$ is {float(four['cosine'].sel(kernel='finite')):.2f} at finite and "
        f"{float(four['cosine'].sel(kernel='infinite')):.2f} at infinite width.",
        "Overlap over the rank of the eigenvector in two panels, at finite width (blue) and infinite (grey). "
        + " ".join(_largest(CALLED[variant], curves[variant]["overlap"]) for variant in VARIANTS),
    )


def _largest(called: str, overlaps: xr.DataArray) -> str:
    """Where the mean overlap with the labels is largest, and how large, in words."""
    told = []
    for kernel in KERNELS:
        one = overlaps.sel(kernel=kernel, labelled="true").values
        rank = int(np.nan_to_num(one, nan=-1.0).argmax())
        rest = np.delete(one, rank)
        told.append(
            f"{one[rank]:.2f} at rank {rank + 1} and at most {rest.max():.2f} elsewhere at {kernel} width"
        )
    return f"With {called} the mean overlap is {told[0]}, {told[1]}."


def depth(table: xr.Dataset) -> Drawing:
    """Accuracy over the number of layers, at a few widths and in the limit."""
    figure, *panels = new(height=3.0)
    axes: Axes = panels[0]
    layers = np.array([int(one) for one in table["layers"].values])
    hues = shades(table.sizes["width"])
    beside = APART * (np.arange(len(hues) + 1) - len(hues) / 2)
    for place, width in enumerate(table["width"].values):
        one = table.sel(width=width)
        curve(axes, layers + beside[place], one, "finite", place, hues[place], f"$N = {int(width)}$")
    curve(axes, layers + beside[-1], table, "infinite", -1, "c1", "infinite", ls="--")
    axes.set_xticks(layers)
    axes.set_xlabel("layers $L$")
    axes.set_xlim(layers[0] - 0.2, layers[-1] + 0.7)
    axes.set_ylabel("accuracy")
    axes.legend(loc="center right")
    deepest = table.isel(layers=-1, width=0)
    return Drawing(
        figure,
        "Accuracy over the number of attention layers, each with one useful and one random head, read as the "
        "mean over queries: means over data sets with 99 % intervals. At the largest depth it is "
        f"{float(deepest['finite']):.3f} at width {int(deepest['width'])} and "
        f"{float(deepest['infinite']):.3f} in the limit.",
        "Accuracy over the number of layers, one line for each width and a dashed one for infinite width.",
    )


def _spread(count: int) -> list[int]:
    """A few places from the first on: those of growing widths at which matrices are shown."""
    return sorted({round(place) for place in np.linspace(0, max(0, count - 2), min(SHOWN_WIDTHS, count))})
