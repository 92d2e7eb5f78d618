"""Figures of the family `digits`."""

import numpy as np
import xarray as xr

from widthscope.plotting import MARKERS, PALETTE, SERIES, Drawing, new
from widthscope.studies.attnbm.pictures import BELOW, strip

MACHINES = {
    "attention": "attention",
    "few": "attention, few units",
    "exact": "Gaussian-Bernoulli, exact",
    "contrastive": "Gaussian-Bernoulli, CD-1",
}
METHODS = {"small": "Adam, small start", "data": "Adam, from examples", "em": "maximisation"}
KINDS = {
    "original": "image",
    "seen": "seen",
    "conditional": "conditional mean",
    "single": "single update",
}
WAYS = {
    "conditional": "conditional mean",
    "single": "single update",
    "mean": "mean image",
    "regression": "linear regression",
    "other": "given another image",
}
ACROSS = 12
"""Components shown of each method."""


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    return {
        "digits-descent": descent(fit),
        "digits-fields": fields(fit["/curves/digits-fields"].to_dataset()),
        "digits-completion": completion(
            fit["/curves/digits-strips"].to_dataset(), fit["/curves/digits-errors"].to_dataset()
        ),
    }


def descent(fit: xr.DataTree) -> Drawing:
    """Test NLL over epochs at the rates that validation chose, and where better optimisers end."""
    figure, *panels = new(cols=2, height=4.4)
    floors = fit["/curves/digits-floors"].to_dataset()
    ends = []
    for axes, scale in zip(panels, (1.0, 2.0), strict=True):
        for place, (name, label) in enumerate(MACHINES.items()):
            node = fit[f"/curves/digits-descent/{name}"].to_dataset()
            cell = int(np.flatnonzero((node["scale"] == scale) & node["chosen"])[0])
            curve = node.isel(cell=cell)
            epochs, nll, half = np.arange(1, curve.sizes["epoch"]), curve["nll"][1:], curve["nll_half"][1:]
            colour, rate = PALETTE[SERIES[place]], float(curve["rate"])
            axes.plot(epochs, nll, color=colour, label=f"{label}, {rate:g}")
            axes.fill_between(epochs, nll - half, nll + half, color=colour, alpha=0.2, linewidth=0)
            ends.append(f"{label} {float(nll[-1]):.1f} at scale {scale:g}")
        axes.set(xlabel="epoch", title=f"images times {scale:g}")
    floor = {name: float(floors["nll"].sel(optimiser=name)) for name in METHODS}
    for (name, label), style in zip(METHODS.items(), ("--", "-.", ":"), strict=True):
        panels[1].axhline(floor[name], color=PALETTE["muted"], linestyle=style, label=label)
    panels[0].set(ylabel="test NLL, nats")
    for axes in panels:
        axes.legend(fontsize=7, **BELOW)
    seeds = fit["/curves/digits-descent/attention"].attrs["seeds"]
    reached = ", ".join(f"{label} {floor[name]:.1f}" for name, label in METHODS.items())
    return Drawing(
        figure,
        f"Test NLL of plain gradient descent at the rate that is best on validation images of all seeds, "
        f"means over {seeds} seeds with 99 % bands. Lines at scale 2 are the attentional machine by other "
        f"optimisers: {reached} nats.",
        f"Two panels of falling curves. At the end: {'; '.join(ends)}; lines: {reached}.",
    )


def fields(shown: xr.Dataset) -> Drawing:
    """Component means of the largest mixing weights, a row for each method."""
    across = min(ACROSS, shown.sizes["unit"])
    figure, *panels = new(rows=len(METHODS), height=0.2 + 0.5 * len(METHODS))
    for axes, (name, label) in zip(panels, METHODS.items(), strict=True):
        strip(axes, shown[name].values[:across], name=label)
    return Drawing(
        figure,
        f"Means of the {across} components with the largest mixing weights, of one seed, by optimiser.",
        f"{len(METHODS)} rows of {across} small grey images that look like images of the training set.",
    )


def completion(strips: xr.Dataset, errors: xr.Dataset) -> Drawing:
    """Strips of completed images, and errors by method."""
    figure, *panels = new(rows=len(KINDS) + 1, height=0.65 * len(KINDS) + 1.6)
    for axes, (kind, label) in zip(panels[:-1], KINDS.items(), strict=True):
        strip(axes, strips["image"].sel(kind=kind).values, name=label)
    axes = panels[-1]
    methods = [str(name) for name in errors["completion"].values]
    axes.errorbar(
        errors["error"], range(len(methods)), xerr=errors["error_half"], fmt=MARKERS[0], color=PALETTE["c0"]
    )
    axes.set_yticks(range(len(methods)), [WAYS[name] for name in methods])
    axes.set_ylim(len(methods) - 0.5, -0.5)
    axes.set_xlabel("mean squared error at hidden pixels")
    axes.set_xlim(left=0)
    values = ", ".join(f"{WAYS[name]} {float(errors['error'].sel(completion=name)):.2f}" for name in methods)
    return Drawing(
        figure,
        "Images of one seed, what is seen of them, and two completions by the same machine; mean squared "
        f"errors at hidden pixels over {errors.attrs['seeds']} seeds with 99 % intervals: {values}.",
        f"Four rows of {strips.sizes['example']} small grey images, and marks for errors: {values}.",
    )
