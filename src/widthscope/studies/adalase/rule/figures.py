"""Figures of the family `rule`: two orders of two gradients, selection of the mean, drift of single runs."""

import numpy as np
import xarray as xr

from widthscope.plotting import MARKERS, PALETTE, Drawing, new

LOWEST = 1e-9
"""Where a deviation of zero is drawn on a logarithmic axis."""


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    return {
        "hypergradient": hypergradient(fit["/curves/hypergradient"].to_dataset()),
        "selection": selection(fit["/curves/selection"].to_dataset()),
        "neutral-drift": neutral_drift(fit["/curves/neutral-drift"].to_dataset()),
    }


def hypergradient(table: xr.Dataset) -> Drawing:
    """Deviations of the increment from the derivative, with the validation gradient after and before."""
    figure, *panels = new(height=3.0)
    (axes,) = panels
    names = [str(name) for name in table["operation"].values]
    orders = {"after": "after the step: the rule", "before": "before the step: control"}
    for place, (order, label) in enumerate(orders.items()):
        for column in range(len(names)):
            values = table[order].isel(operation=column).values.ravel()
            spread = column + np.linspace(-0.25, 0.25, len(values))
            axes.plot(
                spread,
                np.maximum(values, LOWEST),
                ls="none",
                marker=MARKERS[place],
                markersize=3,
                color=PALETTE[f"c{place}"],
                label=label if column == 0 else None,
            )
    axes.axhline(1, color=PALETTE["ink"], ls="--", lw=1)
    axes.set_yscale("log")
    axes.set_xticks(range(len(names)), names)
    axes.set_ylabel("deviation over what counts as exact")
    axes.legend(loc="upper right", bbox_to_anchor=(1, 0.85))
    largest, least = float(table["after"].max()), float(table["before"].min())
    return Drawing(
        figure,
        "Deviation of the rule's increment from the derivative of the validation loss after one step by a "
        f"ratio, for {table.sizes['seed']} networks and {table.sizes['position']} positions: at most "
        f"{largest:.1g} of what counts as exact (dashed) with the validation gradient taken after the step, "
        f"at least {least:.1g} with it taken before. No deviation at all is drawn at {LOWEST:g}.",
        "Two bands of points by operation: far below one, and many orders above one.",
    )


def selection(paths: xr.Dataset) -> Drawing:
    """Mean ratios over time with the replicator map, of the rule and of its weighted variant."""
    figure, *panels = new(cols=2, height=3.0)
    scaled = paths["coarse_step"].values * paths.attrs["ratio_rate"]
    titles = {"sampled": "the rule", "weighted": "increments over $K q$"}
    for axes, (rule, title) in zip(panels, titles.items(), strict=True):
        found = paths["ratios"].sel(rule=rule, scale="coarse")
        for k, alignment in enumerate(paths["alignment"].values):
            colour = PALETTE[f"c{k % 6}"]
            axes.plot(scaled, found.isel(position=k), color=colour, label=f"$G$ = {alignment:g}")
            axes.plot(scaled, paths["map"].isel(position=k), color=PALETTE["ink"], ls=":", lw=1)
        axes.set_title(title)
        axes.set_xlabel("rate times steps")
        axes.set_ylim(0, 1)
    panels[0].set_ylabel("mean ratio")
    panels[0].legend(loc="upper left")
    last = paths["ratios"].sel(scale="coarse").isel(record=-1, position=-1)
    ends = {rule: float(last.sel(rule=rule)) for rule in titles}
    return Drawing(
        figure,
        f"Mean ratios of simulated runs with frozen alignments at rate {paths.attrs['ratio_rate']:g}, and "
        f"the replicator map (dotted). The last position ends at {ends['sampled']:.3f}, the map at "
        f"{float(paths['map'][-1, -1]):.3f}; with increments divided by $K q$ it ends at "
        f"{ends['weighted']:.3f}.",
        "Lines of mean ratios part from one third; on the left they lie on dotted lines, on the right they "
        "do not.",
    )


def neutral_drift(paths: xr.Dataset) -> Drawing:
    """Single runs of equal positions, and what becomes of their diversity."""
    figure, *panels = new(cols=2, height=3.0)
    left, right = panels
    steps = paths["step"].values
    positions, strength = int(paths["positions"][0]), float(paths["strength"][0])
    single = paths["first"].isel(positions=0, strength=0)
    for run in range(single.sizes["run"]):
        left.plot(steps, single.isel(run=run), color=PALETTE["c0"], lw=0.8, alpha=0.7)
    left.axhline(1 / positions, color=PALETTE["ink"], ls="--", lw=1)
    left.set_ylim(0, 1)
    left.set_ylabel("ratio of one of the equal positions")
    left.set_title(f"single runs, $K$ = {positions}, $a$ = {strength:g}")
    place = 0
    for k in paths["positions"].values:
        for a in paths["strength"].values:
            own = paths.sel(positions=k, strength=a)
            marker, colour = MARKERS[place % len(MARKERS)], PALETTE[f"c{place % 6}"]
            label = f"$K$ = {k}, $a$ = {a:g}"
            right.plot(
                steps, own["diversity"], ls="none", marker=marker, markersize=3.5, color=colour, label=label
            )
            right.plot(steps, own["law"], color=colour, lw=1)
            place += 1
    right.set_ylabel(r"mean of $1 - \Sigma_i \, q_i^2$")
    right.set_ylim(0, 1)
    right.legend(loc="upper right")
    for axes in panels:
        axes.set_xlabel("step")
    ends = single.isel(record=-1).values
    return Drawing(
        figure,
        f"Ratios of equal positions. Left: {single.sizes['run']} runs, of which the ratio shown ends between "
        f"{ends.min():.2f} and {ends.max():.2f} after {int(steps[-1])} steps. Right: mean diversity of "
        f"{paths.attrs['runs']} runs and its closed form (lines).",
        "Wandering lines that spread over the whole range; points that fall along smooth curves.",
    )
