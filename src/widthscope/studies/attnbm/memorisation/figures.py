"""Figures of the family `memorisation`."""

import numpy as np
import xarray as xr

from widthscope.plotting import MARKERS, PALETTE, SERIES, Drawing, new, width_axis
from widthscope.studies.attnbm.pictures import BELOW, strip

ACROSS = 12
"""Hidden units in a row of the figure of patterns."""


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    return {
        "memorisation-plateau": plateau(fit),
        "memorisation-hidden": hidden(fit),
        "memorisation-loss": loss(fit["/curves/memorisation-loss"].to_dataset()),
        "memorisation-fields": fields(fit["/curves/memorisation-fields"].to_dataset()),
    }


def plateau(fit: xr.DataTree) -> Drawing:
    """Where training ends against the formula, and how the difference shrinks."""
    curves = {name: node.to_dataset() for name, node in fit["/curves/memorisation-plateau"].children.items()}
    figure, *panels = new(cols=2, height=3.2)
    left, right = panels
    for place, curve in enumerate(curves.values()):
        colour, marker = PALETTE[SERIES[place]], MARKERS[place]
        label = f"N={curve.attrs['pixels']}, H={curve.attrs['hidden']}"
        left.plot(curve["formula"], curve["reached"], marker, color=colour, label=label)
        sizes = np.maximum(curve["difference"].values, 1e-13)
        right.plot(curve["epoch"], np.exp(np.log(sizes).mean(0)), color=colour, label=label)
    ends = [float(left.dataLim.x0), float(left.dataLim.x1)]
    left.plot(ends, ends, color=PALETTE["muted"], linewidth=0.8)
    first = next(iter(curves.values()))
    left.axhline(float(first["log_p"]), color=PALETTE["muted"], linestyle=":", label="$\\log P$")
    left.set(xlabel="formula from the orders, nats", ylabel="mean NLL reached, nats")
    left.legend()
    right.set(xlabel="passes on all patterns at once", ylabel="$|NLL - NLL^*|$, nats", yscale="log")
    worst = max(float(np.nanmax(curve["difference"].isel(epoch=-1))) for curve in curves.values())
    return Drawing(
        figure,
        f"Left: the mean NLL at which gradient descent ends on {first.attrs['patterns']} orthogonal "
        "patterns, one mark for each seed, against the formula that knows only how many patterns each "
        "component owns. Right: geometric mean over seeds of the difference, once minibatches are over; the "
        f"largest at the end is {worst:.1g} nats.",
        "Left, marks on the diagonal, all above a dotted line at log P. Right, falling curves on a "
        "logarithmic axis.",
    )


def hidden(fit: xr.DataTree) -> Drawing:
    """Memorised share and mean NLL over the number of hidden units."""
    figure, *panels = new(cols=2, height=3.4)
    left, right = panels
    names = {"free": "independent hidden units", "copied": "copies of the smallest number"}
    for place, (kind, label) in enumerate(names.items()):
        curve = fit[f"/curves/memorisation-hidden/{kind}"].to_dataset()
        for axes, name in ((left, "memorised"), (right, "nll")):
            colour = PALETTE[SERIES[place]]
            axes.errorbar(
                curve["hidden"],
                curve[name],
                curve[f"{name}_half"],
                color=colour,
                marker=MARKERS[place],
                label=label,
            )
    free = fit["/curves/memorisation-hidden/free"].to_dataset()
    right.axhline(float(free["log_p"]), color=PALETTE["muted"], linestyle=":")
    for axes in (left, right):
        width_axis(axes, [int(count) for count in free["hidden"]], "hidden units $H$")
    left.set(ylabel="share of patterns memorised", ylim=(-0.03, 1.03))  # bands of few seeds go further
    right.set(ylabel="mean NLL, nats")
    left.legend(fontsize=7, **BELOW)
    right.text(0.02, 0.02, "$\\log P$", transform=right.transAxes, fontsize=8, color=PALETTE["muted"])
    shares = free["memorised"].values
    return Drawing(
        figure,
        f"Patterns memorised of {free.attrs['patterns']}, and the mean NLL, over the number of hidden "
        f"units: means over {free.attrs['seeds']} seeds with 99 % intervals. The share goes from "
        f"{shares[0]:.2f} to {shares[-1]:.2f}; copies are hidden units that start as others do.",
        f"Left, the share of memorised patterns goes from {shares[0]:.2f} to {shares[-1]:.2f} with "
        "independent hidden units, beside a curve for copies. Right, the NLL above log P, for both.",
    )


def loss(curve: xr.Dataset) -> Drawing:
    """The loss curve at the published sizes, with its floors."""
    figure, *panels = new(height=3.2)
    axes = panels[0]
    epochs, nll, half = curve["epoch"].values, curve["nll"].values, curve["nll_half"].values
    axes.plot(epochs, nll, color=PALETTE["c0"], label="mean NLL")
    axes.fill_between(epochs, nll - half, nll + half, color=PALETTE["c0"], alpha=0.25, linewidth=0)
    floors = {
        "formula": ("plateau of the last orders", "c1", "--"),
        "log_p": ("$\\log P$", "muted", ":"),
    }
    for name, (label, colour, style) in floors.items():
        axes.axhline(float(curve[name]), color=PALETTE[colour], linestyle=style, label=label)
    axes.set(xlabel="epoch", ylabel="nats", yscale="log")
    batch = curve.attrs["batch"]
    metric = axes.secondary_yaxis("right", functions=(lambda y: y / batch, lambda y: y * batch))
    metric.set_ylabel(f"as published: NLL / {batch}")
    axes.legend()
    sizes = f"{curve.attrs['patterns']} orthogonal patterns, {curve.attrs['hidden']} hidden units"
    return Drawing(
        figure,
        f"Loss of gradient descent at the sizes of the published run, {sizes}; mean over "
        f"{curve.attrs['seeds']} seeds with a 99 % band. After {int(epochs[-1])} epochs it is {nll[-1]:.1f} "
        f"nats; its merged states would stop at {float(curve['formula']):.1f}; the "
        f"optimum, log P, is {float(curve['log_p']):.2f}, and training that starts at the patterns stays at "
        f"{float(curve['from_patterns']):.2f}.",
        f"A curve that falls from {nll[0]:.0f} to {nll[-1]:.1f} nats, above a dashed line at "
        f"{float(curve['formula']):.1f} and a dotted one at {float(curve['log_p']):.2f}.",
    )


def fields(shown: xr.Dataset) -> Drawing:
    """The longest hidden units, how many images each owns, and the image nearest to each."""
    count = shown.sizes["unit"]
    rows = -(-count // ACROSS)
    figure, *panels = new(rows=2 * rows, height=0.2 + 1.1 * rows)
    for row in range(rows):
        units = slice(row * ACROSS, (row + 1) * ACROSS)
        orders = [str(order) for order in shown["order"].values[units]]
        strip(panels[2 * row], shown["field"].values[units], orders, "hidden unit")
        strip(panels[2 * row + 1], shown["nearest"].values[units], name="nearest image")
    single = int((shown["order"] == 1).sum())
    several = int((shown["order"] > 1).sum())
    return Drawing(
        figure,
        f"The {count} longest hidden units of one machine trained on {shown.attrs['patterns']} digits "
        "whitened across images, with the number of images that each owns; below each, the training image "
        f"nearest to it in angle. {single} own one image, {several} own several.",
        f"{rows} double rows of small grey images: hidden units above, training images below.",
    )
