"""Figures of the family `collapse`."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from widthscope.plotting import MARKERS, PALETTE, Drawing, new, shades

ARMS = {"concentrated": ("c0", "o", "concentrated, $s = 0$"), "spread": ("c1", "s", "spread, $m = 0$")}
TITLES = {"walk": "random walks", "iid": "independent tokens"}


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    return {
        "collapse-entropy": entropy_over_spread(fit["/curves/collapse-entropy"].to_dataset()),
        "collapse-plane": plane(fit["/curves/collapse-plane"].to_dataset()),
    }


def entropy_over_spread(curve: xr.Dataset) -> Drawing:
    """Attention entropy over the spread of the eigenvalues, by their mean, and at a fixed second moment."""
    figure, *panels = new()
    axes = panels[0]
    spreads, means = curve["spread"].values, curve["mean"].values
    place = np.arange(len(spreads))
    for k, (mean, colour) in enumerate(zip(means, shades(len(means)), strict=True)):
        judged = k < curve.attrs["judged_means"]
        _series(
            axes,
            place,
            curve["entropy"].sel(mean=mean),
            curve["entropy_half"].sel(mean=mean),
            color=colour,
            marker=MARKERS[k % len(MARKERS)],
            linestyle="-" if judged else ":",
            label=f"$m = {mean:g}$" + ("" if judged else ", not judged"),
        )
    _series(
        axes,
        place,
        curve["fixed_scale"],
        curve["fixed_scale_half"],
        color=PALETTE["c1"],
        marker="x",
        markeredgewidth=1.2,
        linestyle="--",
        label=f"$m^2 + s^2 = {spreads[-1] ** 2:g}$",
    )
    axes.set_xticks(place, [f"{spread:g}" for spread in spreads])
    axes.set_xlabel("standard deviation $s$ of the eigenvalues")
    axes.set_ylabel("attention entropy over $\\log T$")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    first, last = (curve["entropy"].isel(spread=k).values for k in (0, -1))
    listed = "; ".join(
        f"mean {mean:g}, {a:.3f} to {b:.3f}" for mean, a, b in zip(means, first, last, strict=True)
    )
    return Drawing(
        figure,
        "Attention entropy of normalised random walks over the spread of the eigenvalues of $\\sqrt{d} W$, "
        "at fixed means $m$. Dotted: larger means, of which nothing is claimed. Dashed: the control, whose "
        "second moment is fixed, so that the mean falls as the spread grows. Bars are 99 % intervals over "
        "the seeds.",
        "Entropy against the standard deviation of the eigenvalues, one line for each mean. From the "
        f"smallest to the largest standard deviation: {listed}. The control goes from "
        f"{float(curve['fixed_scale'][0]):.3f} to {float(curve['fixed_scale'][-1]):.3f}.",
    )


def plane(curve: xr.Dataset) -> Drawing:
    """Token diversity over entropy, of both spectra, on walks and on independent tokens."""
    laws = [str(law) for law in curve["law"].values]
    figure, *panels = new(cols=len(laws), sharey=True)
    for axes, law in zip(panels, laws, strict=True):
        for name, (colour, marker, label) in ARMS.items():
            chosen = curve.sel(law=law, spectrum=name)
            entropy = np.append(1.0, chosen["target"].values)  # without scores: uniform attention, R = 0
            residual = np.append(0.0, chosen["residual"].values)
            half = np.append(0.0, chosen["residual_half"].values)
            axes.errorbar(entropy, residual, yerr=half, color=PALETTE[colour], marker=marker, label=label)
        axes.errorbar([1.0], [0.0], color=PALETTE["ink"], fmt="D", zorder=3, label="no scores, $R = 0$")
        axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.set_xlabel("attention entropy over $\\log T$")
        axes.set_title(TITLES[law])
    panels[0].set_ylabel("token diversity $R$")
    panels[0].legend()
    listed = "; ".join(
        f"{TITLES[law]}: "
        + ", ".join(
            f"{float(ratio):.2f} at entropy {float(target):g}"
            for target, ratio in zip(curve["target"].values, curve["ratio"].sel(law=law).values, strict=True)
        )
        for law in laws
    )
    return Drawing(
        figure,
        "What a layer keeps of the differences between its tokens, $R$, over its attention entropy. Uniform "
        "attention is rank collapse (lower right); ever more peaked attention is entropy collapse (left). "
        "The further up at the same entropy, the further from both. Bars are 99 % intervals over the seeds.",
        "Two panels of token diversity against attention entropy. Ratio of the diversity of the concentrated "
        f"spectrum to that of the spread one: {listed}.",
    )


def _series(axes: Axes, x: np.ndarray, y: xr.DataArray, half: xr.DataArray, **style: object) -> None:
    axes.errorbar(x, y.values, yerr=half.values, **style)  # type: ignore[arg-type]
