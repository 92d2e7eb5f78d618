"""Figures of the family `width`."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from widthscope.plotting import MARKERS, PALETTE, Drawing, new, shades, width_axis

NEEDED = ("radial-law", "width-radius", "width-norm")


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    curve = {name: fit[f"/curves/{name}"].to_dataset() for name in NEEDED}
    return {
        "radial-law": radial_law(curve["radial-law"]),
        "width-radius": radius(curve["width-radius"]),
        "width-norm": norm(curve["width-norm"]),
    }


def radial_law(curve: xr.Dataset) -> Drawing:
    """Distribution of the moduli by width beside both laws, and the distances from them."""
    figure, *panels = new(cols=2, height=3.1)
    shares, distances = panels
    widths = _widths(curve)
    shown = widths[-7:]
    for colour, width in zip(shades(len(shown)), shown, strict=True):
        shares.plot(curve["radius"], curve["share"].sel(width=width), color=colour, lw=1.2, label=f"{width}")
    shares.plot(curve["radius"], curve["law_share"], color=PALETTE["ink"], lw=0.9, ls="--")
    shares.plot(curve["radius"], curve["area_share"], color=PALETTE["c1"], lw=0.9, ls=":")
    shares.set_xlabel("radius $r/\\sigma$")
    shares.set_ylabel("share of eigenvalues within")
    shares.legend(title="width $D$")
    for place, (law, label) in enumerate({"law": "$r/\\sigma$", "area": "$r^2/\\sigma^2$"}.items()):
        mean, half = curve["distance"].sel(law=law), curve["distance_half"].sel(law=law)
        distances.errorbar(
            widths, mean, half, marker=MARKERS[place], color=PALETTE[f"c{place}"], label=label, lw=1
        )
    width_axis(distances, widths, "width $D$")
    distances.set_yscale("log")
    distances.set_ylabel("KS distance")
    distances.legend(title="law")
    slope, last = float(curve.attrs["slope"]), curve["distance"].isel(width=-1)
    near, far = float(last.sel(law="law")), float(last.sel(law="area"))
    return Drawing(
        figure,
        f"Left: moduli of the eigenvalues of B by width ({curve.attrs['seeds']} seeds each), the law "
        "(dashed) and the area law of one square matrix (dotted). Right: the KS distance from the law falls "
        f"with the fitted slope ${slope:.2f}$, to {near:.3f}; that from the area law stays, at {far:.2f}. "
        "Bars are 99 % intervals.",
        "Distribution functions of the modulus that come closer to a dashed straight line as the width "
        "grows, away from a dotted parabola; and KS distances over the width on logarithmic axes, falling "
        f"with slope {slope:.2f} for the law and level near {far:.2f} for the area law.",
    )


def radius(curve: xr.Dataset) -> Drawing:
    """All eigenvalues of one step of one draw beside those predicted, and spectral radii by width."""
    figure, *panels = new(cols=2, height=3.3)
    plane, radii = panels
    _plane(plane, curve)
    widths = _widths(curve)
    for place, step in enumerate(curve["step_size"].values):
        one, colour = curve.sel(step_size=step), PALETTE[f"c{place}"]
        radii.errorbar(
            widths,
            one["update"],
            one["update_half"],
            marker=MARKERS[place],
            color=colour,
            lw=1,
            label=f"step, $\\eta = {step:g}$",
        )
        radii.axhline(float(one["limit"]), color=colour, lw=0.9, ls="--")
    radii.errorbar(
        widths,
        curve["rms_attention"],
        curve["rms_attention_half"],
        marker="x",
        mew=1.2,
        color=PALETTE["muted"],
        lw=1,
        label="attention, long tokens",
    )
    width_axis(radii, widths, "width $D$")
    radii.set_ylim(bottom=0)
    radii.set_ylabel("spectral radius")
    radii.legend()
    ratios = curve["update"].isel(width=-1) / curve["limit"]
    ends = ", ".join(f"{value:.3f}" for value in ratios.values)
    rms = float(curve["rms_attention"].isel(width=-1))
    return Drawing(
        figure,
        f"Left: all eigenvalues of one step with $\\eta = {curve.attrs['cloud_step']:g}$ and unit norm at $D "
        f"= {curve.attrs['cloud_width']}$, $S = {curve.attrs['tokens']}$ (points), those that B alone "
        "predicts (circles), and the unit circle. Right: spectral radii by width with 99 % intervals. They "
        f"are at {ends} of $a(1 + \\eta\\sigma)$ (dashed) at the largest width; with tokens of length "
        f"$\\sqrt{{D}}$ that of attention has no formula, and stays at {rms:.2f}.",
        "Eigenvalues in the complex plane: a disc off the origin, a cluster inside the unit circle, zeros; "
        "points lie in the circles of the prediction. Spectral radii over the width, level, on dashed lines "
        "for each step size.",
    )


def norm(curve: xr.Dataset) -> Drawing:
    """Largest singular values of attention's Jacobian over widths, at long and at unit tokens."""
    figure, *panels = new(height=3.2)
    axes = panels[0]
    widths = _widths(curve)
    for place, count in enumerate(curve["heads"].values):
        for norm_name, colour, label in (("rms", "c0", "length $\\sqrt{D}$"), ("unit", "c1", "unit")):
            one = curve.sel(heads=count, norm=norm_name)
            axes.errorbar(
                widths,
                one["value"],
                one["value_half"],
                marker=MARKERS[place],
                color=PALETTE[colour],
                lw=1,
                label=f"{label}, H = {count}",
            )
        predicted = curve["predicted"].sel(heads=count, norm="rms")
        axes.plot(widths, predicted, color=PALETTE["ink"], lw=0.9, ls="--")
    limit = float(curve.attrs["limit"])
    axes.axhline(limit, color=PALETTE["ink"], lw=0.9, ls=":")
    width_axis(axes, widths, "width $D$")
    axes.set_yscale("log")
    axes.set_ylabel("largest singular value")
    axes.legend(title="tokens")
    last = curve.isel(width=-1)
    ratios = [
        float(last["value"].sel(heads=count, norm="rms") / last["predicted"].sel(heads=count, norm="rms"))
        for count in curve["heads"].values
    ]
    ends = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    units = ", ".join(f"{value:.2f}" for value in last["value"].sel(norm="unit").values)
    heads = ", ".join(str(count) for count in curve["heads"].values)
    return Drawing(
        figure,
        "Largest singular value of attention's Jacobian at initialisation, means over seeds with 99 % "
        "intervals. With tokens of length $\\sqrt{D}$ it grows towards $\\sqrt{2 D_H}$ times the softmax's "
        f"largest derivative (dashed), and is {ends} of it at the largest width for H = {heads}; with unit "
        f"tokens it stays at $\\sigma\\sqrt{{27/4}} = {limit:.2f}$ (dotted): {units}.",
        "Largest singular values over the width on logarithmic axes: two rising series that approach dashed "
        f"lines, and two level ones at {limit:.2f}.",
    )


def _plane(axes: Axes, curve: xr.Dataset) -> None:
    """One draw's eigenvalues and the predicted ones."""
    angle = np.linspace(0, 2 * np.pi, 361)
    axes.plot(np.cos(angle), np.sin(angle), color=PALETTE["muted"], lw=0.9)
    for name, style, colour in (("predicted", "o", "c1"), ("cloud", ".", "c0")):
        real, imaginary = (curve[name].sel(part=part).values for part in ("real", "imaginary"))
        axes.plot(
            real,
            imaginary,
            style,
            color=PALETTE[colour],
            ms=5 if style == "o" else 4,
            mfc="none" if style == "o" else PALETTE[colour],
            mew=0.7 if style == "o" else 0,
        )
    axes.set_aspect("equal")
    axes.set_xlabel("Re $\\lambda$")
    axes.set_ylabel("Im $\\lambda$")


def _widths(curve: xr.Dataset) -> list[int]:
    return [int(width) for width in curve["width"].values]
