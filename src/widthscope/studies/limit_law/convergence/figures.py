"""Figures on convergence."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from widthscope.plotting import PALETTE, Drawing, new, shades, width_axis

COLOURS = {
    "limit law": "c0",
    "infinite heads": "c1",
    "independent coordinates": "c2",
    "uniform attention": "c3",
}
MARKERS = {
    "limit law": "o",
    "infinite heads": "s",
    "independent coordinates": "^",
    "uniform attention": "D",
}


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    return {name: drawing(fit[f"/curves/{name}"].to_dataset()) for name, drawing in DRAWN.items()}


def joint_rate(curve: xr.Dataset) -> Drawing:
    """Squared joint distances from each law over the width, by token law, with fits."""
    heads = int(curve.heads.min())
    shown = curve.sel(sweep=curve.heads == heads).isel(repeat=0)
    count = shown.sizes["sweep"]
    figure, *panels = new(cols=count, height=3.6, sharex=True, sharey=True)
    for axes, sweep in zip(panels, shown.sweep.values, strict=True):
        _distances(axes, shown.sel(sweep=sweep))
    panels[0].set_ylabel("squared joint distance $U(n)$")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    fitted = [
        f"{law} {float(rate):.3f} ± {float(error):.3f}"
        for law, rate, error in zip(
            shown.token_law.values,
            shown.exponent.sel(law="limit law"),
            shown.exponent_error.sel(law="limit law"),
            strict=True,
        )
    ]
    ends = [
        f"{law} from {float(distances[0]):.2g} to {float(distances[-1]):.2g}"
        for law, distances in zip(
            shown.token_law.values, shown.squared_distance.sel(law="limit law").values, strict=True
        )
    ]
    return Drawing(
        figure,
        f"Squared distance of the joint law of {curve.attrs['tokens']} tokens and 2 coordinates from the "
        f"limit law and from other laws, $H = {heads}$. Lines: fits of $n^{{-2\\alpha}}$ with one correction "
        f"term to the distance from the limit law ($\\alpha$ and standard error: {', '.join(fitted)}). "
        "Dotted: the last distance from laws that such widths can tell from the limit law. Bars are two "
        "standard errors.",
        "One panel for each token law, logarithmic axes: squared joint distance against the width, from the "
        "limit law, uniform attention, infinitely many heads and independent coordinates. Distances from "
        f"the limit law: {', '.join(ends)}.",
    )


def _distances(axes: Axes, one: xr.Dataset) -> None:
    n = one.n.values
    smooth = np.geomspace(n[0], n[-1], 100)
    for law in one.law.values[::-1]:
        colour, cell = PALETTE[COLOURS[law]], one.sel(law=law)
        axes.errorbar(
            n,
            cell.squared_distance,
            2 * cell.standard_error,
            fmt=MARKERS[law],
            color=colour,
            label=law,
            elinewidth=1,
        )
        if law == "limit law":
            rate, level, b = (float(cell[name]) for name in ("exponent", "intercept", "correction"))
            axes.plot(
                smooth,
                np.exp(level - 2 * rate * np.log(smooth) + 2 * np.log1p(b / smooth)),
                color=colour,
                lw=1,
            )
        elif bool(cell.told_apart):
            axes.axhline(float(cell.squared_distance[-1]), color=colour, lw=1, ls=":")
    axes.set_yscale("log")
    width_axis(axes, n)
    axes.tick_params(axis="x", labelrotation=45)
    axes.set_title(str(one.token_law.values))


def densities(curve: xr.Dataset) -> Drawing:
    """Limit densities for one, two and infinitely many heads, and their differences."""
    figure, *panels = new(cols=2, height=3.3)
    left, right = panels
    gaussian = curve.density.sel(law="H=∞")
    for colour, law in zip(("c0", "c2", "c1"), curve.law.values, strict=True):
        label, density = f"${str(law).replace('∞', chr(92) + 'infty')}$", curve.density.sel(law=law)
        left.plot(curve.y, density, color=PALETTE[colour], label=label)
        right.plot(curve.y, density - gaussian, color=PALETTE[colour], label=label)
    left.set_title("limit densities")
    left.set_ylabel("density")
    right.set_title(r"less that of $H = \infty$")
    right.set_ylabel("difference of densities")
    for axes in (left, right):
        axes.set_xlabel("output $y$")
        axes.legend()
    peak = float((curve.density.sel(law="H=1") - gaussian).sel(y=0, method="nearest"))
    return Drawing(
        figure,
        "Exact limit densities of one output (orthonormal tokens, $s = 4$). To the eye they agree; their "
        "differences from the Gaussian of infinitely many heads show the higher peak and heavier tails of a "
        "mixture.",
        "Left: three nearly equal bell curves for one, two and infinitely many heads. Right: differences "
        f"from the Gaussian one; a peak of {peak:.3f} at zero, a dip around one and a positive tail from two"
        " on for one head, half as large for two heads.",
    )


def one_dimension(curve: xr.Dataset) -> Drawing:
    """Computed distances of one output from its limit law and from the Gaussian law."""
    figure, *panels = new(2, 2, height=5.0, sharex=True)
    titles = {
        "ks": "KS, slope $-1$",
        "wasserstein": "Wasserstein, slope $-1$",
        "energy": "energy, slope $-2$",
        "kl": "KL (nats), slope $-2$",
    }
    colours = shades(curve.sizes["heads"])
    for axes, (metric, title) in zip(panels, titles.items(), strict=True):
        for colour, heads in zip(colours, curve.heads.values, strict=True):
            cell = curve.sel(metric=metric, heads=heads)
            axes.plot(curve.n, cell.distance, "o-", ms=4, color=colour, label=f"$H = {heads}$, limit law")
            axes.plot(
                curve.n, cell.gaussian_distance, ("--"), lw=1, color=colour, label=f"$H = {heads}$, Gaussian"
            )
        axes.set_yscale("log")
        axes.set_title(title)
        width_axis(axes, curve.n.values, "")
    for axes in panels[2:]:
        axes.set_xlabel("width $n$")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(colours))
    return Drawing(
        figure,
        "Distances of the exact law of one output from its limit (dots), without sampling: KS and "
        "Wasserstein fall as $1/n$, energy distance and KL as $1/n^2$. Distances from the Gaussian law of "
        "infinitely many heads (dashed) level off, the lower the more heads.",
        "Four panels on logarithmic axes: KS, Wasserstein, energy and KL against the width, for several "
        "numbers of heads. Distances from the limit law are straight falling lines; distances from the "
        "Gaussian law flatten.",
    )


def paper_kl(curve: xr.Dataset) -> Drawing:
    """The paper's divergence by width with its floor, and densities of the first seed."""
    figure, *panels = new(cols=2, height=3.3)
    left, right = panels
    widths = list(curve.attrs["widths"])
    finite = curve.divergence.sel(sample=[f"n={n}" for n in widths])
    floor = curve.divergence.sel(sample="floor")
    mean, deviation = float(floor.mean()), float(floor.std(ddof=1))
    left.axhspan(max(mean - 2 * deviation, mean / 10), mean + 2 * deviation, color=PALETTE["band"], lw=0)
    left.axhline(mean, color=PALETTE["muted"], lw=1, ls="--", label="floor ± 2 sd")
    for row in finite.values:
        left.plot(widths, row, "-", color=PALETTE["grid"], lw=0.8)
    left.errorbar(
        widths,
        finite.mean("seed"),
        finite.std("seed", ddof=1),
        fmt="o",
        color=PALETTE["c0"],
        label=("mean ± sd over seeds"),
    )
    left.set_yscale("log")
    width_axis(left, widths)
    left.set_ylabel("KL (nats)")
    left.set_title("finite width ‖ limit law")
    left.legend()
    for colour, name in zip([*shades(len(widths)), PALETTE["c1"]], curve.shown.values, strict=True):
        right.plot(curve.y, curve.density.sel(shown=name), color=colour, lw=1.2, label=str(name))
    right.set_xlabel("output $y$")
    right.set_ylabel("density estimate")
    right.set_title("one seed")
    right.legend()
    means = finite.mean("seed").values
    return Drawing(
        figure,
        f"The paper's Figure 1(b): KL between kernel density estimates of {curve.attrs['draws']:,} draws "
        f"(its tokens, $H = 2$, {curve.sizes['seed']} seeds). The band is its floor, the same KL between two"
        " samples of the limit law; no slope is fitted through it. Right: the density estimates of one "
        "seed.",
        f"Left: KL against the width on logarithmic axes, {means[0]:.2g} at n = {widths[0]} and "
        f"{means[-1]:.2g} at n = {widths[-1]}, with the band of the floor around {mean:.2g}. Right: density "
        "estimates at each width and of the limit law.",
    )


def likelihood_ratio(curve: xr.Dataset) -> Drawing:
    """Mean log-likelihood ratio per draw over the number of coordinates, for both sources."""
    figure, *panels = new(width=5.2, height=3.3)
    axes = panels[0]
    error = 5 * curve.deviation / np.sqrt(curve.attrs["held_out"])
    labels = {"layer": f"layer, $n = {curve.attrs['width']}$", "gaussian": "Gaussian law"}
    for colour, marker, source in (("c0", "o", "layer"), ("c1", "s", "gaussian")):
        axes.errorbar(
            curve.coordinates,
            curve["mean"].sel(source=source),
            error.sel(source=source),
            fmt=f"{marker}-",
            color=PALETTE[colour],
            label=f"draws of the {labels[source]}",
        )
    axes.axhline(0, color=PALETTE["muted"], lw=1)
    axes.set_yscale("symlog", linthresh=0.1)
    width_axis(axes, curve.coordinates.values, "output coordinates seen at once, $m$")
    axes.set_ylabel("mean log-ratio per draw (nats)")
    axes.set_title("limit law against Gaussian law")
    axes.legend(loc="lower left")
    most = curve["mean"].isel(coordinates=-1)
    return Drawing(
        figure,
        "Held-out log-likelihood of the limit law less that of the Gaussian law of infinitely many heads, "
        "per draw, by the number of coordinates that share their scores. Above 0 the draws favour the limit "
        "law, below it the Gaussian. Bars are five standard errors.",
        "Mean log-likelihood ratio against the number of coordinates, symmetric logarithmic axis: with "
        f"{int(most.coordinates)} coordinates {float(most.sel(source='layer')):.3g} nats for draws of the "
        f"layer and {float(most.sel(source='gaussian')):.3g} for draws of the Gaussian law.",
    )


DRAWN = {
    "joint-rate": joint_rate,
    "densities": densities,
    "one-dimension": one_dimension,
    "paper-kl": paper_kl,
    "likelihood-ratio": likelihood_ratio,
}
