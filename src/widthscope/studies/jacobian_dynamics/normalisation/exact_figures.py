"""Figures on the Jacobian's bound, the rotation, and the number of tokens."""

import numpy as np
import xarray as xr

from widthscope.plotting import MARKERS, PALETTE, Drawing, new, shades, width_axis

BOUNDS = {
    "fixed": "bound, any step",
    "large_step": "bound, large steps",
    "longest": "longest length (control)",
    "bare": "no norm (control)",
}
ARMS = {"none": "no norm", "own length": "norm to own length", "unit": "norm to 1"}


def jacobian_bound(curve: xr.Dataset) -> Drawing:
    """Distribution of the ratios of norm to bound, and of what the wrong bounds give."""
    figure, *panels = new(height=3.0)
    axes = panels[0]
    share = np.arange(1, curve.sizes["draw"] + 1) / curve.sizes["draw"]
    for place, (name, label) in enumerate(BOUNDS.items()):
        style = "-" if place < 2 else ":"
        axes.step(np.sort(curve[name]), share, style, where="post", color=PALETTE[f"c{place}"], label=label)
    axes.axvline(1, color=PALETTE["muted"], lw=1, ls="--")
    axes.set_xscale("log")
    axes.set_xlabel("spectral norm of the Jacobian / bound")
    axes.set_ylabel("share of draws")
    axes.legend(loc="center right")
    right = max(float(curve[name].max()) for name in ("fixed", "large_step"))
    wrong = [float((curve[name] > 1).mean()) for name in ("longest", "bare")]
    return Drawing(
        figure,
        f"Norm of the update's Jacobian over its bound in {curve.sizes['draw']} draws of weights, "
        "tokens, gains, "
        f"steps and drives. The bound always holds (largest ratio {right:.2f}); with the longest token in "
        f"place of the shortest it fails in {wrong[0]:.0%} of the draws, and without the norm in "
        f"{wrong[1]:.0%} (dotted).",
        f"Distribution functions on a logarithmic axis. Two solid ones end at or below {right:.2f}, "
        "left of a "
        "line at 1; two dotted ones cross it.",
    )


def rotation(curve: xr.Dataset) -> Drawing:
    """Eigenvalues of rotations by several angles, with and without the norm, with the unit circle."""
    figure, *panels = new(cols=2, width=6.4, height=3.4, sharex=True, sharey=True)
    circle = np.linspace(0, 2 * np.pi, 361)
    angles = curve["angle"].values
    for axes, arm, title in zip(panels, ("none", "unit"), ("without norm", "with norm"), strict=True):
        axes.plot(np.cos(circle), np.sin(circle), color=PALETTE["muted"], lw=1)
        for angle, colour, marker in zip(angles, shades(len(angles)), MARKERS, strict=False):
            values = curve["cloud"].sel(shown=arm, angle=angle)
            axes.plot(
                values.sel(part="real"), values.sel(part="imaginary"), marker, ls="", color=colour, ms=5,
                label=f"{angle:g}",
            )  # fmt: skip
        axes.set_aspect("equal")
        axes.set_title(title)
        axes.set_xlabel("Re $\\lambda$")
    panels[0].set_ylabel("Im $\\lambda$")
    panels[0].legend(title="$\\eta\\omega$", loc="upper left", borderaxespad=0)
    radius = np.sqrt(1 + float(angles[-1]) ** 2)
    return Drawing(
        figure,
        f"Eigenvalues of one step of a rotation at $D = {curve.attrs['cloud_width']}$, for several "
        "step sizes "
        f"times frequency. Without the norm they lie outside the unit circle, up to $|\\lambda| = "
        f"{radius:.2f}$. With it they are $e^{{\\pm i\\theta}}$ on the circle, $\\cos\\theta$ and 0.",
        f"Two complex planes with the unit circle. Left, pairs of points on the line of real part 1, outside "
        f"the circle, up to modulus {radius:.2f}. Right, the same angles on the circle, and points on the "
        "real axis between 0 and 1.",
    )


def token_count(curve: xr.Dataset) -> Drawing:
    """Norm of the Jacobian over the number of tokens, by arm and length of the tokens."""
    figure, *panels = new(cols=2, width=6.8, height=3.2)
    counts = [int(count) for count in curve["tokens"].values]
    for axes, length in zip(panels, curve["length"].values, strict=True):
        for place, (arm, label) in enumerate(ARMS.items()):
            one = curve.sel(length=length, arm=arm)
            axes.plot(
                counts,
                np.exp(one["log_norm"]),
                marker=MARKERS[place],
                color=PALETTE[f"c{place}"],
                label=label,
            )
            low, high = one["log_norm"] - one["log_norm_half"], one["log_norm"] + one["log_norm_half"]
            axes.fill_between(counts, np.exp(low), np.exp(high), color=PALETTE[f"c{place}"], alpha=0.2, lw=0)
        axes.set_title(f"tokens of length {length:.3g}")
        axes.set_yscale("log")
        width_axis(axes, counts, "tokens S")
    panels[0].set_ylabel("$\\|J\\|$, geometric mean")
    panels[1].legend()
    unit = np.exp(curve["log_norm"].isel(length=0).sel(arm="unit"))
    lowered = curve["log_norm"].sel(arm="none") - curve["log_norm"].sel(arm="unit")
    factors = " and ".join(
        f"by {np.exp(float(lowered.sel(length=length).min())):.3g} to "
        f"{np.exp(float(lowered.sel(length=length).max())):.3g} at length {length:.3g}"
        for length in curve["length"].values
    )
    first, last = f"{float(unit[0]):.2g}", f"{float(unit[-1]):.2g}"
    return Drawing(
        figure,
        "Spectral norm of one update's Jacobian over the number of random tokens, with 99 % bands. "
        f"Normalisation to length 1 divides it {factors}; the paper says that it then does not grow with the "
        f"number of tokens, which are from documents there. At length {float(curve['length'][0]):g} it is "
        f"{first} at S = {counts[0]} and {last} at S = {counts[-1]}.",
        "Norms against the number of tokens on logarithmic axes in two panels, three lines each. Norm to 1 "
        f"divides them {factors}.",
    )
