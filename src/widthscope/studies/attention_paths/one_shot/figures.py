"""Figures of the family `one_shot`."""

import numpy as np
import xarray as xr
from matplotlib.ticker import MaxNLocator

from widthscope.plotting import MARKERS, PALETTE, SERIES, Drawing, new
from widthscope.studies.attention_paths.matrix_drawing import squares

PREDICTORS = {
    "finite width": "finite width",
    "Gaussian process": "Gaussian process",
    "heads renamed": "heads renamed",
    "shuffled labels": "shuffled labels",
    "scalar": "only rescaled",
    "diagonal": "diagonal",
    "inverse": "inverse weights",
    "trained": "trained network",
}
ORDERS = {
    "theory": ("theory's score", "c0", "-"),
    "random": ("random", "c7", "-"),
    "gradient": ("gradient", "c2", "-"),
    "weights": ("weight norm", "c4", "-"),
    "shuffled labels": ("theory of shuffled labels", "c3", "--"),
    "reversed": ("theory's score, falling", "c1", "--"),
}
BANDS = ("theory", "random")
"""Orders that are drawn with bands; those of all would hide each other."""


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name, those of every architecture: the first has the plain names."""
    kinds = {
        "one-shot-accuracy": accuracy,
        "one-shot-order": order,
        "one-shot-scores": scores,
        "one-shot-pruning": pruning,
    }
    return {
        str(name): kind(curve.to_dataset())
        for begins, kind in kinds.items()
        for name, curve in fit["/curves"].children.items()
        if name == begins or name.startswith(f"{begins}-")
    }


def accuracy(curve: xr.Dataset) -> Drawing:
    """Accuracy at finite width against that of the Gaussian process, and means of all predictors."""
    figure, *panels = new(cols=2, width=7.2, height=3.2)
    left, right = panels
    means = {name: curve["accuracy"].sel(predictor=name).values for name in PREDICTORS}
    left.plot(
        means["Gaussian process"], means["finite width"], MARKERS[0], color=PALETTE["c0"], ms=4.5, alpha=0.8
    )
    both = np.concatenate([means["Gaussian process"], means["finite width"]])
    ends = [float(np.nanmin(both)) - 0.005, float(np.nanmax(both)) + 0.005]
    left.plot(ends, ends, color=PALETTE["muted"], lw=0.9, ls="--")
    left.set_xlabel("accuracy, Gaussian process")
    left.set_ylabel("accuracy, finite width")
    places = np.arange(len(PREDICTORS))[::-1]
    for place, (name, colour) in zip(places, zip(PREDICTORS, SERIES, strict=False), strict=True):
        right.plot(means[name], np.full(len(means[name]), place), "o", color=PALETTE[colour], ms=3, alpha=0.4)
        right.plot(means[name].mean(), place, "|", color=PALETTE["ink"], ms=12, mew=1.6)
    right.set_yticks(places, list(PREDICTORS.values()))
    right.set_xlabel("accuracy")
    wins = int((means["finite width"] > means["Gaussian process"]).sum())
    nets = curve.sizes["net"]
    told = ", ".join(f"{label} {means[name].mean():.3f}" for name, label in PREDICTORS.items())
    return Drawing(
        figure,
        f"{_of(curve)}: accuracy on "
        f"{int(curve.attrs['tests'])} one-shot episodes of novel classes, with the attention of "
        f"{nets} networks trained by gradient descent and {int(curve.attrs['examples'])} episodes to learn "
        f"from; each predictor at its own temperature. At width {int(curve.attrs['judged_width'])} the "
        f"predictor is better than the Gaussian process for {wins} of {nets} networks. Right: a point for "
        "each network, bars at the means.",
        f"Left, points against a dashed diagonal, {wins} of {nets} above it. Right, means by predictor: "
        f"{told}.",
    )


def order(curve: xr.Dataset) -> Drawing:
    """Order parameters of the theory above those of trained weights, for a few networks."""
    nets = curve.sizes["net"]
    figure, *panels = new(rows=2, cols=nets, width=7.2, height=2.45 * 2)
    names = _paths(curve)
    for column in range(nets):
        for row, (matrix, what) in enumerate((("order", "theory"), ("trained_order", "trained"))):
            axes = panels[row * nets + column]
            entries = curve[matrix].isel(net=column).values
            squares(axes, entries, names, f"network {int(curve['net'][column])}, {what}")
            axes.tick_params(labelsize=5.5 if len(names) <= 16 else 3, rotation=0, length=0, pad=1)
    found, null = (float(curve[name].mean()) for name in ("correlation", "null_mean"))
    return Drawing(
        figure,
        f"{_of(curve)}: order parameters of the "
        f"theory at width {int(curve.attrs['judged_width'])} (top) and overlaps of "
        "the trained networks' effective weights (bottom), each scaled to its own largest entry; rows and "
        "columns are paths, named by their head in each layer, area is size, vermilion is negative. "
        f"Their entries correlate by {found:.2f} on average here, against {null:.2f} on average over "
        "relabellings of heads.",
        f"{nets} columns of two matrices of squares each. Large squares stand in the same places above and "
        f"below; mean correlation {found:.2f}.",
    )


def scores(curve: xr.Dataset) -> Drawing:
    """Loss of accuracy by pruning a head against its score."""
    figure, *panels = new(cols=2, width=7.2, height=3.1)
    left, right = panels
    heads, layers = int(curve.attrs["heads"]), int(curve.attrs["layers"])
    for layer in range(layers):
        one = curve.isel(position=slice(layer * heads, (layer + 1) * heads))
        left.plot(
            one["score"].values.ravel(),
            one["drop"].values.ravel(),
            MARKERS[layer],
            color=PALETTE[SERIES[layer]],
            ms=4,
            alpha=0.6,
            label=f"layer {layer + 1}",
        )
    left.set_xlabel("score, the largest of a network being 1")
    left.set_ylabel("accuracy lost with the head")
    left.legend()
    found = curve["correlation"].values
    right.hist(found[np.isfinite(found)], bins=np.linspace(-1, 1, 21).tolist(), color=PALETTE["c0"])
    right.axvline(float(found.mean()), color=PALETTE["ink"], lw=1.2, ls="--")
    right.set_xlabel("rank correlation over a network's heads")
    right.set_ylabel("networks")
    right.yaxis.set_major_locator(MaxNLocator(integer=True))
    rival = float(curve["gradient_correlation"].mean())
    return Drawing(
        figure,
        f"{_of(curve)}: accuracy that trained "
        f"networks lose without a head, against the head's score from the theory. "
        f"Within a network the rank correlation is {found.mean():.2f} on average (dashed), from "
        f"{found.min():.2f} to {found.max():.2f} over {len(found)} networks. That of the "
        f"first-order effect of a head's gate on the loss is {rival:.2f} on average, "
        f"{_compared(rival, float(found.mean()))}.",
        "Left, points by layer that rise with the score. Right, a histogram of rank correlations, mean "
        f"{found.mean():.2f}.",
    )


def pruning(curve: xr.Dataset) -> Drawing:
    """Accuracy over the number of pruned heads, by order of pruning."""
    figure, *panels = new(height=3.5)
    axes = panels[0]
    steps = np.arange(curve.sizes["step"])
    for place, (name, (label, colour, line)) in enumerate(ORDERS.items()):
        one = curve.sel(order_of_pruning=name)
        mean, half = one["accuracy"].values, one["accuracy_half"].values
        axes.plot(
            steps, mean, line, marker=MARKERS[place], ms=3.5, lw=1.3, color=PALETTE[colour], label=label
        )
        if name in BANDS:
            axes.fill_between(steps, mean - half, mean + half, color=PALETTE[colour], alpha=0.16, lw=0)
    axes.set_xlabel("heads pruned")
    axes.set_ylabel("accuracy")
    axes.set_xticks(steps)
    axes.legend(title="pruned in order of", ncols=2, alignment="left", loc="lower left")
    gain = {name: float(curve["gain"].sel(order_of_pruning=name)) for name in ("theory", "gradient")}
    half_way = int(curve.attrs["layers"]) * int(curve.attrs["heads"]) // 2
    at = curve["accuracy"].isel(step=min(half_way, len(steps) - 1))
    told = ", ".join(
        f"{label} {float(at.sel(order_of_pruning=name)):.2f}" for name, (label, *_) in ORDERS.items()
    )
    return Drawing(
        figure,
        f"{_of(curve)}: accuracy of trained "
        f"networks on test episodes as heads are pruned without retraining, one head of "
        "each layer being kept: means over networks, with 99 % intervals for the theory's order and for the "
        f"mean over {int(curve.attrs['random_orders'])} random ones, each alone, while the claim is on their "
        f"differences within networks. With {half_way} heads pruned: {told}. Over all removals the theory's "
        f"order gains {gain['theory']:.3f} on random ones and the gradient's {gain['gradient']:.3f}, "
        f"{_compared(gain['gradient'], gain['theory'])}.",
        f"Falling curves by order of pruning; with {half_way} heads pruned: {told}.",
    )


def _of(curve: xr.Dataset) -> str:
    """How a caption begins: the architecture, which is one of those judged."""
    return f"Networks of {curve.attrs['architecture']}, an architecture that is judged by itself"


def _compared(rival: float, own: float) -> str:
    """What a rival's number is beside the theory's."""
    return "more than the theory's" if rival > own else "no more than the theory's"


def _paths(curve: xr.Dataset) -> list[str]:
    """Names of the paths: their head in each layer, counted from 1."""
    shape = (int(curve.attrs["heads"]),) * int(curve.attrs["layers"])
    return ["".join(str(head + 1) for head in path) for path in np.ndindex(*shape)]
