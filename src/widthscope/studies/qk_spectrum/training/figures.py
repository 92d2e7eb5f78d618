"""Figures of the family `training`."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from widthscope.plotting import PALETTE, Drawing, new, shades

ARM_LABELS = {"walk": "random walks", "iid": "independent tokens"}
CLOUDS = {
    "before": ("at the start", "c7"),
    "walk": ("trained on random walks", "c0"),
    "iid": ("trained on independent tokens", "c1"),
}


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    return {
        "training-scores": scores(fit["/curves/training-scores"].to_dataset()),
        "training-eigenvalues": eigenvalues(fit["/curves/training-eigenvalues"].to_dataset()),
        "training-attention": attention(fit["/curves/training-attention"].to_dataset()),
    }


def scores(curve: xr.Dataset) -> Drawing:
    """Trace score over its largest value, concentration and norm along the training, by width and arm."""
    figure, *panels = new(cols=3, width=7.2, height=3.2)
    shown = {"trace_score": "trace score $z$", "concentration": "concentration $\\kappa$"}
    widths = [int(width) for width in curve["width"].values]
    picked = {arm: _colours(arm, len(widths)) for arm in ARM_LABELS}
    columns = {**shown, "log_frobenius": "norm $\\|W\\|_F$"}
    for axes, (name, label) in zip(panels, columns.items(), strict=True):
        power = np.exp if name == "log_frobenius" else np.asarray
        for arm in ARM_LABELS:
            for width, colour in zip(widths, picked[arm], strict=True):
                series = curve.sel(arm=arm, width=width)
                mean, half = series[name].values, series[f"{name}_half"].values
                axes.plot(
                    series["step"],
                    power(mean),
                    color=colour,
                    linestyle="-" if arm == "walk" else "--",
                    label=f"$d = {width}$" if arm == "walk" else None,
                )
                low, high = power(mean - half), power(mean + half)
                axes.fill_between(series["step"], low, high, color=colour, alpha=0.2, lw=0)
        axes.set_xlabel("updates")
        axes.set_title(label)
    panels[0].axhline(1.96, color=PALETTE["muted"], linewidth=0.8, linestyle=":")
    panels[1].set_ylim(-0.03, 1.03)
    panels[2].set_yscale("log")
    panels[1].legend(loc="center right")
    ends = {arm: curve.sel(arm=arm, width=widths[-1]).isel(step=-1) for arm in ARM_LABELS}
    return Drawing(
        figure,
        "The spectrum of $W$ along the training, means over seeds (of logarithms for the norm) with 99 % "
        "bands: solid on random walks (stronger colour: wider), dashed on independent tokens whose mean "
        "is to be predicted. There the trace score (left; dotted: 1.96) stays near 0 while the norm "
        "(right) decays.",
        f"Three panels against the number of updates, by width {widths} and arm. At width {widths[-1]} the "
        f"trace score ends at {float(ends['walk']['trace_score']):.1f} on random walks and at "
        f"{float(ends['iid']['trace_score']):.1f} on independent tokens, the concentration at "
        f"{float(ends['walk']['concentration']):.2f} and {float(ends['iid']['concentration']):.2f}, the norm "
        "at "
        f"{np.exp(float(ends['walk']['log_frobenius'])):.2g} and "
        f"{np.exp(float(ends['iid']['log_frobenius'])):.2g}.",
    )


def eigenvalues(clouds: xr.Dataset) -> Drawing:
    """Eigenvalues before and after training, over the edge of the law at initialisation."""
    figure, *panels = new(cols=3, width=7.2, height=2.9, sharex=True, sharey=True)
    circle = np.linspace(0, 2 * np.pi, 200)
    for axes, (name, (title, colour)) in zip(panels, CLOUDS.items(), strict=True):
        cloud = clouds.sel(cloud=name)
        axes.plot(np.cos(circle), np.sin(circle), color=PALETTE["muted"], linewidth=0.8, linestyle="--")
        axes.scatter(cloud["real"], cloud["imaginary"], s=4, color=PALETTE[colour], alpha=0.5, linewidths=0)
        axes.set_aspect("equal")
        axes.set_title(title, fontsize=8.5)
        axes.set_xlabel("Re $\\lambda$ / edge")
    panels[0].set_ylabel("Im $\\lambda$ / edge")
    mean = {name: float(clouds["real"].sel(cloud=name).mean()) for name in CLOUDS}
    return Drawing(
        figure,
        f"Eigenvalues of $W$ at width {int(clouds.attrs['width'])}, all seeds in one panel, over the edge "
        "(dashed) that the law at initialisation has at the same norm. Training on random walks gathers them "
        "around a positive mean; training on independent tokens gives them none.",
        "Three panels of the complex plane with a unit circle. The mean real part, in units of the edge, is "
        f"{mean['before']:.2f} before training, {mean['walk']:.2f} after training on random walks and "
        f"{mean['iid']:.2f} after training on independent tokens.",
    )


def attention(curve: xr.Dataset) -> Drawing:
    """Attention of the last token by lag, before and after training, and its entropy along the training."""
    figure, *panels = new(cols=2, height=3.2)
    left, right = panels
    colours = {"walk": PALETTE["c0"], "iid": PALETTE["c1"]}
    for arm, label in ARM_LABELS.items():
        for end, style in {"before": "--", "after": "-"}.items():
            _bars(left, curve.sel(arm=arm, end=end), colours[arm], style, f"{label}, {end}")
        series = curve.sel(arm=arm)
        half = series["entropy_half"]
        right.plot(series["step"], series["entropy"], color=colours[arm], label=label)
        right.fill_between(
            series["step"],
            series["entropy"] - half,
            series["entropy"] + half,
            color=colours[arm],
            alpha=0.2,
            lw=0,
        )
    left.axhline(1 / curve.sizes["lag"], color=PALETTE["muted"], linewidth=0.8, linestyle=":")
    left.xaxis.set_major_locator(MaxNLocator(integer=True))
    left.set_xlabel("lag of the token attended to")
    left.set_title("attention of the last token")
    left.legend()
    right.set_xlabel("updates")
    right.set_ylim(0, 1.03)
    right.set_title("attention entropy over log $T$")
    right.legend()
    last = curve["attention"].sel(lag=0, end="after")
    return Drawing(
        figure,
        f"Attention at width {int(curve.attrs['width'])}, means over seeds with 99 % intervals. Left: by lag "
        "before (dashed) and after training; dotted is uniform attention. Right: its entropy along the "
        "training.",
        "Left panel: attention against lag; after training the token itself gets "
        f"{float(last.sel(arm='walk')):.2f} on random walks and {float(last.sel(arm='iid')):.3f} on "
        "independent tokens. Right panel: entropy against updates, ending at "
        f"{float(curve['entropy'].sel(arm='walk').isel(step=-1)):.2f} and "
        f"{float(curve['entropy'].sel(arm='iid').isel(step=-1)):.2f}.",
    )


def _bars(axes: Axes, series: xr.Dataset, colour: str, linestyle: str, label: str) -> None:
    axes.errorbar(
        series["lag"],
        series["attention"],
        yerr=series["attention_half"],
        color=colour,
        linestyle=linestyle,
        marker="o",
        markersize=2.5,
        linewidth=1.2,
        label=label,
    )


def _colours(arm: str, count: int) -> list[str]:
    """From faint to strong for the walk arm; one colour for the control."""
    return shades(count) if arm == "walk" else [PALETTE["c1"]] * count
