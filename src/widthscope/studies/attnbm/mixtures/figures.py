"""Figures of the family `mixtures`: losses, optima, the threshold of learning, and denoisers' densities."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from widthscope.plotting import MARKERS, PALETTE, Drawing, new, shades

STARTS = {"small": "small random weights", "data": "components on examples"}
ARMS = {
    "likelihood": "likelihood",
    "autoencoder": "denoising",
    "distant": "denoising,\ncentres further apart",
    "loud": "denoising,\nmore noise",
}
LEAST = 1e-5
"""Nats below which a gap is drawn at the edge of a logarithmic axis."""


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    return {
        "mixtures-likelihood": likelihood(fit["/curves/mixtures-likelihood"].to_dataset()),
        "mixtures-optima": optima(fit["/curves/mixtures-optima"].to_dataset()),
        "mixtures-threshold": threshold(fit["/curves/mixtures-threshold"].to_dataset()),
        "mixtures-denoising": denoising(fit["/curves/mixtures-denoising"].to_dataset()),
    }


def likelihood(curve: xr.Dataset) -> Drawing:
    """Training loss above the optimum of expectation maximisation, one line for each seed."""
    figure, *panels = new(cols=2, height=2.9, sharey=True)
    level = curve.attrs["statistical_error"]
    for axes, (start, title), colour in zip(panels, STARTS.items(), ("c0", "c1"), strict=True):
        axes.plot(
            curve["update"] + 1,
            curve[start].transpose("update", "seed").clip(LEAST),
            color=PALETTE[colour],
            linewidth=0.7,
            alpha=0.6,
        )
        axes.axhline(level, color=PALETTE["ink"], linewidth=0.9, linestyle="--")
        axes.set(title=title, xscale="log", yscale="log", xlabel="update")
    panels[0].set_ylabel("training loss above the optimum (nats)")
    panels[0].text(1.1, level * 1.15, "$k/2P$", fontsize=8)
    ended = {start: int((curve[start].isel(update=-1) < level).sum()) for start in STARTS}
    seeds, examples = curve.sizes["seed"], curve.attrs["examples"]
    return Drawing(
        figure,
        f"Training loss of the first full-batch runs on {examples} examples, one line for each of {seeds} "
        "laws, above the best of expectation maximisation; dashed, the statistical error of the optimum, "
        f"$k/2P$. Below it end {ended['small']} runs from small random weights and {ended['data']} from "
        "components on examples; what stays above is trapped.",
        f"Two panels of falling curves on logarithmic axes; {ended['small']} and {ended['data']} of {seeds} "
        "end below the dashed line.",
    )


def optima(curve: xr.Dataset) -> Drawing:
    """Distance of first runs from the best optimum, by setting and start."""
    figure, *(axes,) = new(height=2.9)
    names = [str(name) for name in curve["setting"].values]
    for place, (start, title) in enumerate(STARTS.items()):
        _strip(axes, curve["gap"].sel(start=start).values, 0.3 * (place - 0.5), f"c{place}", title)
    axes.axhline(curve.attrs["trapped"], color=PALETTE["ink"], linewidth=0.9, linestyle="--")
    axes.set_xticks(range(len(names)), [name.replace(", ", ",\n") for name in names], fontsize=7.5)
    axes.set(yscale="log", ylabel="training loss above the best (nats)")
    axes.legend()
    trapped = (curve["gap"] >= curve.attrs["trapped"]).sum("seed")
    counts = "; ".join(
        f"{name}: {int(trapped.sel(setting=name, start='small'))} and "
        f"{int(trapped.sel(setting=name, start='data'))}"
        for name in names
    )
    words = f"Above the dashed line, of {curve.sizes['seed']} from small weights and from examples: {counts}."
    return Drawing(
        figure,
        "Training loss of each seed's first run above the least of all its runs, by setting; a run above the "
        f"dashed line counts as trapped. {words}",
        f"Strips of points by setting and start, on a logarithmic axis. {words}",
    )


def threshold(curve: xr.Dataset) -> Drawing:
    """Learned variance over the data's, with the line (lambda - 1)+."""
    figure, *(axes,) = new(height=2.9, width=4.6)
    scales = {"given": 1.0, "shrunken": curve.attrs["shrink"] ** 2}
    names = {"given": "data", "shrunken": "control: data shrunk"}
    values = curve["eigenvalue"].values
    line = np.linspace(0.6 * values.min(), values.max(), 200)
    axes.plot(line, np.maximum(line - 1, 0), color=PALETTE["ink"], linewidth=0.9, label="$(\\lambda-1)_+$")
    for place, (data, scale) in enumerate(scales.items()):
        own = curve.sel(data=data)
        axes.errorbar(
            scale * values,
            own["variance"],
            own["variance_half"],
            linestyle="none",
            marker=MARKERS[place],
            color=PALETTE[f"c{place}"],
            label=names[data],
        )
    axes.set(xlabel="variance of the data along the axis, $\\lambda$", ylabel="learned variance")
    axes.legend()
    off = float(abs(curve["variance"].sel(data="given") - np.maximum(values - 1, 0)).max())
    return Drawing(
        figure,
        f"Variance of the means of {curve.attrs['components']} trained components along each axis over the "
        f"data's own, {curve.attrs['examples']} examples, means over {curve.attrs['seeds']} seeds with 99 % "
        f"intervals. The line is the theory's; the largest deviation of the data's points is {off:.3f}. "
        "Shrunken data follow the line of their own eigenvalues.",
        f"Points along a line that is zero up to 1 and then rises; they deviate by at most {off:.3f}.",
    )


def denoising(curve: xr.Dataset) -> Drawing:
    """Gaps to the law, by objective."""
    figure, *(axes,) = new(height=2.9, width=5.2)
    gaps = curve["gap"].values
    for place, shade in enumerate(shades(len(gaps))):
        values = np.clip(gaps[place], LEAST, None)
        across = place + np.linspace(-0.2, 0.2, len(values))
        axes.plot(across, np.sort(values), linestyle="none", marker="o", markersize=4, color=shade)
    axes.axhline(curve.attrs["close"], color=PALETTE["ink"], linewidth=0.9, linestyle="--")
    axes.set_xticks(range(len(gaps)), [ARMS[str(arm)] for arm in curve["arm"].values])
    axes.set(yscale="log", ylabel="test loss above the law's (nats)")
    found = {arm: int((curve["gap"].sel(arm=arm) < curve.attrs["close"]).sum()) for arm in ARMS}
    words = "; ".join(f"{ARMS[arm]}: {count}".replace("\n", " ") for arm, count in found.items())
    return Drawing(
        figure,
        f"Test loss above the law's of each of {curve.sizes['seed']} seeds, the best of "
        f"{curve.attrs['restarts']} runs by its own training loss. Below the dashed line, which counts as "
        f"the law's density: {words}. More noise is {curve.attrs['loud']:g} times the density's own.",
        f"Four strips of points on a logarithmic axis. Below the dashed line: {words}.",
    )


def _strip(axes: Axes, gaps: np.ndarray, shift: float, colour: str, label: str) -> None:
    """Sorted points of every setting (setting, seed), side by side."""
    for place, values in enumerate(gaps):
        across = place + shift + np.linspace(-0.12, 0.12, len(values))
        axes.plot(
            across,
            np.sort(np.clip(values, LEAST, None)),
            linestyle="none",
            marker="o",
            markersize=3,
            color=PALETTE[colour],
            label=label if place == 0 else None,
        )
