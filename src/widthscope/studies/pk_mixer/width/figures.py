"""Figures of the family `width`: accuracy over the effective width, a line for each arm."""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from widthscope.plotting import MARKERS, PALETTE, Drawing, new, width_axis
from widthscope.possible_values import limit
from widthscope.studies.pk_mixer.width.arms import LABELS

COLOURS = {
    "sparse": "c0",
    "sparse-frozen": "c0",
    "one-layer": "c4",
    "mixer": "c0",
    "permuted": "c1",
    "mixer-frozen": "c0",
    "permuted-frozen": "c1",
    "unmixed": "c7",
    "permuted-sparse-ends": "c4",
    "mixer-isolated": "c4",
}
"""One colour for each kind of network; what is frozen is dashed."""

SHOWN = ("mixer", "permuted", "mixer-frozen", "permuted-frozen", "unmixed", "permuted-sparse-ends")
"""Arms of the isolated design that are drawn."""

Arms = Mapping[str, xr.Dataset]


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    found = {
        name: {arm: node.to_dataset() for arm, node in fit[f"/curves/width-{name}"].children.items()}
        for name in ("sparse", "standard", "isolated", "parameters")
    }
    return {
        "width-sparse": sparse(found["sparse"]),
        "width-standard": standard(found["standard"]),
        "width-fixed-counts": fixed_counts(found["isolated"], found["parameters"]),
    }


def sparse(arms: Arms) -> Drawing:
    """Accuracies of tests and of training at a fixed number of connections, sparse networks."""
    figure, *panels = new(cols=2, width=7.2, height=3.6)
    left, right = panels
    for axes, quantity, label in (
        (left, "test_accuracy", "test accuracy"),
        (right, "train_accuracy", "accuracy on the training set"),
    ):
        _lines(axes, arms, {name: LABELS[name] for name in arms}, quantity, label)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    first = arms["sparse"]
    return Drawing(
        figure,
        f"Accuracy of sparse networks with a fixed number of connections over their width m, {_run(first)} "
        "Beside them the same with frozen mixing layers, which are the control, without any, and with one "
        "hidden layer between a sparse stem and head with few weights.",
        f"Two panels over the width. {_said(arms, tuple(arms))}",
    )


def standard(arms: Arms) -> Drawing:
    """The standard design: trained, frozen and no mixing layers."""
    figure, *panels = new(cols=2, width=7.2, height=3.4)
    left, right = panels
    for kind, axes in (("mixer", left), ("permuted", right)):
        names = {kind: "mixing trained", f"{kind}-frozen": "mixing frozen", "unmixed": "no mixing layers"}
        _lines(axes, arms, names, "test_accuracy", "test accuracy")
        axes.set_title(LABELS[kind])
    _same_height(left, right)
    keys = [  # of both panels, whose colours differ
        Line2D([], [], color=PALETTE["ink"], ls=line, marker=marker, label=label)
        for line, marker, label in zip(("-", "--", "-"), MARKERS, names.values(), strict=False)
    ]
    figure.legend(handles=keys, loc="outside lower center", ncols=3, handlelength=3)
    first = arms["mixer"]
    said = ("mixer", "mixer-frozen", "permuted", "permuted-frozen", "unmixed")
    return Drawing(
        figure,
        "Test accuracy at a fixed number of connections over the effective width $m = SC$, with a trained "
        f"stem and head, which grow with it, {_run(first)} {_HOLLOW}",
        f"Two panels over the effective width. {_said(arms, said)}",
    )


def fixed_counts(connections: Arms, parameters: Arms) -> Drawing:
    """The isolated design, at fixed connections and at fixed free parameters."""
    figure, *panels = new(cols=2, width=7.2, height=3.9)
    left, right = panels
    for axes, arms, title in (
        (left, connections, "fixed connections"),
        (right, parameters, "fixed free parameters"),
    ):
        names = {name: LABELS[name] for name in SHOWN if name in arms}
        _lines(axes, arms, names, "test_accuracy", "test accuracy")
        axes.set_title(title)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    said = ("mixer", "permuted")
    return Drawing(
        figure,
        "Test accuracy over the effective width $m = SC$ where only the mixing layers depend on it. Left, a "
        f"fixed number of connections, with skip connections: {_run(connections['mixer'])} Right, a fixed "
        f"number of free parameters, without: {_run(parameters['mixer'])} {_HOLLOW}",
        f"Two panels over the effective width. Fixed connections: {_said(connections, said)} Fixed free "
        f"parameters: {_said(parameters, said)}",
    )


_HOLLOW = "Lines join shapes with at most as many tokens as channels; hollow marks have more."


def _lines(axes: Axes, arms: Arms, names: Mapping[str, str], quantity: str, label: str) -> None:
    """One line with intervals for each of the arms, which are named as in the legend."""
    widths: set[int] = set()
    for place, (name, title) in enumerate(names.items()):
        curve, colour = arms[name], PALETTE[COLOURS[name]]
        x, y = curve["width"].values, curve[quantity].values
        half = curve[f"{quantity}_half"].values
        tall = curve["tokens"].values > curve["channels"].values
        marker = MARKERS[place]
        line = "--" if name.endswith("-frozen") else "-"
        axes.errorbar(x[~tall], y[~tall], half[~tall], color=colour, ls=line, marker=marker, label=title)
        if tall.any():
            shift = x[tall] * 1.03  # beside the shape with S and C exchanged, which has the same width
            axes.errorbar(
                shift, y[tall], half[tall], color=colour, ls="", marker=marker, mfc=PALETTE["paper"], mew=1.0
            )
        widths |= {int(width) for width in x}
    width_axis(axes, _apart(sorted(widths)), "effective width $m$")
    axes.set_ylabel(label)
    limit(axes, 0, 1)


def _apart(widths: Sequence[int]) -> list[int]:
    """Widths that are far enough apart for a tick each."""
    kept: list[int] = []
    for width in reversed(widths):
        if not kept or kept[-1] / width > 1.25:
            kept.append(width)
    return kept[::-1]


def _same_height(*panels: Axes) -> None:
    """The same range of accuracies in all panels."""
    low = min(axes.get_ylim()[0] for axes in panels)
    high = max(axes.get_ylim()[1] for axes in panels)
    for axes in panels:
        axes.set_ylim(low, high)


def _run(curve: xr.Dataset) -> str:
    """Of what the means are, for captions."""
    attrs = curve.attrs
    return (
        f"means over {attrs['seeds']} seeds with 99 % intervals; {attrs['train']} images are trained on, "
        f"standardised, with noise of deviation {attrs['noise']:g}."
    )


def _said(arms: Arms, names: Sequence[str]) -> str:
    """Each arm's accuracies at the narrowest and the widest network, in words."""
    said = []
    for name in names:
        accuracy = np.asarray(arms[name]["test_accuracy"].values, dtype=float)
        widths = arms[name]["width"].values
        if np.isfinite(accuracy[[0, -1]]).all():
            said.append(
                f"{LABELS[name]} {accuracy[0]:.3f} at m = {int(widths[0])}, {accuracy[-1]:.3f} at "
                f"{int(widths[-1])}"
            )
    return f"Test accuracies: {'; '.join(said)}."
