"""Figures of the family `locater`."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from widthscope.plotting import PALETTE, Drawing, new

COLOURS = {
    "none": "c7",
    "sham": "c3",
    "var": "c0",
    "scale": "c1",
    "target": "c4",
    "tr2": "c6",
    "init-scale": "c2",
}
DASHES = {"sham": ":", "scale": "--"}
"""Of arms that may lie upon another."""

LABELS = {
    "none": "no penalty",
    "sham": "placebo",
    "var": "var: keeps the mean",
    "scale": "scale: norm alone",
    "target": "target: fixed mean",
    "tr2": "tr2: unbounded",
    "init-scale": "small at the start",
}


FEW = 6
"""Below so many seeds each is drawn: an interval of so few is wider than all that it should bound."""


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    return {
        "locater-gains": gains(fit["/curves/locater-gains"].to_dataset()),
        "locater-runs": runs(fit["/curves/locater-runs"].to_dataset()),
    }


def gains(curve: xr.Dataset) -> Drawing:
    """What each arm gains over no penalty, seed by seed and on average, in loss and in attention entropy."""
    figure, *panels = new(cols=2, height=3.2, sharey=True)
    arms = [str(arm) for arm in curve["arm"].values]
    titles = {"loss": "gain in loss (nats)", "entropy": "gain in attention entropy"}
    for axes, (kind, title) in zip(panels, titles.items(), strict=True):
        axes.axvline(0, color=PALETTE["muted"], linewidth=0.8)
        for row, arm in enumerate(arms):
            for part, shift, face in (("test", -0.15, True), ("validation", 0.2, False)):
                _gain(axes, curve.sel(arm=arm, quantity=f"{part}_{kind}"), row + shift, COLOURS[arm], face)
        axes.set_title(title)
        axes.grid(axis="y", visible=False)
    panels[0].set_yticks(range(len(arms)), [LABELS[arm] for arm in arms])
    panels[0].yaxis.set_minor_locator(NullLocator())
    panels[0].invert_yaxis()
    shown = {
        arm: ", ".join(f"{float(curve['gain'].sel(arm=arm, quantity=f'test_{kind}')):.4f}" for kind in titles)
        for arm in arms
    }
    return Drawing(
        figure,
        "What each arm gains over a run without penalty from the same weights and data: filled on the test "
        "part, open on the validation part. Dots are seeds, bars 99 % intervals of their means. The placebo "
        f"rotates the heads' coordinates at the start, which changes no score. {_mean_kept(curve)} "
        f"Text: {curve.attrs['text']}.",
        "Two panels of paired differences by arm. Mean gain in loss and in entropy on the test part: "
        + "; ".join(f"{LABELS[arm]} {numbers}" for arm, numbers in shown.items())
        + ".",
    )


def runs(curve: xr.Dataset) -> Drawing:
    """Perplexity, attention entropy and concentration along the training, by arm."""
    figure, *panels = new(cols=3, width=7.2, height=3.2)
    arms = [str(arm) for arm in curve["arm"].values]
    columns = {
        "watched_loss": "perplexity",
        "watched_entropy": "attention entropy",
        "log_concentration": "concentration $\\kappa$",
    }
    few = int(curve.attrs["seeds"]) < FEW
    for axes, (name, title) in zip(panels, columns.items(), strict=True):
        for arm in arms:
            _along(axes, curve.sel(arm=arm), name, arm, few)
        axes.set_title(title)
        axes.set_xlabel("updates")
    drawn = "_seeds" if few else ""
    after = curve.isel(step=slice(curve.sizes["step"] // 3, None))[f"watched_loss{drawn}"].values
    panels[0].set_ylim(0.97 * np.exp(np.nanmin(after)), 1.03 * np.exp(np.nanmax(after)))
    panels[1].set_ylim(0, 1.03)
    panels[2].set_yscale("log")
    found = np.exp(curve[f"log_concentration{drawn}"].values)
    panels[2].set_ylim(max(1e-6, 0.2 * np.nanmin(found)), min(1.0, 5 * np.nanmax(found)))
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    last = curve.isel(step=-1)
    ends = "; ".join(
        f"{LABELS[arm]} {float(np.exp(last['watched_loss'].sel(arm=arm))):.2f}, "
        f"{float(last['watched_entropy'].sel(arm=arm)):.2f} and "
        f"{float(np.exp(last['log_concentration'].sel(arm=arm))):.2g}"
        for arm in arms
    )
    return Drawing(
        figure,
        "Perplexity and attention entropy on windows of the validation part, and the concentration of the "
        f"spectrum, along the training: means over the {curve.attrs['seeds']} seeds that all arms have (of "
        f"logarithms for the outer two) with {'each seed (thin)' if few else '99 % bands'}. "
        "The axis of perplexities leaves out the first fall, which all arms share. "
        f"Text: {curve.attrs['text']}.",
        f"Three panels against the number of updates. Perplexity, entropy and concentration end at: {ends}.",
    )


def _along(axes: Axes, series: xr.Dataset, name: str, arm: str, few: bool) -> None:
    """One arm's mean along the training with its band, within the possible range, or with its few seeds."""
    entropy, colour, step = name == "watched_entropy", PALETTE[COLOURS[arm]], series["step"].values
    power = np.asarray if entropy else np.exp
    mean, half = series[name].values, series[f"{name}_half"].values
    axes.plot(step, power(mean), color=colour, linestyle=DASHES.get(arm, "-"), label=LABELS[arm])
    if few:
        seeds = series[f"{name}_seeds"].transpose("step", "seed").values
        axes.plot(step, power(seeds), color=colour, alpha=0.35, linewidth=0.7)
        return
    largest = {"watched_entropy": 1.0, "log_concentration": 0.0}.get(name, np.inf)
    low, high = mean - half, np.minimum(mean + half, largest)
    axes.fill_between(step, power(low), power(high), color=colour, alpha=0.15, lw=0)


def _mean_kept(curve: xr.Dataset) -> str:
    """What the two penalties' losses say about keeping the mean, in a sentence."""
    value, half = float(curve["mean_kept"]), float(curve["mean_kept_half"])
    if value - half > 0:
        verdict = "higher: keeping the mean goes with a lower loss"
    elif value + half < 0:
        verdict = "lower: keeping the mean does not help"
    else:
        verdict = "so that keeping the mean helps is not shown"
    return (
        f"On the test part the loss with the penalty on the norm alone differs by {value:+.4f} ± {half:.4f} "
        f"from that with the mean kept, {verdict}."
    )


def _gain(axes: Axes, found: xr.Dataset, row: float, colour: str, filled: bool) -> None:
    """Seeds as faint dots, and their mean with its interval."""
    seeds = found["seeds"].values[np.isfinite(found["seeds"].values)]
    axes.plot(seeds, np.full(len(seeds), row - 0.1), "o", color=PALETTE[colour], alpha=0.5, markersize=3)
    axes.errorbar(
        float(found["gain"]),
        row,
        xerr=float(found["gain_half"]),
        color=PALETTE[colour],
        marker="D",
        markersize=5,
        markeredgewidth=1.2,
        markerfacecolor=PALETTE[colour if filled else "paper"],
    )
