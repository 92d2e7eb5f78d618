"""Figures of the family `energy`."""

import numpy as np
import xarray as xr
from matplotlib.ticker import FixedLocator, NullLocator

from widthscope.plotting import MARKERS, PALETTE, Drawing, new, shades

PANELS = {
    "Prop. 4.1: one head, on the sphere": (
        ("asymmetric", "c1", "o", "asymmetric A"),
        ("asymmetric, symmetric energy", "c3", "s", "same, sym(A) in E"),
        ("matched", "c0", "D", "A replaced by sym(A)"),
    ),
    "Prop. 4.2: heads of two blocks": (
        ("blocks", "c1", "o", "asymmetric $A_h$"),
        ("symmetrised blocks", "c0", "D", "$A_h$ replaced by sym$(A_h)$"),
    ),
}


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    curves = {
        name: fit[f"/curves/{name}"].to_dataset()
        for name in ("energy-conditions", "energy-counter-examples", "energy-steps")
    }
    return {
        "energy-conditions": conditions(curves["energy-conditions"]),
        "energy-counter-examples": counter_examples(curves["energy-counter-examples"]),
        "energy-steps": steps(curves["energy-steps"]),
    }


def conditions(curve: xr.Dataset) -> Drawing:
    """Share of draws of weights for which energy can rise, over beta, by the paper's and the exact
    condition."""
    figure, *panels = new(cols=2, sharey=True, height=3.4)
    betas = curve["beta"].values
    for axes, (title, series) in zip(panels, PANELS.items(), strict=True):
        for name, colour, marker, label in series:
            chosen = curve.sel(condition=name)
            share = chosen["climbed"].values
            error = np.stack([share - chosen["climbed_low"].values, chosen["climbed_high"].values - share])
            axes.errorbar(betas, share, yerr=error, color=PALETTE[colour], marker=marker, label=label)
            axes.plot(betas, chosen["states"], color=PALETTE[colour], linestyle=":", linewidth=1.2)
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_locator(FixedLocator([float(beta) for beta in betas]))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xticklabels([f"{beta:g}" for beta in betas])
        axes.set_xlabel("inverse temperature $\\beta$")
        axes.set_title(title)
        axes.legend(loc="center right")
    panels[0].set_ylabel("share with rising energy")
    listed = "; ".join(
        f"{label.replace('$', '')}: " + ", ".join(f"{v:.2f}" for v in curve["climbed"].sel(condition=name))
        for series in PANELS.values()
        for name, _, _, label in series
    )
    return Drawing(
        figure,
        "Share of draws of weights for which a state with rising energy was found, by the condition of the "
        "paper as read here and by the exact one on the same weights. Dotted: share of random states, which "
        "show little of it. Bars are exact 99 % intervals over the draws.",
        "Two panels, share of draws of weights with rising energy over the inverse temperature "
        f"({', '.join(f'{beta:g}' for beta in betas)}). {listed}.",
    )


def counter_examples(curve: xr.Dataset) -> Drawing:
    """The map of two tokens, and the threshold of every draw of A as measured and by formula."""
    figure, *panels = new(cols=2, height=3.4)
    left, right = panels
    angles, betas = np.degrees(curve["angle"].values), curve["beta"].values
    for beta, colour in zip(betas, shades(len(betas)), strict=True):
        critical = curve["critical_skew"].sel(beta=beta).values
        left.plot(
            angles, np.where(critical <= 2.2, critical, np.nan), color=colour, label=f"$\\beta={beta:g}$"
        )
    shown = betas[len(betas) // 2]
    rises = curve["pair_balance"].sel(beta=shown).transpose("skew", "angle").values > 0
    skew, angle = np.meshgrid(curve["skew"].values, angles, indexing="ij")
    left.plot(angle[rises], skew[rises], ".", color=PALETTE["c1"], markersize=2.5)
    left.set_xlabel("angle between the two tokens, degrees")
    left.set_ylabel("skew part $a$ of $A$")
    left.set_ylim(0, 2.1)
    left.set_title("two tokens, $A = [[1, a], [-a, 1]]$")
    left.legend(loc="lower right")
    predicted, measured = curve["threshold"].values, curve["measured_threshold"].values
    ends = [predicted.min() / 1.5, predicted.max() * 1.5]
    right.plot(ends, ends, color=PALETTE["muted"], linewidth=1)
    right.plot(predicted, measured, "o", color=PALETTE["c0"], markersize=3)
    right.set_xscale("log")
    right.set_yscale("log")
    right.set_xlabel("$\\mu / \\|$skew$(A) v\\|^2$")
    right.set_ylabel("measured $\\beta$ of the first rise")
    right.set_title("next to the leading eigenvector")
    deviation = float(np.max(np.abs(measured / predicted - 1)))
    return Drawing(
        figure,
        "Closed-form counter-examples to descent with an asymmetric A and the value sym(A). Left: energy of "
        "two tokens rises above the line of their $\\beta$; dots are simulated rises at "
        f"$\\beta = {shown:g}$. Right: for every draw of A, tokens next to the leading eigenvector $v$ gain "
        "energy from a $\\beta$ on that has a closed form.",
        "Left, the critical strength of the skew part over the angle of two tokens, one line for each "
        f"inverse temperature; simulated rises at {shown:g} fill the region above its line. Right, "
        f"measured against predicted thresholds on the diagonal, largest relative deviation {deviation:.1e}.",
    )


def steps(curve: xr.Dataset) -> Drawing:
    """Energy along a run below and above the limit, and the share of runs with a rise by size of step."""
    figure, *panels = new(cols=2, height=3.4)
    left, right = panels
    beta = curve["beta"].values[0]
    for row, (colour, style) in enumerate((("c0", "-"), ("c1", "-"))):
        part = float(curve["relative_step"][row])
        trace = -np.exp(curve["trace"].isel(relative_step=row).sel(beta=beta).values)
        left.plot(curve["iteration"], trace, style, color=PALETTE[colour], label=f"{part:g} of the limit")
    left.set_xlabel("step")
    left.set_ylabel("energy over its first size $|E_0|$")
    left.set_title(f"one run, $\\beta = {beta:g}$")
    left.legend()
    sizes = curve["step"].values
    for k, (value, colour) in enumerate(zip(curve["beta"].values, shades(curve.sizes["beta"]), strict=True)):
        chosen = curve.sel(beta=value)
        share = chosen["runs"].values
        error = np.stack([share - chosen["runs_low"].values, chosen["runs_high"].values - share])
        label = f"$\\beta = {value:g}$"
        right.errorbar(sizes, share, yerr=error, color=colour, marker=MARKERS[k % len(MARKERS)], label=label)
    low, high = np.quantile(curve["limit"].values, [0.05, 0.95])
    right.axvspan(low, high, color=PALETTE["band"], zorder=0, label="limits of 90 % of A")
    right.set_xscale("log", base=2)
    right.xaxis.set_major_locator(FixedLocator([float(size) for size in sizes]))
    right.set_xticklabels([f"{size:g}" for size in sizes])
    right.set_xlabel("step $\\eta$")
    right.set_ylabel("share of runs with a rise")
    right.legend()
    listed = "; ".join(
        f"β {value:g}: " + ", ".join(f"{v:.2f}" for v in curve["runs"].sel(beta=value))
        for value in curve["beta"].values
    )
    return Drawing(
        figure,
        "Energy in discrete time with a symmetric A as value, tokens taken back to the sphere. Left: below "
        "the limit $2/(\\mu_{\\max} - \\min(\\mu_{\\min}, 0))$ energy should fall at every step; above it, "
        "tokens that have met leave their common direction again. Right: share of runs in which energy "
        "rises at any step, by $\\beta$; bars are exact 99 % intervals over the draws of "
        "weights.",
        f"Left, two traces of energy over steps. Right, share of runs with a rise at steps "
        f"{', '.join(f'{size:g}' for size in sizes)}: {listed}.",
    )
