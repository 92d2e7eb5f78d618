"""Figures of the family `stability`."""

import numpy as np
import xarray as xr

from widthscope.plotting import PALETTE, Drawing, new
from widthscope.possible_values import limit
from widthscope.studies.gradient_regularization.arms import called

COLOURS = {"plain": "c7", "double": "c2", "forward": "c0", "backward": "c1"}
SPREAD = 0.2
"""Half the width of a cloud of seeds, in distances between arms."""

DATA = {"digits": "digits", "cifar10": "images of CIFAR-10", "cifar100": "images of CIFAR-100"}


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    return {
        "stability-failures": failures(fit["/curves/stability-failures"].to_dataset()),
        "stability-clean": clean(fit["/curves/stability-clean"].to_dataset()),
    }


def failures(curve: xr.Dataset) -> Drawing:
    """Share of failed trainings over the ascent step."""
    figure, *panels = new(height=3.2)
    axes = panels[0]
    for method in ("forward", "backward"):
        own = curve.isel(arm=np.flatnonzero(curve["method"].values == method))
        share = own["share"].values
        axes.errorbar(
            own["ascent"],
            share,
            yerr=np.clip([share - own["low"].values, own["high"].values - share], 0, None),
            color=PALETTE[COLOURS[method]],
            marker="o",
            label=called(method),
        )
    for method, style in (("double", "--"), ("plain", ":")):
        level = float(curve["share"].values[curve["method"].values == method][0])
        axes.axhline(level, color=PALETTE[COLOURS[method]], ls=style, label=called(method))
    axes.set_xscale("log")
    axes.set_xlabel("ascent step $\\varepsilon$")
    axes.set_ylabel("share of seeds that fail")
    limit(axes, 0.0, 1.0)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    attrs, said = curve.attrs, _said(curve, "share", "{:.2f}")
    return Drawing(
        figure,
        f"Share of trainings that fail under a penalty of strength {attrs['strength']:g}, over the ascent "
        f"step, of {attrs['seeds']} seeds with exact 99 % intervals ({attrs['train']} "
        f"{DATA[attrs['dataset']]} with true labels, {attrs['steps']} updates): {said}. Lines without marks: "
        "methods without an ascent step.",
        f"Share of failed trainings over the ascent step, a curve each for F-GR and B-GR and two level "
        f"lines: {said}.",
    )


def clean(curve: xr.Dataset) -> Drawing:
    """Accuracy less that of SGD, every seed, by arm."""
    figure, *panels = new(height=3.2)
    axes = panels[0]
    labels = [
        called(str(m), float(a)) for m, a in zip(curve["method"].values, curve["ascent"].values, strict=True)
    ]
    for place, method in enumerate(curve["method"].values):
        colour = PALETTE[COLOURS[str(method)]]
        values = curve["difference"].isel(arm=place).values
        axes.plot(
            place + np.linspace(-SPREAD, SPREAD, len(values)), values, "o", color=colour, ms=3, alpha=0.5
        )
        mean, half = (float(curve[name].isel(arm=place)) for name in ("mean", "mean_half"))
        axes.errorbar([place + 0.32], [mean], yerr=[half], color=colour, marker="D", ls="none")
    axes.axhline(0.0, color=PALETTE["muted"], lw=0.8)
    axes.set_xticks(range(len(labels)), labels, rotation=20, ha="right")
    axes.set_ylabel("accuracy less SGD's, points")
    attrs, said = curve.attrs, _said(curve, "mean", "{:+.2f}")
    return Drawing(
        figure,
        f"Test accuracy less that of SGD, paired by seed, in percentage points, with true labels "
        f"({attrs['train']} {DATA[attrs['dataset']]}, strength {attrs['strength']:g}; SGD reaches "
        f"{100 * attrs['plain']:.1f} %). Points: {attrs['seeds']} seeds; diamonds: means with 99 % "
        f"intervals. Means: {said}.",
        f"Differences of accuracy to SGD, one column of points for each method. Means: {said}.",
    )


def _said(curve: xr.Dataset, name: str, form: str) -> str:
    """Each arm with its value; one that is not a number says so."""
    parts = []
    for place, (method, ascent) in enumerate(
        zip(curve["method"].values, curve["ascent"].values, strict=True)
    ):
        value = float(curve[name].isel(arm=place))
        number = form.format(value) if np.isfinite(value) else "not measured, for a training that diverged"
        parts.append(f"{called(str(method), float(ascent))} {number}")
    return "; ".join(parts)
