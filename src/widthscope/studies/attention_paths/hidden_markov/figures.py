"""Figures of the family `hidden_markov`."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from widthscope.plotting import MARKERS, PALETTE, Drawing, new, shades, width_axis
from widthscope.studies.attention_paths.hidden_markov.variants import (
    CALLED,
    FOUR,
    KERNELS,
    PATHS,
    TWO,
    VARIANTS,
)
from widthscope.studies.attention_paths.matrix_drawing import squares

SUBSETS = {"all": "c0", "good": "c1", "good+denoising": "c2"}
RESTRICTED = {"diagonal": ("c3", "diagonal weights"), "shuffled": ("c4", "permuted labels")}
SHORT = {"good": "g", "random-1": "r$_1$", "denoising": "d", "random-2": "r$_2$"}
COLOURS = {"finite": "c0", "infinite": "c7"}
SHOWN_WIDTHS = 3


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
    figure, *panels = new(cols=2, height=3.9, sharey=True)
    for axes, variant in zip(panels, VARIANTS, strict=True):
        curve = curves[variant]
        widths = [int(width) for width in curve["width"].values]
        for place, subset in enumerate(curve["subset"].values):
            colour = PALETTE[SUBSETS[str(subset)]]
            one = curve.sel(subset=subset)
            axes.errorbar(
                widths,
                one["finite"],
                one["finite_half"],
                marker=MARKERS[place],
                color=colour,
                lw=1.2,
                label=str(subset).replace("+", " and "),
            )
            axes.axhline(float(one["infinite"]), color=colour, lw=1.0, ls="--")
        axes.axhline(float(curve["tuned"].sel(subset="all")), color=PALETTE[SUBSETS["all"]], lw=1.0, ls=":")
        for place, (name, (hue, label)) in enumerate(RESTRICTED.items()):
            one = curve.sel(restriction=name)
            axes.errorbar(
                [widths[0]],
                [float(one["restricted"])],
                [float(one["restricted_half"])],
                marker=MARKERS[3 + place],
                color=PALETTE[hue],
                ls="none",
                label=label,
            )
        width_axis(axes, widths, "width $N$")
        axes.set_title(CALLED[variant])
    panels[0].set_ylabel("accuracy")
    handles, labels = panels[0].get_legend_handles_labels()
    panels[1].legend(handles, labels, loc="upper right", title="paths, or all of them with")
    four, two = curves[FOUR], curves[TWO]
    narrow = int(four["width"][0])

    def whole(curve: xr.Dataset) -> xr.Dataset:
        return curve.sel(subset="all")

    return Drawing(
        figure,
        "Accuracy of the mean predictor over the width, means over data sets with 99 % intervals, beside "
        "the Gaussian processes of the same paths (dashed) and that of all paths at the temperature tuned on "
        f"validation sequences (dotted). With four paths it is {float(whole(four)['finite'][0]):.3f} at "
        f"width {narrow} and {float(whole(four)['infinite']):.3f} in the limit, with two "
        f"{float(whole(two)['finite'][0]):.3f} and {float(whole(two)['infinite']):.3f}. At width {narrow} "
        "also with order parameters that are diagonal, and with those of permuted labels.",
        "Two panels of accuracy over the logarithm of the width. The curve of all paths falls to a dashed "
        "line of its limit; that of the good path alone rises to its own.",
    )


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
        "is positive and orange negative. The paths are good (g), denoising (d) and through a random last "
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
        curve = curves[variant].sel(labelled="true")
        ranks = 1 + np.arange(curve.sizes["rank"])
        for place, kernel in enumerate(KERNELS):
            one = curve.sel(kernel=kernel)
            axes.errorbar(
                ranks,
                one["overlap"],
                one["overlap_half"],
                marker=MARKERS[place],
                ms=3,
                lw=1.0,
                color=PALETTE[COLOURS[kernel]],
                label=f"{kernel}, cosine {float(one['cosine']):.2f}",
            )
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
        "Overlap over the rank of the eigenvector in two panels: at finite width one of the first ranks "
        "stands far above all others, at infinite width the overlaps are spread over many ranks.",
    )


def depth(curve: xr.Dataset) -> Drawing:
    """Accuracy over the number of layers, at a few widths and in the limit."""
    figure, *panels = new(height=3.0)
    axes: Axes = panels[0]
    layers = [int(one) for one in curve["layers"].values]
    hues = shades(curve.sizes["width"])
    for place, width in enumerate(curve["width"].values):
        one = curve.sel(width=width)
        axes.errorbar(
            np.array(layers) + 0.04 * (place - 1),
            one["finite"],
            one["finite_half"],
            marker=MARKERS[place],
            color=hues[place],
            lw=1.2,
            label=f"$N = {int(width)}$",
        )
    axes.errorbar(
        np.array(layers) + 0.12,
        curve["infinite"],
        curve["infinite_half"],
        marker=MARKERS[-1],
        color=PALETTE["c1"],
        ls="--",
        lw=1.2,
        label="infinite",
    )
    axes.set_xticks(layers)
    axes.set_xlabel("layers $L$")
    axes.set_xlim(layers[0] - 0.2, layers[-1] + 0.7)
    axes.set_ylabel("accuracy")
    axes.legend(loc="center right")
    deepest = curve.isel(layers=-1, width=0)
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
