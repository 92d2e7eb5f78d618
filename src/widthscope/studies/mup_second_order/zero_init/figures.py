"""Figures of the family `zero_init`."""

import numpy as np
import xarray as xr

from widthscope.plotting import MARKERS, PALETTE, Drawing, new, width_axis

STARTS = {"zeros": "c0", "random": "c1"}
LABELS = {"same": "c0", "permuted": "c1"}


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    return {
        "zero-init-first-step": first_step(fit["/curves/zero-init-first-step"].to_dataset()),
        "zero-init-bias": bias(fit["/curves/zero-init-bias"].to_dataset()),
        "software-dual": dual(fit["/curves/software-dual"].to_dataset()),
    }


def first_step(curve: xr.Dataset) -> Drawing:
    """Distance of the first step from the limit of infinite width."""
    figure, *panels = new(height=3.3)
    axes = panels[0]
    widths = [int(width) for width in curve["width"].values]
    for place, (labels, colour) in enumerate(LABELS.items()):
        one = curve.sel(labels=labels)
        axes.errorbar(
            widths,
            one["distance"],
            one["distance_half"],
            marker=MARKERS[place],
            color=PALETTE[colour],
            lw=1.2,
            label={"same": "the same targets", "permuted": "permuted targets"}[labels],
        )
    last = float(curve["distance"].sel(labels="same")[-1])
    root = last * (widths[-1] / np.array(widths)) ** 0.5
    axes.plot(widths, root, color=PALETTE["ink"], lw=0.9, ls="--", label="$M^{-1/2}$")
    width_axis(axes, widths, "width $M$")
    axes.set_yscale("log")
    axes.set_ylabel("distance from the limit")
    axes.legend(title="limit's predictor of")
    slope, size, deviation = (float(curve.attrs[name]) for name in ("slope", "size", "deviation"))
    return Drawing(
        figure,
        "Root mean square distance, on digits that were not trained on, of one K-FAC step from a readout of "
        f"zeros from ridge regression with the kernel of infinite width, of size {size:.2f} itself: means "
        f"over seeds with 99 % intervals. It falls with the slope {slope:.2f} and reaches {last:.3f}. At any "
        f"one width the step is ridge regression with its own kernel, to {deviation:.0e}.",
        "Distance over the width on logarithmic axes: one series falls along a dashed line of slope minus "
        "one half, the other, of permuted targets, is level.",
    )


def bias(curve: xr.Dataset) -> Drawing:
    """Distances from the initial kernel's regression and changes of features, by readout and damping."""
    figure, *panels = new(cols=2, height=3.2)
    names = ("distance", "moved")
    titles = ("distance from regression", "change of $h_2$")
    for axes, name, title in zip(panels, names, titles, strict=True):
        for place, (start, colour) in enumerate(STARTS.items()):
            for at, damping in enumerate(("small", "large")):
                values = curve[name].sel(start=start, damping=damping).values
                axes.plot(
                    np.full(len(values), at + 0.16 * (2 * place - 1)),
                    values,
                    MARKERS[place],
                    color=PALETTE[colour],
                    ms=4,
                    label=f"{start}" if at == 0 else None,
                )
        axes.set_xticks([0, 1], [f"{float(curve.attrs[which]):g}" for which in ("small", "large")])
        axes.set_xlim(-0.6, 1.6)
        axes.set_yscale("log")
        axes.set_xlabel("damping $\\rho'_A$")
        axes.set_title(title)
    panels[0].legend(title="readout at the start")
    means = {
        (damping, start): float(curve["distance"].sel(start=start, damping=damping).mean())
        for damping in ("small", "large")
        for start in STARTS
    }
    return Drawing(
        figure,
        f"After {curve.attrs['steps']} K-FAC steps on the quadratic task at width {curve.attrs['width']}, "
        "one point for each seed. Left: distance of the outputs from ridge regression with the initial "
        f"kernel, over its size: {means['small', 'zeros']:.2f} from zeros and "
        f"{means['small', 'random']:.2f} from a random readout at small damping, "
        f"{means['large', 'zeros']:.2f} and {means['large', 'random']:.2f} at large. "
        "Right: root mean square change of the features.",
        "Two clouds of points at each damping. At small damping those that started from zeros lie far below "
        "the others in both panels; at large damping the distances lie together.",
    )


def dual(curve: xr.Dataset) -> Drawing:
    """Differences of the two ways to an update, beside those of a wrong damping."""
    figure, *panels = new(height=5.4)
    axes = panels[0]
    names = [str(name) for name in curve["case"].values]
    places = np.arange(len(names))
    axes.plot(curve["difference"], places, MARKERS[0], color=PALETTE["c0"], label="same damping")
    axes.plot(curve["wrong"], places, MARKERS[1], color=PALETTE["c1"], label="twice the damping")
    axes.axvline(1e-10, color=PALETTE["ink"], lw=0.9, ls="--")
    axes.set_yticks(places, names)
    axes.tick_params(axis="y", labelsize=6.5)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlabel("largest difference, relative")
    axes.legend(loc="center")
    worst, least = float(curve["difference"].max()), float(curve["wrong"].min())
    return Drawing(
        figure,
        "Updates by solves in the space of the batch against those by the factors themselves, in float64: "
        f"the largest difference is {worst:.0e}; of the factors with twice the damping at least {least:.2g}. "
        "The dashed line is the tolerance.",
        "Differences of thirty cases on a logarithmic axis: near rounding for the right damping, far above "
        "for a wrong one, a dashed line of tolerance between them.",
    )
