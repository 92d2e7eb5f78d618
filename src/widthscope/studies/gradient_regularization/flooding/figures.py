"""Figure of the family `flooding`: the loss about its level, and pairs of steps against their formula."""

import numpy as np
import xarray as xr

from widthscope.plotting import MARKERS, PALETTE, Drawing, new

WAYS = {
    "right": "the formula of its order",
    "swapped": "that of the other order",
    "same_sign": "both steps of one sign",
}


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    return {"flooding-pairs": flooding_pairs(fit["/curves/flooding-pairs"].to_dataset())}


def flooding_pairs(curves: xr.Dataset) -> Drawing:
    """Loss of one seed over the steps, and distances in units of what rounding allows."""
    figure, *panels = new(cols=2, height=3.0)
    left, right = panels
    level = curves.attrs["level"]
    for place, rate in enumerate(curves["rate"].values):
        losses, label = curves["loss"].sel(rate=rate), f"$\\eta$ = {rate:g}"
        left.plot(curves["update"], losses, color=PALETTE[f"c{place}"], lw=0.8, label=label)
    left.axhline(level, color=PALETTE["muted"], lw=0.8, ls="--")
    left.set_yscale("log")
    left.set_xlabel("step")
    left.set_ylabel("training loss")
    left.legend()
    pairs = [(order, float(rate)) for order in range(curves.sizes["order"]) for rate in curves["rate"].values]
    for place, (name, label) in enumerate(WAYS.items()):
        values = curves[name].values.ravel()
        colour = PALETTE[f"c{place}"]
        right.plot(range(len(pairs)), values, ls="none", marker=MARKERS[place], color=colour, label=label)
    right.axhline(1.0, color=PALETTE["muted"], lw=0.8, ls="--")
    right.set_yscale("log")
    right.set_xticks(range(len(pairs)))
    right.set_xticklabels([f"{'BF'[order]}, {rate:g}" for order, rate in pairs])
    right.set_xlabel("order (B: descent first), rate $\\eta$")
    right.set_ylabel("distance, over what rounding allows")
    right.legend(loc="lower center", bbox_to_anchor=(0.5, 0.12))  # between right and wrong formulas
    return Drawing(
        figure,
        f"Flooding at the level {level:g}. Left: loss of one seed's {curves.attrs['layers']}-layer tanh "
        f"network on {curves.attrs['train']} images, which descends to the level (dashed) and stays. Right: "
        f"distance of two consecutive steps from gradient regularisation by a finite difference, over what "
        f"rounding allows (dashed): at most {_shown(curves['right'], 'max')} by the formula of their order, "
        f"at least {_shown(curves['swapped'], 'min')} by that of the other order and "
        f"{_shown(curves['same_sign'], 'min')} where both steps had one sign.",
        "Left, the loss falls to a dashed line and zigzags about it, for each learning rate. Right, "
        "distances on a logarithmic axis: below one for the right formula, orders of magnitude above for "
        "the wrong ones.",
    )


def _shown(values: xr.DataArray, which: str) -> str:
    """A number for the caption."""
    if not np.isfinite(values.values).any():
        return "(no pair)"
    return f"{float(getattr(values, which)()):.2g}"
