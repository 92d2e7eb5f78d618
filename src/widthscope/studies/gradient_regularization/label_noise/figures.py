"""Figure of the family `label_noise`."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from widthscope.plotting import PALETTE, Drawing, new

COLOURS = {"double": "c7", "forward": "c0", "backward": "c1"}
MARKS = {"forward": "o", "backward": "s"}
CALLED = {
    "double": "double backpropagation",
    "forward": "forward difference",
    "backward": "backward difference",
}
SHIFT = {"forward": -0.01, "backward": 0.01}
"""Of a point to the side, relative to its ascent, so that intervals can be told apart."""

TITLES = {"relu": "ReLU", "tanh": "tanh"}

Curves = Mapping[str, xr.Dataset]
"""By method."""


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    nodes = fit["/curves/label-noise"].children
    found = {
        activation: {method: nodes[f"{activation}-{method}"].to_dataset() for method in COLOURS}
        for activation in TITLES
    }
    return {"label-noise-ascents": ascents(found)}


def ascents(activations: Mapping[str, Curves]) -> Drawing:
    """Accuracy and cross-entropy over the ascent, less those of SGD."""
    figure, *panels = new(rows=2, cols=2, height=5.2, sharex=True)
    for column, (activation, curves) in enumerate(activations.items()):
        upper, lower = panels[column], panels[2 + column]
        for axes, name in ((upper, "accuracy"), (lower, "cross_entropy")):
            _draw(axes, curves, name)
        upper.set_title(TITLES[activation])
        lower.set_xlabel("ascent $\\epsilon$")
    panels[0].set_ylabel("accuracy less SGD's, points")
    panels[2].set_ylabel("cross-entropy less SGD's, nats")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    said = "; ".join(f"{TITLES[name]}: {_said(curves)}" for name, curves in activations.items())
    first = next(iter(next(iter(activations.values())).values()))
    sizes = (
        f"{first.attrs['train']} training images, {100 * first.attrs['random_labels']:g} % of the labels "
        f"drawn at random, strength {first.attrs['strength']:g}"
    )
    return Drawing(
        figure,
        "Gradient regularisation by forward and backward differences over the length of their ascent, beside "
        "double backpropagation, which has none: test accuracy (above) and test cross-entropy (below) less "
        f"those of plain SGD, means over seeds paired with SGD, 99 % intervals; {sizes}. At the longest "
        f"ascent, {said}.",
        "Four panels of differences from plain SGD over the ascent, with ReLU and with tanh. At the longest, "
        f"{said}.",
    )


def _draw(axes: Axes, curves: Curves, name: str) -> None:
    """One quantity of one activation."""
    axes.axhline(0.0, color=PALETTE["muted"], lw=0.8)
    double, colour = curves["double"], PALETTE[COLOURS["double"]]
    mean, half = (float(double[of].values[0]) for of in (name, f"{name}_half"))
    axes.axhspan(mean - half, mean + half, color=PALETTE["band"], lw=0)
    axes.axhline(mean, color=colour, label=CALLED["double"])
    for method, mark in MARKS.items():
        curve = curves[method]
        axes.errorbar(
            curve["ascent"] * (1.0 + SHIFT[method]),
            curve[name],
            yerr=curve[f"{name}_half"],
            color=PALETTE[COLOURS[method]],
            marker=mark,
            label=CALLED[method],
        )


def _said(curves: Curves) -> str:
    """Means at the longest ascent, and how many seeds there are."""
    parts = []
    for method, curve in curves.items():
        last = curve.isel(ascent=-1)
        values = [float(last[name]) for name in ("accuracy", "cross_entropy")]
        if np.isfinite(values).all():
            parts.append(f"{CALLED[method]} {values[0]:+.2f} points and {values[1]:+.3f} nats")
        else:
            parts.append(f"{CALLED[method]} diverged with some seed")
    seeds = int(curves["double"]["accuracy_seeds"].values[0])
    fewest = min(int(curve["accuracy_seeds"].min()) for curve in curves.values())
    beside = "" if fewest == seeds else f", {fewest} at ascents that are not judged"
    return f"{', '.join(parts)} ({seeds} seeds{beside})"
