"""Figures of the family `accuracy`."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from widthscope.plotting import PALETTE, Drawing, new
from widthscope.possible_values import limit

COLOURS = {"vanilla": "c7", "para": "c0", "sym": "c1", "sym2": "c3", "neg": "c2"}
TICKS = {
    "vanilla": "serial",
    "para": "parallel",
    "sym": "symmetric",
    "sym2": "symmetric,\ndoubled",
    "neg": "anti-tied",
}
SETUPS = ("main", "templates")
SPREAD = 0.16
"""Half the width of a cloud of seeds, in distances between arms."""

Curves = Mapping[str, xr.Dataset]


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""

    def curves(name: str, arms: Mapping[str, str] = TICKS) -> Curves:
        nodes = fit[f"/curves/{name}"].children
        return {arm: nodes[arm].to_dataset() for arm in arms if arm in nodes}

    return {
        "accuracy-arms": accuracies({setup: curves(f"accuracy-{setup}") for setup in SETUPS}),
        "accuracy-losses": losses({setup: curves(f"accuracy-loss-{setup}") for setup in SETUPS}),
        "accuracy-alignment": alignment(curves("accuracy-alignment")),
    }


def accuracies(setups: Mapping[str, Curves]) -> Drawing:
    """Training and test accuracy of every seed by kind of coupling, with means and intervals."""
    figure, *panels = new(cols=2, height=3.7)
    for axes, curves in zip(panels, setups.values(), strict=True):
        for place, (arm, curve) in enumerate(curves.items()):
            _cloud(axes, place, curve, COLOURS[arm])
        axes.set_xticks(range(len(curves)), [TICKS[arm] for arm in curves], rotation=30, ha="right")
        axes.set_title(_data(curves))
        limit(axes, 0.0, 1.0)
    panels[0].set_ylabel("accuracy")
    said = [
        "; ".join(
            f"{_plain(arm)} {float(curve['mean'].sel(part='test')):.3f} "
            f"(in training {float(curve['mean'].sel(part='train')):.3f})"
            for arm, curve in curves.items()
        )
        for curves in setups.values()
    ]
    left, right = (_sizes(curves) for curves in setups.values())
    weights = {arm: int(curve.attrs["weights"]) for arm, curve in setups["main"].items()}
    counted = ", ".join(f"{_plain(arm)} {count}" for arm, count in weights.items())
    return Drawing(
        figure,
        "Test accuracy by kind of coupling, one point for each seed, means with 99 % intervals; open marks: "
        f"mean training accuracy. Left, {left}: {said[0]}; numbers trained: {counted}. Right, {right}: "
        f"{said[1]}.",
        "Two panels of accuracy, one column of points for each kind of coupling. "
        f"Left: {said[0]}. Right: {said[1]}.",
    )


def losses(setups: Mapping[str, Curves]) -> Drawing:
    """Training loss over the updates."""
    figure, *panels = new(cols=2, height=3.3)
    for axes, curves in zip(panels, setups.values(), strict=True):
        for arm, curve in curves.items():
            at, mean, half = curve["update"], curve["log_loss"], curve["log_loss_half"]
            colour = PALETTE[COLOURS[arm]]
            axes.plot(at, np.exp(mean), color=colour, label=_plain(arm))
            axes.fill_between(at, np.exp(mean - half), np.exp(mean + half), color=colour, alpha=0.15, lw=0)
        axes.set_xlabel("update")
        axes.set_title(_data(curves))
    panels[0].set_yscale("log")
    panels[0].set_ylabel("loss of a batch")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=5)
    ends = {arm: float(np.exp(curve["log_loss"].isel(update=-1))) for arm, curve in setups["main"].items()}
    said = ", ".join(f"{_plain(arm)} {value:.2g}" for arm, value in ends.items())
    return Drawing(
        figure,
        "Training loss by kind of coupling over the updates, geometric means over seeds and neighbouring "
        f"updates with 99 % intervals. At the end of the left panel: {said}.",
        f"Two panels of falling curves, the left one on a logarithmic axis. At the end of that: {said}.",
    )


def alignment(curves: Curves) -> Drawing:
    """Alignment over the epochs, beside what permuted hidden units give; and of each pair at the end."""
    figure, *panels = new(cols=2, height=3.3)
    left, right = panels
    null = max(float(curve["null"]) for curve in curves.values())
    left.axhspan(-2 * null, 2 * null, color=PALETTE["band"], lw=0)
    for arm, curve in curves.items():
        left.errorbar(
            np.arange(curve.sizes["epoch"]),
            curve["alignment"],
            yerr=curve["alignment_half"],
            color=PALETTE[COLOURS[arm]],
            marker="o",
        )
        blocks = np.arange(1, curve.sizes["block"] + 1)
        for pair, style in zip(curve["pair"].values, ("-", "--"), strict=True):
            values = curve["pair_alignment"].sel(pair=pair)
            right.plot(
                blocks, values, style, color=PALETTE[COLOURS[arm]], marker="o", label=f"{_plain(arm)}, {pair}"
            )
    epochs = next(iter(curves.values()))["epoch"].values
    left.set_xticks(range(len(epochs)), [str(int(epoch)) for epoch in epochs])
    left.set_xlabel("epoch")
    left.set_ylabel("alignment $\\rho$")
    right.axhline(0.0, color=PALETTE["muted"], lw=0.8)
    right.set_xlabel("block")
    right.set_xticks(blocks)
    for axes in panels:
        limit(axes, -1.0, 1.0)
    figure.legend(*right.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    said = ", ".join(
        f"{_plain(arm)} {float(curve['alignment'].isel(epoch=-1)):+.3f}" for arm, curve in curves.items()
    )
    return Drawing(
        figure,
        "Alignment of backward with transposed forward matrices in training from independent ones. Left: "
        "means over blocks, pairs and seeds with 99 % intervals; grey: twice the deviation "
        f"({null:.3f}) of one network's mean when its hidden units are permuted. At the end: {said}. Right: "
        "token and channel matrices of each block at the end.",
        f"Two panels. Left: alignment over epochs falls from 0 out of a grey band around 0, to {said}. "
        "Right: alignment by block, of token and channel matrices.",
    )


def _cloud(axes: Axes, place: int, curve: xr.Dataset, colour: str) -> None:
    """One arm's seeds, mean and interval, and its training accuracy."""
    values = curve["accuracy"].sel(part="test").values
    spread = place + np.linspace(-SPREAD, SPREAD, len(values))
    axes.plot(spread, values, "o", color=PALETTE[colour], ms=3, alpha=0.5)
    mean, half = (float(curve[name].sel(part="test")) for name in ("mean", "mean_half"))
    axes.errorbar([place + 0.3], [mean], yerr=[half], color=PALETTE[colour], marker="D", ls="none")
    train = float(curve["mean"].sel(part="train"))
    axes.plot([place], [train], "o", mfc="none", mec=PALETTE[colour], mew=1.2, ms=6)


def _data(curves: Curves) -> str:
    dataset = next(iter(curves.values())).attrs["dataset"]
    return {"digits": "digits", "templates": "generated images", "cifar10": "CIFAR-10"}[dataset]


def _sizes(curves: Curves) -> str:
    attrs = next(iter(curves.values())).attrs
    return f"{attrs['blocks']} blocks trained on {attrs['train']} images in {attrs['epochs']} epochs"


def _plain(arm: str) -> str:
    return TICKS[arm].replace("\n", " ")
