"""Figures on what normalisation does to Jacobians and exponents."""

import numpy as np
import xarray as xr

from widthscope.plotting import MARKERS, PALETTE, Drawing, new, shades, width_axis
from widthscope.studies.jacobian_dynamics.normalisation.exact_figures import (
    jacobian_bound,
    rotation,
    token_count,
)

AXES = {"steps": "horizon T", "tokens": "tokens S", "step_size": "step size η"}


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""

    def curve(name: str) -> xr.Dataset:
        return fit[f"/curves/{name}"].to_dataset()

    return {
        "jacobian-bound": jacobian_bound(curve("jacobian-bound")),
        "rotation": rotation(curve("rotation")),
        "lyapunov-gap": lyapunov_gap(curve("gap"), curve("gap-deviation")),
        "prenorm-growth": prenorm_growth(curve("growth")),
        "critical-drive": critical_drive(curve("critical-drive")),
        "token-count": token_count(curve("token-count")),
    }


def lyapunov_gap(curve: xr.Dataset, deviation: xr.Dataset) -> Drawing:
    """The gap over T, S and eta with the law and the wrong one, and the deviation over the width."""
    figure, *panels = new(rows=2, cols=2, height=5.4)
    base = curve.sel(cell=curve.attrs["base"])
    for axes, (name, label) in zip(panels, AXES.items(), strict=False):
        others = [other for other in AXES if other != name]
        kept = [
            cell for cell in curve["cell"].values
            if all(float(curve[other].sel(cell=cell)) == float(base[other]) for other in others)
        ]  # fmt: skip
        shown = curve.sel(cell=kept).sortby(name)
        axes.plot(shown[name], shown["law"], color=PALETTE["ink"], lw=1.2, label="law")
        axes.plot(
            shown[name], shown["wrong"], color=PALETTE["c1"], lw=1.2, ls=":", label="without other tokens"
        )
        axes.errorbar(
            shown[name], shown["gap"], shown["gap_half"], fmt="o", color=PALETTE["c0"], label="measured"
        )
        axes.set_xscale("log", base=2)
        axes.set_xticks(shown[name].values, [f"{value:g}" for value in shown[name].values])
        axes.set_ylim(bottom=0)
        axes.set_xlabel(label)
        axes.set_ylabel("gap of exponents")
    panels[0].legend(loc="lower right")
    falling = panels[3]
    widths = [int(width) for width in deviation["width"].values]
    for colour, cell in zip(_cycled(deviation.sizes["cell"]), deviation["cell"].values, strict=True):
        falling.plot(widths, np.abs(deviation["deviation"].sel(cell=cell)), color=colour, marker="o", lw=1)
    falling.set_yscale("log")
    width_axis(falling, widths, "width D")
    falling.set_ylabel("deviation, paired")
    sizes = abs(deviation["deviation"])
    first, largest = float(sizes.isel(width=0).max()), float(sizes.isel(width=-1).max())
    smaller = int((sizes.isel(width=-1) < sizes.isel(width=0)).sum())
    off = {
        "law": float(np.abs(curve["gap"] - curve["law"]).max()),
        "wrong": float(np.abs(curve["gap"] - curve["wrong"]).min()),
    }
    return Drawing(
        figure,
        "By how much normalisation lowers the largest exponent over T steps, at $D = "
        f"{curve.attrs['width']}$ with 99 % intervals, over each of T, S and η about "
        f"{curve.attrs['base']}. Lines are the law, at most {off['law']:.2g} away; dotted the one that "
        f"forgets the other tokens, at least {off['wrong']:.2g} away. Lower right: the mean deviation "
        f"from the law of each draw is at most {first:.2g} at D = {widths[0]} and {largest:.2g} at D = "
        f"{widths[-1]}, where it is smaller in {smaller} of {sizes.sizes['cell']} cells.",
        "Three panels of points beside solid and dotted lines, over the horizon, the number of tokens and "
        f"the step size; a fourth with the deviations over the width on logarithmic axes, from {first:.2g} "
        f"to {largest:.2g} where they are largest.",
    )


def prenorm_growth(curve: xr.Dataset) -> Drawing:
    """Lengths over the drive with the recursion, and the deviation of exponents over the width."""
    figure, *panels = new(cols=2, width=6.8, height=3.2)
    left, right = panels
    kappas, widths = curve["kappa"].values, [int(width) for width in curve["width"].values]
    left.plot(kappas, curve["law"], color=PALETTE["ink"], lw=1.2, label="recursion")
    left.plot(kappas, curve["bare"], color=PALETTE["c1"], lw=1.2, ls=":", label="without drive")
    last = curve.isel(width=-1)
    left.errorbar(
        kappas, last["lengths"], last["lengths_half"], fmt="o", color=PALETTE["c0"], label=f"D = {widths[-1]}"
    )
    left.set_xlabel("relative drive κ")
    left.set_ylabel("$\\ln R_T / T$")
    left.set_ylim(bottom=0)
    left.legend()
    for place, kappa in enumerate(kappas):
        one = curve.sel(kappa=kappa)
        right.errorbar(
            widths, -one["deviation"], one["deviation_half"], marker=MARKERS[place],
            color=PALETTE[f"c{place}"], label=f"κ = {kappa:g}",
        )  # fmt: skip
    right.set_yscale("log")
    width_axis(right, widths, "width D")
    right.set_ylabel("law less exponent")
    right.legend()
    largest = float(np.abs(last["deviation"]).max())
    first = float(np.abs(curve["deviation"].isel(width=0)).max())
    off = float(np.abs(last["lengths"] - last["law"]).max())
    return Drawing(
        figure,
        f"Left: logarithm of the product of T = {curve.attrs['steps']} lengths before normalisation, a step, "
        f"over the drive; it is within {off:.2g} of the recursion (line), in which nothing is fitted. Right: "
        "exponents over T steps less those of the values and the lengths of the same draw, "
        f"{first:.2g} at most at D = {widths[0]} and {largest:.2g} at D = {widths[-1]}; bars are 99 % "
        "intervals.",
        f"Points within {off:.2g} of a line, and a dotted one without the drive; deviations over the width "
        f"on logarithmic axes for each drive, at most {first:.2g} at first and {largest:.2g} at last.",
    )


def critical_drive(curve: xr.Dataset) -> Drawing:
    """The exponent over the drive by width, with the law and its form for many tokens; and what is left."""
    figure, *panels = new(cols=2, width=6.8, height=3.4)
    left, right = panels
    widths, kappas = [int(width) for width in curve["width"].values], curve["kappa"].values
    left.plot(curve["fine"], curve["law"], color=PALETTE["ink"], lw=1.3, label="law")
    left.plot(
        curve["fine"], curve["many_tokens"], color=PALETTE["muted"], lw=1, ls="--", label="$S \\to \\infty$"
    )
    for place, (width, colour) in enumerate(zip(widths, shades(len(widths)), strict=True)):
        one = curve.sel(width=width)
        left.errorbar(
            kappas, one["measured"], one["measured_half"], marker=MARKERS[place], ls="", color=colour,
            label=f"D = {width}",
        )  # fmt: skip
        left.plot(kappas, one["realised"], "_", ms=13, mew=1.4, color=colour)
        shift = 0.03 * (place - (len(widths) - 1) / 2)
        right.errorbar(
            kappas + shift,
            one["deviation"],
            one["deviation_half"],
            marker=MARKERS[place],
            ls="",
            color=colour,
        )
    left.set_xlabel("relative drive κ")
    left.set_ylabel("largest exponent, long run")
    left.legend(loc="lower left")
    right.axhline(0, color=PALETTE["muted"], lw=1)
    right.set_xlabel("relative drive κ")
    right.set_ylabel("measured less draw's own law")
    last = curve.isel(width=-1)
    worst = float(np.abs(last["deviation"]).max())
    narrow = float(np.abs(curve["deviation"].isel(width=0)).max())
    lawful = np.interp(kappas, curve["fine"].values, curve["law"].values)
    missed = float(np.abs(last["measured"].values - lawful).max())
    ends = float(last["measured"][0]), float(last["measured"][-1])
    return Drawing(
        figure,
        f"Largest exponent in the long run at S = {curve.attrs['tokens']}, with 99 % intervals: without "
        f"drive {ends[0]:.3f} at D = {widths[-1]}, and {ends[1]:.3f} at κ = {kappas[-1]:g}. The line is the "
        f"law, from which they differ by at most {missed:.2g}; level dashes show the law for the same draws, "
        "with their own leading eigenvalues, from which the measured exponents differ by at most "
        f"{worst:.1g} at the largest D (right).",
        f"Exponents against the drive by width, beside a line: {ends[0]:.3f} without drive and {ends[1]:.3f} "
        f"under the strongest at D = {widths[-1]}. Right, differences from the law of each draw, at most "
        f"{narrow:.1g} at D = {widths[0]} and {worst:.1g} at D = {widths[-1]}.",
    )


def _cycled(count: int) -> list[str]:
    return [PALETTE[f"c{place % 8}"] for place in range(count)]
