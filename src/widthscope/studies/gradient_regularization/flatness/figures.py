"""Figure of the family `flatness`."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from widthscope.plotting import PALETTE, Drawing, new

QUANTITIES = {"squared_gradient": ("squared gradient norm", "c0"), "trace": ("Hessian trace", "c1")}
TITLES = {"tanh": "tanh", "relu": "ReLU"}
SPREAD = 0.12
"""Half the width of a cloud of seeds, in distances between arms."""

DATA = {"digits": "digits", "cifar10": "images of CIFAR-10"}


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    nodes = fit["/curves/flatness-ratios"].children
    return {"flatness-ratios": ratios({name: nodes[name].to_dataset() for name in TITLES})}


def ratios(curves: dict[str, xr.Dataset]) -> Drawing:
    """Log ratios of every seed to plain descent, for each method; a panel for each activation."""
    figure, *panels = new(cols=2, height=4.0)
    for axes, (activation, curve) in zip(panels, curves.items(), strict=True):
        _panel(axes, curve)
        axes.set_title(TITLES[activation])
    panels[0].set_ylabel("log ratio to SGD")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    said = {TITLES[name]: _said(curve) for name, curve in curves.items()}
    attrs = next(iter(curves.values())).attrs
    return Drawing(
        figure,
        f"Squared gradient norm and Hessian trace at a training loss of {attrs['loss']:g} nats, as "
        f"logarithms of their ratio to plain descent from the same weights, {attrs['seeds']} seeds "
        f"with means and 99 % intervals (full batches of {attrs['train']} {DATA[attrs['dataset']]}, "
        f"penalty of strength {attrs['strength']:g}). Means of the trace's: "
        + ". ".join(f"{name}: {words}" for name, words in said.items())
        + ".",
        "Two panels of points below and above a line at 0, by method. Means of the trace's log ratio: "
        + ". ".join(f"{name}: {words}" for name, words in said.items())
        + ".",
    )


def _panel(axes: Axes, curve: xr.Dataset) -> None:
    for shift, (quantity, (words, colour)) in zip((-0.2, 0.2), QUANTITIES.items(), strict=True):
        own = curve.sel(quantity=quantity)
        places = np.arange(own.sizes["arm"]) + shift
        for place, values in zip(places, own["log_ratio"].transpose("arm", "seed").values, strict=True):
            spread = place + np.linspace(-SPREAD, SPREAD, len(values))
            axes.plot(spread, values, "o", color=PALETTE[colour], ms=3, alpha=0.4)
        axes.errorbar(
            places,
            own["mean"],
            yerr=own["mean_half"],
            color=PALETTE[colour],
            marker="D",
            ls="none",
            label=words,
        )
    axes.axhline(0.0, color=PALETTE["muted"], lw=0.8)
    ticks = [str(words) for words in curve["label"].values]
    axes.set_xticks(range(len(ticks)), ticks, rotation=25, ha="right")


def _said(curve: xr.Dataset) -> str:
    means = curve["mean"].sel(quantity="trace").values
    return "; ".join(
        f"{words} {value:+.4f}" if np.isfinite(value) else f"{words} not measured"
        for words, value in zip(curve["label"].values, means, strict=True)
    )
