"""Figures of the family `digits`."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from widthscope.plotting import MARKERS, PALETTE, SERIES, Drawing, new
from widthscope.studies.jacobian_dynamics.digits.scores import MODELS
from widthscope.studies.jacobian_dynamics.networks.arms import LABELS

COLOURS = dict(zip(MODELS, SERIES, strict=False))
MARKS = dict(zip(MODELS, MARKERS, strict=False))
PENALTIES = {
    "none": "none",
    "spectral": "spectral norms",
    "energy-multi": "energy",
    "orthogonal": "energy, orthogonal",
    "energy-single": "energy of all heads",
    "hard": "energy, exact",
}


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    return {
        "digits-accuracy": accuracy(fit["/curves/digits-accuracy"].to_dataset()),
        "digits-exponents": exponents(fit["/curves/digits-exponents"].to_dataset()),
        "digits-rescaled": rescaled(fit["/curves/digits-rescaled"].to_dataset()),
        "digits-penalties": penalties(fit["/curves/digits-penalties"].to_dataset()),
    }


def accuracy(curve: xr.Dataset) -> Drawing:
    """Accuracy over test-time iterations, by model."""
    figure, *panels = new()
    axes = panels[0]
    for arm in curve["arm"].values:
        series = curve.sel(arm=arm)
        mean, half = series["accuracy"].values, series["accuracy_half"].values
        steps = series["iteration"].values
        axes.plot(steps, mean, color=_colour(arm), marker=MARKS[arm], markersize=4, label=LABELS[arm])
        axes.fill_between(steps, mean - half, mean + half, color=_colour(arm), alpha=0.15, lw=0)
    trained = int(curve.attrs["trained"])
    axes.axvline(trained, color=PALETTE["muted"], linewidth=0.8, linestyle=":")
    axes.axhline(0.1, color=PALETTE["muted"], linewidth=0.8, linestyle="--")
    _powers(axes, curve["iteration"].values)
    axes.set_xlabel("test-time iterations")
    axes.set_ylabel("accuracy")
    axes.set_ylim(0, 1)
    axes.legend(ncols=2)
    at = curve["accuracy"].sel(iteration=trained)
    last = curve["accuracy"].isel(iteration=-1)
    told = [
        f"{LABELS[arm]} {float(at.sel(arm=arm)):.2f}, then {float(last.sel(arm=arm)):.2f}"
        for arm in curve["arm"].values
    ]
    return Drawing(
        figure,
        f"Accuracy on test images over test-time iterations, means over seeds with 99 % intervals. Training "
        f"used {trained} iterations (dotted); all have that parity. Chance is dashed.",
        f"Accuracy against iterations by model. After {trained} and after "
        f"{int(curve['iteration'].values[-1])} iterations: {'; '.join(told)}.",
    )


def exponents(curve: xr.Dataset) -> Drawing:
    """Largest finite-time exponents before and after training, and in the long run."""
    figure, *panels = new()
    axes = panels[0]
    shown = {"before": ("at the start", "o", -0.22), "after": ("trained", "s", 0.0)}
    shown["long_run"] = ("trained, long run", "D", 0.22)
    arms = list(curve["arm"].values)
    for name, (label, marker, shift) in shown.items():
        for place, arm in enumerate(arms):
            values = curve[name].sel(arm=arm).values
            values = values[np.isfinite(values)]
            axes.plot(
                np.full(len(values), place + shift),
                values,
                marker,
                color=_colour(arm),
                alpha=0.35,
                markersize=3,
                markerfacecolor=_colour(arm) if name != "before" else "none",
                markeredgewidth=0.8,
            )
            if len(values):
                axes.plot(place + shift, values.mean(), "_", color=PALETTE["ink"], markersize=11, mew=1.6)
        axes.plot([], [], marker, color=PALETTE["muted"], markersize=4, label=label, mew=0.8,
                  markerfacecolor=PALETTE["muted"] if name != "before" else "none")  # fmt: skip
    axes.axhline(0, color=PALETTE["muted"], linewidth=0.8, linestyle=":")
    axes.set_xticks(range(len(arms)), [LABELS[arm] for arm in arms])
    axes.set_ylabel("largest Lyapunov exponent")
    axes.legend()
    trained = int(curve.attrs["trained"])
    first, last = (_by_mean(curve[name]) for name in ("before", "after"))
    told = [
        f"{LABELS[arm]} {float(curve['before'].sel(arm=arm).mean()):.2f}, "
        f"{float(curve['after'].sel(arm=arm).mean()):.2f}"
        for arm in arms
    ]
    return Drawing(
        figure,
        f"Largest Lyapunov exponent over the first {trained} iterations before and after training, and in "
        "the long run after training; a point is a seed, a bar the mean. By rising mean, before training: "
        f"{first}; after: {last}. Without norm states grow, and there is no long run.",
        f"Points by model around zero. Mean exponents over {trained} iterations before and after training: "
        f"{'; '.join(told)}.",
    )


def rescaled(curve: xr.Dataset) -> Drawing:
    """Accuracy against exponent of trained networks whose scales were changed."""
    figure, *panels = new()
    axes = panels[0]
    arms = list(dict.fromkeys(curve["arm"].values))
    for arm in arms:
        chosen = curve.isel(point=np.flatnonzero(curve["arm"].values == arm))
        axes.scatter(
            chosen["exponent"],
            chosen["accuracy"],
            s=7,
            color=_colour(arm),
            marker=MARKS[arm],
            alpha=0.35,
            linewidths=0,
            label=LABELS[arm],
        )
        same = chosen.isel(point=np.flatnonzero(chosen["log_factor"].values == 0))
        axes.scatter(
            same["exponent"].mean(),
            same["accuracy"].mean(),
            s=60,
            color=_colour(arm),
            marker=MARKS[arm],
            edgecolors=PALETTE["ink"],
            linewidths=1,
        )
    axes.axvline(0, color=PALETTE["muted"], linewidth=0.8, linestyle=":")
    axes.set_xlabel(f"largest exponent over {int(curve.attrs['trained'])} iterations")
    axes.set_ylabel("accuracy")
    axes.legend()
    flat = curve.stack(all=("seed", "point"))
    best = flat.isel(all=np.argsort(flat["accuracy"].values)[-max(1, flat.sizes["all"] // 10) :])
    low, high = np.nanquantile(best["exponent"].values, [0.05, 0.95])
    return Drawing(
        figure,
        "Accuracy against exponent of trained networks whose step size, values times outputs, or input "
        "were multiplied by 1/4 to 4; large marks are means of the networks as they were trained. Changed "
        "networks lose accuracy for trivial reasons too, hence the correlation given the size of the "
        "change.",
        f"Cloud of points by model. Nine tenths of the tenth with the best accuracy have exponents from "
        f"{low:.2f} to {high:.2f}.",
    )


def penalties(curve: xr.Dataset) -> Drawing:
    """Exponent and accuracy of the networks with RMS norm under each penalty."""
    figure, *panels = new(cols=2, width=7.2, height=3.2)
    left, right = panels
    places = np.arange(curve.sizes["run"])
    labels = [
        PENALTIES[str(penalty)] + (f" {float(strength):g}" if str(penalty) not in ("none", "hard") else "")
        for penalty, strength in zip(curve["penalty"].values, curve["strength"].values, strict=True)
    ]
    left.errorbar(
        curve["exponent"],
        places,
        xerr=curve["exponent_half"],
        marker="o",
        color=PALETTE["c0"],
        linestyle="none",
        markersize=5,
    )
    left.axvline(0, color=PALETTE["muted"], linewidth=0.8, linestyle=":")
    left.set_xlabel(f"largest exponent over {int(curve.attrs['trained'])} iterations")
    for name, count, colour, shift in (
        ("accuracy", "trained", "c1", -0.12),
        ("long_accuracy", "longest", "c2", 0.12),
    ):
        right.errorbar(
            curve[name],
            places + shift,
            xerr=curve[f"{name}_half"],
            marker="s",
            color=PALETTE[colour],
            label=f"{int(curve.attrs[count])} iterations",
            linestyle="none",
            markersize=5,
        )
    right.set_xlabel("accuracy")
    figure.legend(*right.get_legend_handles_labels(), loc="outside lower right", ncols=2)
    left.set_yticks(places, labels)
    right.set_yticks(places, [""] * len(places))
    for axes in (left, right):
        axes.invert_yaxis()
    told = [
        f"{label}: {float(curve['exponent'][place]):.2f}, {float(curve['accuracy'][place]):.2f}, "
        f"{float(curve['long_accuracy'][place]):.2f}"
        for place, label in enumerate(labels)
    ]
    shown = [f"{label} {float(curve['exponent'][place]):.2f}" for place, label in enumerate(labels)]
    return Drawing(
        figure,
        "Penalties on the weights of the model with RMS norm, means over seeds with 99 % intervals: its "
        "exponent (left), and its accuracy at the iterations of training and at the most (right). Orthogonal "
        f"values and outputs cannot shrink. Exponents: {'; '.join(shown)}.",
        f"Two panels by penalty: exponent, and accuracy at two numbers of iterations. {'; '.join(told)}.",
    )


def _by_mean(values: xr.DataArray) -> str:
    """The models by rising mean over seeds."""
    means = values.mean("seed")
    return ", ".join(LABELS[arm] for arm in means["arm"].values[np.argsort(means.values)])


def _colour(arm: str) -> str:
    return PALETTE[COLOURS[arm]]


def _powers(axes: Axes, iterations: np.ndarray) -> None:
    """A logarithmic axis with a tick at every power of two."""
    axes.set_xscale("log", base=2)
    ticks = [int(count) for count in iterations if int(count) & (int(count) - 1) == 0]
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.minorticks_off()
