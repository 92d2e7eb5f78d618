"""Figures on samplers and scores."""

import numpy as np
import xarray as xr
from scipy.special import kolmogi, ndtr

from widthscope.plotting import PALETTE, Drawing, new, width_axis


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    curves = {name: fit[f"/curves/{name}"].to_dataset() for name in DRAWN}
    return {name: drawing(curves[name]) for name, drawing in DRAWN.items()}


def exact_sampler(curve: xr.Dataset) -> Drawing:
    """KS distances from full weights, of the sampler and of the limit law, for every shape and statistic."""
    figure, *panels = new(cols=3, height=3.4, sharex=True, sharey=True)
    draws = int(curve.attrs["draws"])
    chance = float(kolmogi(0.01)) * np.sqrt(2 / draws)
    rows = np.arange(curve.sizes["statistic"])[::-1]
    for axes, shape in zip(panels, curve["shape"].values, strict=True):
        one = curve.sel(shape=shape)
        axes.axvspan(1e-4, chance, color=PALETTE["band"], lw=0, label="chance alone (99 %)")
        axes.plot(one.ks_bartlett, rows, "o", color=PALETTE["c0"], label="Bartlett sampler")
        axes.plot(one.ks_limit, rows, "s", color=PALETTE["c1"], label="limit law")
        axes.set_xscale("log")
        axes.set_xlim(5e-4, 0.2)
        axes.set_title(str(shape))
        axes.set_xlabel("KS distance")
    panels[0].set_yticks(rows, [str(name) for name in curve.statistic.values])
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    inside = {name: int((curve[f"ks_{name}"] <= chance).sum()) for name in ("bartlett", "limit")}
    return Drawing(
        figure,
        f"Two-sample Kolmogorov-Smirnov distances from layers with all their weights drawn, {draws:,} draws "
        f"each. Of {curve.ks_bartlett.size} distances, {inside['bartlett']} of the Bartlett sampler and "
        f"{inside['limit']} of the limit law lie in the band that chance alone fills in 99 % of cases.",
        "Three panels, one for each layer shape, with eight statistics as rows and the KS distance on a "
        f"logarithmic axis. Dots of the Bartlett sampler reach {float(curve.ks_bartlett.max()):.2g}, squares "
        f"of the limit law lie between {float(curve.ks_limit.min()):.2g} and "
        f"{float(curve.ks_limit.max()):.2g}, and the band of chance ends at {chance:.2g}.",
    )


def score_covariance(curve: xr.Dataset) -> Drawing:
    """Measured against exact covariances, and the deviations in standard errors."""
    figure, *panels = new(cols=2, height=3.3)
    left, right = panels
    z = (curve.estimate - curve.prediction) / curve.standard_error
    normal = np.linspace(-4, 4, 161)
    widths = [law for law in curve.law.values if law != "iid"]
    for place, law in enumerate(widths):
        left.plot(curve.prediction, curve.estimate.sel(law=law), "o", ms=3, color=PALETTE[f"c{place}"])
        steps = np.arange(1, curve.sizes["component"] + 1) / curve.sizes["component"]
        right.step(
            np.sort(z.sel(law=law)),
            steps,
            color=PALETTE[f"c{place}"],
            label=str(law).replace("n=", ("$n = ")) + ("$"),
        )
    left.plot(
        curve.prediction,
        curve.estimate.sel(law="iid"),
        "x",
        mew=1,
        color=PALETTE["c7"],
        label=("independent scores"),
    )
    ends = np.array([float(curve.prediction.min()), float(curve.prediction.max())])
    left.plot(ends, ends, color=PALETTE["muted"], lw=1)
    left.set_xlabel("exact $K_{ik} K_{jl}$")
    left.set_ylabel("measured covariance")
    left.set_title("within a head")
    left.legend()
    right.plot(normal, ndtr(normal), color=PALETTE["muted"], lw=1, ls="--", label="$N(0, 1)$")
    right.set_xlabel("deviation in standard errors")
    right.set_ylabel("share of the 136 covariances")
    right.set_title("deviations within a head")
    right.legend()
    largest = float(np.abs(z.sel(law=widths)).max())
    return Drawing(
        figure,
        "Covariances of the scores of four tokens within a head, at several widths, beside the exact $K_{ik} "
        "K_{jl}$ (line). Independent scores (crosses) have other covariances. Right: the deviations from the "
        f"exact values in standard errors, up to {largest:.2g}, beside the law of chance (dashed).",
        "Left: measured against exact covariances with a diagonal line; crosses for independent scores have "
        "covariances 0 and 1. Right: distribution functions of the deviations in standard errors for "
        f"{', '.join(str(law) for law in widths)}, beside the standard normal one; the largest is "
        f"{largest:.2g}.",
    )


def score_law(curve: xr.Dataset) -> Drawing:
    """Density of a score under both scalings, and scaled distances to the Gaussian with their constants."""
    figure, *panels = new(cols=2, height=3.3)
    left, right = panels
    shown = int(curve.attrs["shown_width"])
    step = float(curve.x[1] - curve.x[0])
    for place, (scaling, label) in enumerate(
        ((r"1/sqrt(n)", r"$1/\sqrt{n}$ scaling"), ("1/n", ("$1/n$ scaling")))
    ):
        density = curve.histogram.sel(scaling=scaling)
        left.stairs(
            density,
            np.append(curve.x - step / 2, curve.x[-1] + step / 2),
            color=PALETTE[f"c{place}"],
            label=label,
        )
    left.plot(curve.x, curve.limit, color=PALETTE["ink"], lw=1, ls="--", label="$N(0, 1)$")
    left.set_xlabel("score $G_{11}$")
    left.set_yscale("log")
    left.set_ylim(1e-4, 20)
    left.set_ylabel("density")
    left.set_title(f"$n = {shown}$")
    left.legend()
    for name, constant, colour, label in (
        ("scaled_ks", "ks_constant", "c0", "KS"),
        ("scaled_w1", "w1_constant", "c2", "Wasserstein"),
    ):
        right.axhline(curve.attrs[constant], color=PALETTE[colour], lw=1, ls="--")
        right.plot(curve.n, curve[name], "o-", color=PALETTE[colour], label=f"$n$ · {label}")
    width_axis(right, curve.n.values)
    right.set_ylim(0, 0.45)
    right.set_ylabel("$n$ · distance to $N(0, 1)$")
    right.set_title("distances fall as $1/n$")
    right.legend(loc="center right")
    return Drawing(
        figure,
        f"Left: draws of one score at $n = {shown}$ under both scalings, beside the density of $N(0, 1)$ "
        "(dashed). Right: computed distances to $N(0, 1)$ times $n$ under $1/\\sqrt{n}$ scaling, and the "
        "constants of the Edgeworth expansion (dashed) that they tend to.",
        "Left: histograms of one score, broad for one-over-square-root-n scaling and a narrow peak at zero "
        "for one-over-n scaling. Right: n times the KS and Wasserstein distances against the width, tending "
        f"to {curve.attrs['ks_constant']:.4f} and {curve.attrs['w1_constant']:.4f}.",
    )


def wrong_scaling(curve: xr.Dataset) -> Drawing:
    """Variance of the scores, and distance of an output from uniform attention, under both scalings."""
    figure, *panels = new(cols=2, height=3.3)
    left, right = panels
    labels = {"1/sqrt(n)": r"$1/\sqrt{n}$ scaling", "1/n": "$1/n$ scaling"}
    for place, (scaling, label) in enumerate(labels.items()):
        one = curve.sel(scaling=scaling)
        left.plot(curve.n, one.score_variance, "o-", color=PALETTE[f"c{place}"], label=label)
        right.plot(curve.n, one.ks, "o-", color=PALETTE[f"c{place}"], label=label)
    left.plot(curve.n, 1 / curve.n, color=PALETTE["muted"], lw=1, ls="--", label="exact $1/n$")
    chance = float(kolmogi(0.01)) / np.sqrt(curve.attrs["draws"])
    right.axhspan(0, chance, color=PALETTE["band"], lw=0, label="chance alone (99 %)")
    left.set_yscale("log")
    for axes in (left, right):
        width_axis(axes, curve.n.values)
        axes.legend()
    left.set_ylabel("Var $G_{ij}$")
    left.set_title("scores")
    right.set_ylim(0, None)
    right.set_ylabel("KS distance from $N(0, 1^T K 1 / s^2)$")
    right.set_title("one output")
    wide = curve.isel(n=-1)
    far = {name: float(wide.ks.sel(scaling=name)) for name in labels}
    return Drawing(
        figure,
        "Left: variance of the scores under both scalings, and $1/n$ (dashed). Right: KS distance of one "
        f"output from the law of uniform attention; at $n = {int(wide.n)}$ it is {far['1/n']:.2g} under "
        "$1/n$ "
        f"scaling and {far['1/sqrt(n)']:.2g} under $1/\\sqrt{{n}}$ scaling; the band, up to {chance:.2g}, is "
        "what chance alone fills in 99 % of cases.",
        "Left: variance of the scores against the width on logarithmic axes, "
        f"{float(wide.score_variance.sel(scaling='1/n')):.2g} for one-over-n and "
        f"{float(wide.score_variance.sel(scaling='1/sqrt(n)')):.2g} for one-over-square-root-n scaling at "
        "the "
        f"largest width. Right: KS distance from uniform attention, {far['1/n']:.2g} and "
        f"{far['1/sqrt(n)']:.2g} there.",
    )


DRAWN = {
    "exact-sampler": exact_sampler,
    "score-covariance": score_covariance,
    "score-law": score_law,
    "wrong-scaling": wrong_scaling,
}
