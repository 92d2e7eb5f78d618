"""Figures of the family `identities`."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from widthscope.plotting import MARKERS, PALETTE, Drawing, new

EXACT = {
    "special-cases": "special cases",
    "dsm-equals-dae": "score matching",
    "gbrbm-identity": "Gaussian-Bernoulli",
}
LEAST = 1e-8
"""In tolerances: where deviations of exactly zero are drawn."""

WAYS = {
    "central": ("c0", "central differences"),
    "one-sided": ("c1", "one-sided differences"),
    "uniform": ("c2", "central, uniform weights"),
}
LAWS = {"exact": "c0", "sampled": "c1", "eliminated": "c2"}


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    return {
        "identities-density": density(fit),
        "identities-gradient": gradient(fit["/curves/identities-gradient"].to_dataset()),
        "identities-deviations": deviations(fit),
        "identities-harmonium": harmonium(fit["/curves/identities-harmonium"].to_dataset()),
        "identities-retrieval": retrieval(fit["/curves/identities-retrieval"].to_dataset()),
    }


def density(fit: xr.DataTree) -> Drawing:
    """One density in the plane with its components, beside the deviations from the mixture by size."""
    curve = fit["/curves/identities-density"].to_dataset()
    figure, *panels = new(cols=2, height=3.2)
    left, right = panels
    corner, side = curve["corner"].values, float(curve["side"])
    ticks = np.linspace(0, side, curve.sizes["row"])
    left.contour(
        corner[0] + ticks,
        corner[1] + ticks,
        np.exp(curve["log_density"]),
        8,
        colors=PALETTE["c0"],
        linewidths=0.9,
    )
    means = curve["means"].values
    sizes = 12 + 150 * curve["mixing"].values
    left.scatter(means[:, 0], means[:, 1], s=sizes, color=PALETTE["c1"], label="means $b + w_j$", zorder=3)
    left.set_aspect("equal")
    left.set_title("a density of two visible units")
    left.set_xlabel("$v_1$")
    left.set_ylabel("$v_2$")
    left.legend(loc="best")
    worst, least = _points(right, fit, "likelihood-mixture")
    right.set_title("deviation over tolerance")
    return Drawing(
        figure,
        f"Left: lines of equal density of a machine with {curve.sizes['component']} hidden units, and the "
        "means of the Gaussians that it consists of, larger for larger mixing weights. Right: deviations "
        f"of the log density from that mixture over their tolerance, {worst:.1g} at most; the wrong "
        f"formulas deviate by {least:.0e} and more.",
        "Contours around a few points in the plane; beside it two groups of points on a logarithmic axis, "
        "right formulas below the tolerance and wrong ones far above.",
    )


def gradient(curve: xr.Dataset) -> Drawing:
    """Finite differences over their step, and squared deviations of sampled expectations by machine."""
    figure, *panels = new(cols=2, height=3.2)
    left, right = panels
    for place, (way, (colour, label)) in enumerate(WAYS.items()):
        left.plot(
            curve["step"],
            curve["differences"].sel(way=way).mean("machine"),
            marker=MARKERS[place],
            color=PALETTE[colour],
            label=label,
        )
    left.set_xscale("log", base=2)
    left.set_yscale("log")
    left.set_xlabel("step of the differences")
    left.set_title("distance from the gradient")
    left.legend(fontsize=7.5)
    values = curve["z_squared"].sel(formula="closed").values
    right.hist(values, bins=16, color=PALETTE["c0"])
    right.axvline(1.0, color=PALETTE["ink"], lw=0.9, ls="--")
    right.set_xlabel("mean squared deviation, standard errors")
    right.set_ylabel("machines")
    right.set_title("sampled expectations")
    wrong = float(curve["z_squared"].sel(formula="uniform").min())
    return Drawing(
        figure,
        "Left: root mean square deviation of finite differences of the log likelihood from the closed "
        "gradient, mean over machines: it falls with the square of the step, one-sided differences with "
        f"the step, and with uniform mixing weights not at all. Right: for each of {len(values)} "
        f"machines, how far expectations over {curve.attrs['samples']} exact samples lie from the closed "
        f"ones; on average {values.mean():.2f}, where 1 is expected. With uniform weights it is at least "
        f"{wrong:.0e}.",
        "Three lines over the step on logarithmic axes with slopes two, one and zero; beside it a "
        "histogram around a dashed line at one.",
    )


def deviations(fit: xr.DataTree) -> Drawing:
    """Deviations of identities over their tolerances beside those of wrong formulas, by claim."""
    figure, *panels = new(cols=3, width=6.4, height=3.4, sharey=True)
    found = []
    for axes, (claim, title) in zip(panels, EXACT.items(), strict=True):
        found.append(_points(axes, fit, claim))
        axes.set_title(title)
    worst, least = (pick(numbers) for pick, numbers in zip((max, min), zip(*found, strict=True), strict=True))
    return Drawing(
        figure,
        "Deviations of exact statements over their tolerance (dashed), one point for each case, and those "
        "of wrong formulas: partition functions of special cases, objectives and gradients of score "
        "matching, and energies of Gaussian-Bernoulli machines. The largest of the right ones is "
        f"{worst:.1g}, the least of the wrong ones {least:.2g}.",
        "Three panels on a shared logarithmic axis: points of right formulas below a dashed line at one, "
        "those of wrong formulas above it.",
    )


def harmonium(curve: xr.Dataset) -> Drawing:
    """Probabilities of the states under three laws, by Lagrangian."""
    names = [str(name) for name in curve["lagrangian"].values]
    figure, *panels = new(cols=len(names), height=3.0, sharey=True)
    states = np.arange(curve.sizes["state"])
    for axes, name in zip(panels, names, strict=True):
        order = np.argsort(-curve["probability"].sel(law="exact", lagrangian=name).values)
        for place, (law, colour) in enumerate(LAWS.items()):
            axes.plot(
                states,
                curve["probability"].sel(lagrangian=name, law=law).values[order],
                MARKERS[place],
                ms=4.5 if law == "exact" else 3.5,
                color=PALETTE[colour],
                label={"exact": "marginal", "sampled": "sampled", "eliminated": "dense memory"}[law],
            )
        axes.set_title(f"{name} F")
        axes.set_xlabel("state, by rank")
        axes.set_yscale("log")
    panels[0].set_ylabel("probability")
    panels[0].legend(fontsize=7.5)
    distances = ", ".join(
        f"{float(curve['distance'].sel(lagrangian=name).mean()):.2g} ({name})" for name in names
    )
    return Drawing(
        figure,
        "Probabilities of all states of the spins for one harmonium of each Lagrangian: exact marginal, "
        f"share of {curve.attrs['chains']} chains after {curve.attrs['sweeps']} sweeps of block Gibbs "
        "sampling, and the dense associative memory with hidden units eliminated. Total variation of "
        f"memory and marginal, mean over harmoniums: {distances}.",
        "Three panels of points over the states. Sampled points lie on the exact ones everywhere; those "
        "of the dense memory do so in the quadratic panel alone.",
    )


def retrieval(curve: xr.Dataset) -> Drawing:
    """Energies along the attention update and along steps that are too long; digits as they are recalled."""
    figure, *panels = new(cols=2, height=3.3)
    left, right = panels
    for place, (length, colour) in enumerate({"attention": "c0", "too long": "c1"}.items()):
        energies = curve["energy"].sel(step_length=length)
        for start in range(energies.sizes["start"]):
            left.plot(
                energies["update"],
                energies.isel(start=start),
                color=PALETTE[colour],
                ls=("-", "--")[place],
                lw=0.9,
                label={"attention": "attention update", "too long": "steps three times as long"}[length]
                if start == 0
                else None,
            )
    left.set_yscale("symlog", linthresh=10)
    left.set_xlabel("update")
    left.set_title("energy")
    left.legend(fontsize=7.5)
    rows = [curve["image"].sel(stage=stage).values for stage in curve["stage"].values]
    stored = curve["stored"].values
    mosaic = np.vstack([np.hstack([_framed(image) for image in images]) for images in [*rows, stored]])
    right.imshow(mosaic, cmap="gray_r", vmin=stored.min(), vmax=stored.max(), interpolation="nearest")
    side = curve.sizes["row"] + 2
    labels = ["start", *(f"{stage} update{'s' if stage > 1 else ''}" for stage in curve["stage"].values[1:])]
    right.set_yticks(side * (np.arange(len(labels) + 1) + 0.5) - 0.5, [*labels, "stored"])
    right.set_xticks([])
    right.grid(False)
    right.set_title("digits recalled")
    distance = np.sqrt(np.square(curve["image"].isel(stage=-1) - curve["stored"]).mean())
    return Drawing(
        figure,
        f"Left: energies of a drawn machine along {curve.sizes['start']} trajectories: the attention "
        "update lowers them at every step, steps three times as long do not. Right: stored digits with "
        f"noise of standard deviation {curve.attrs['noise']:g} per pixel, after attention updates of a "
        f"machine with {curve.attrs['patterns']} digits as memories, and as stored; {float(distance):.1g} "
        "per pixel is left after the last.",
        "Energies over updates: solid lines fall and stay, dashed lines rise. Beside it four rows of "
        "small images: noise, then digits like those in the last row.",
    )


def _framed(image: np.ndarray) -> np.ndarray:
    """An image with an empty line around it."""
    return np.pad(image, 1, constant_values=np.nan)


def _points(axes: Axes, fit: xr.DataTree, claim: str) -> tuple[float, float]:
    """Draw deviations of right and wrong formulas in tolerances; return the largest and the least."""
    ends = []
    for place, (part, colour) in enumerate({"measured": "c0", "control": "c1"}.items()):
        table = fit[f"/claims/{claim}/deviation/{part}"].to_dataset()
        values = table["estimate"].values
        spread = place + np.linspace(-0.25, 0.25, len(values))
        label = {"measured": "right", "control": "wrong"}[part]
        axes.plot(spread, np.maximum(values, LEAST), MARKERS[place], color=PALETTE[colour], label=label)
        ends.append(float(values.max() if part == "measured" else values.min()))
    axes.axhline(1.0, color=PALETTE["ink"], lw=0.9, ls="--")
    axes.set_xticks([0, 1], ["right", "wrong"])
    axes.set_xlim(-0.6, 1.6)
    axes.set_yscale("log")
    axes.set_ylabel("")
    return ends[0], ends[1]
