"""Figures on the laws of eigenvalues and singular values at initialisation."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from widthscope.plotting import MARKERS, PALETTE, Drawing, new, width_axis


def eigenvalue_law(histogram: xr.Dataset, distance: xr.Dataset) -> Drawing:
    """Eigenvalues in the complex plane with the law's edge, their radial law, and KS over head dimension."""
    aspects = [int(aspect) for aspect in histogram["aspect"].values]
    figure, *panels = new(rows=2, cols=2, height=5.8)
    shown = aspects[1]
    _plane(panels[0], histogram.sel(aspect=aspects[0]), aspects[0])
    _plane(panels[1], histogram.sel(aspect=shown), shown)
    radial, falling = panels[2:]
    for place, aspect in enumerate(aspects):
        one, colour = histogram.sel(aspect=aspect), PALETTE[f"c{place}"]
        edge = np.sqrt(aspect)
        radial.plot(one.radial_edges / edge, one.radial_share, color=colour, label=f"$\\alpha = {aspect}$")
        radial.plot(one.radial_edges / edge, one.radial_law, color=PALETTE["ink"], lw=0.9, ls="--")
        radial.plot(one.radial_edges / edge, one.radial_rival, color=colour, lw=0.9, ls=":")
        rival = "circular" if aspect == 1 else "square"
        _distances(falling, distance, aspect, place, rival)
    radial.set_xlabel("modulus $|\\lambda|$ / edge")
    radial.set_ylabel("share of eigenvalues within")
    radial.legend()
    falling.set_ylabel("KS distance")
    width_axis(falling, [int(n) for n in distance["head_dim"].values], "head dimension $d_h$")
    falling.set_yscale("log")
    slopes = ", ".join(f"${float(distance['slope'].sel(aspect=aspect)):.2f}$" for aspect in aspects)
    head_dim, values = histogram.attrs["head_dim"], histogram.attrs["values"]
    return Drawing(
        figure,
        f"Above: eigenvalues of Gaussian heads at $d_h = {head_dim}$, one seed, with the edge of the law; "
        f"those on the real line are a finite-size effect. Below left: their radial law ({values:,} "
        "eigenvalues), the law (dashed) and a rival (dotted). Right: KS distances from the law fall with "
        f"the head dimension, with fitted slopes {slopes} for $\\alpha$ = {', '.join(map(str, aspects))}; "
        "those from the rival (hollow) do not.",
        "Two clouds of eigenvalues inside circles, denser at the centre. Distribution functions of the "
        f"modulus by the dashed law for {len(aspects)} aspects, away from the dotted rivals. KS distances "
        f"against head dimension on logarithmic axes, falling with slopes {slopes.replace('$', '')}, and "
        "level for the rivals.",
    )


def singular_value_law(histogram: xr.Dataset, distance: xr.Dataset) -> Drawing:
    """Density of the singular values to the power 2/3 with the law, and KS over head dimension."""
    aspects = [int(aspect) for aspect in histogram["aspect"].values]
    figure, *panels = new(cols=len(aspects) + 1, width=7.6, height=3.0)
    for place, (axes, aspect) in enumerate(zip(panels, aspects, strict=False)):
        one = histogram.sel(aspect=aspect)
        edges = np.cbrt(one.product_edges)
        axes.stairs(one.product_density, edges, color=PALETTE[f"c{place}"], fill=True, alpha=0.35)
        fine = one.product_law.values > 0
        axes.plot(edges[fine], one.product_law.values[fine], color=PALETTE["ink"], lw=1.2)
        axes.set_title(f"$\\alpha = {aspect}$")
        axes.set_xlabel("$x^{1/3}$")
        _distances(panels[-1], distance, aspect, place, None)
    panels[0].set_ylabel("density")
    falling = panels[-1]
    width_axis(falling, [int(n) for n in distance["head_dim"].values], "head dimension $d_h$")
    falling.set_yscale("log")
    falling.set_title("KS distance")
    last = distance["product"].isel(head_dim=-1)
    ends = ", ".join(f"{float(last.sel(aspect=aspect)):.4f}" for aspect in aspects)
    return Drawing(
        figure,
        f"Squared singular values $x$ of Gaussian heads at $d_h = {histogram.attrs['head_dim']}$, as "
        "densities of $x^{1/3}$ (in which the law has no singularity), and the law (lines). Right: KS "
        f"distances from the law fall with the head dimension, to {ends} for $\\alpha$ = "
        f"{', '.join(map(str, aspects))}.",
        f"{len(aspects)} histograms with the density of the law drawn through them, one for each aspect, "
        "and KS distances falling with the head dimension on logarithmic axes.",
    )


def _plane(axes: Axes, one: xr.Dataset, aspect: int) -> None:
    """One seed's eigenvalues in units of the edge, with the unit circle."""
    edge = np.sqrt(aspect)
    angle = np.linspace(0, 2 * np.pi, 361)
    real, imaginary = (one.cloud.sel(part=part).values / edge for part in ("real", "imaginary"))
    axes.plot(real, imaginary, ".", ms=2, color=PALETTE["c0"])
    axes.plot(np.cos(angle), np.sin(angle), color=PALETTE["c1"], lw=1.2)
    axes.set_aspect("equal")
    axes.set_title(f"$\\alpha = {aspect}$")
    axes.set_xlabel("Re $\\lambda$ / edge")
    axes.set_ylabel("Im $\\lambda$ / edge")


def _distances(axes: Axes, distance: xr.Dataset, aspect: int, place: int, rival: str | None) -> None:
    """KS distances of one aspect over head dimension; of the radial law and its rival, or of singular
    values."""
    one = distance.sel(aspect=aspect)
    colour, marker = PALETTE[f"c{place}"], MARKERS[place]
    mean, error = (
        (one["product"], one["product_error"])
        if rival is None
        else (one["radial"].sel(law="law"), one["radial_error"].sel(law="law"))
    )
    axes.errorbar(one.head_dim, mean, 2.6 * error, marker=marker, color=colour, lw=1)
    if rival is not None:
        wrong = one["radial"].sel(law=rival)
        axes.plot(one.head_dim, wrong, marker=marker, mfc="none", mew=1, color=colour, lw=1, ls=":")
