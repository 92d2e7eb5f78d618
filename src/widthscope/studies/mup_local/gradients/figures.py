"""Figures of the family `gradients`: relative differences over width, by layer, and by depth."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from widthscope.plotting import MARKERS, PALETTE, Drawing, new, width_axis

TITLES = {
    ("equilibrium", "standard"): "equilibrium, $\\bar\\gamma_L = 0$",
    ("equilibrium", "half"): "equilibrium, $\\bar\\gamma_L = -1/2$",
    ("equilibrium", "gauss-newton"): "equilibrium, $\\bar\\gamma_L = -1$",
    ("single", "standard"): "single pass, $\\bar\\gamma_L = 0$",
}


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    return {
        "pc-gradients": by_layer(fit["/curves/pc-gradients"].to_dataset()),
        "pc-gradients-linear": by_depth(fit["/curves/pc-gradients-linear"].to_dataset()),
    }


def by_layer(curve: xr.Dataset) -> Drawing:
    """Relative differences of each layer over width, in three parameterisations and after a single pass."""
    figure, *panels = new(rows=2, cols=2, height=4.6, sharex=True, sharey=True)
    widths = [int(width) for width in curve["width"].values]
    for axes, ((inference, arm), title) in zip(panels, TITLES.items(), strict=True):
        one = curve.sel(inference=inference, arm=arm)
        for place, layer in enumerate(curve["layer"].values):
            values = one.sel(layer=layer)
            if float(values["relative"].max()) < 1e-12:  # exactly equal: not on a logarithmic axis
                continue
            axes.errorbar(
                widths,
                values["relative"],
                values["relative_half"],
                marker=MARKERS[place],
                color=PALETTE[f"c{place}"],
                lw=1,
                label=f"layer {int(layer)}{_slope(widths, values['relative'].values)}",
            )
        axes.set_yscale("log")
        axes.set_title(title)
        axes.legend()
    for axes in panels[2:]:
        width_axis(axes, widths, "width $M$")
    for axes in panels[::2]:
        axes.set_ylabel("relative difference")
    reached = curve.sel(inference="equilibrium", arm="standard")["relative"].isel(width=-1)
    hidden = float(curve.sel(inference="single", arm="standard", layer=2)["relative"].isel(width=-1))
    return Drawing(
        figure,
        "Relative difference of predictive coding's gradients from $\\gamma_L$ times those of "
        f"back-propagation, by layer, tanh, {curve.attrs['seeds']} seeds; legends give slopes of the means, "
        f"bars are 99 % intervals. At the largest width the equilibrium is {float(reached.max()):.3f} away "
        f"or less with $\\bar\\gamma_L = 0$, while a single pass leaves the hidden layer {hidden:.2f} away "
        "(its first layer is exactly equal, and not shown).",
        "Four log-log panels of relative difference over width: three lines falling with slope one, three "
        "with slope one half, three level, and for the single pass the hidden layer level and the last layer "
        "falling.",
    )


def by_depth(curve: xr.Dataset) -> Drawing:
    """Relative differences of all weights over width: linear networks by depth, and after training."""
    figure, *panels = new(cols=2, height=3.2, sharey=True)
    drawn, trained = panels
    widths = [int(width) for width in curve["width"].values]
    for place, depth in enumerate(curve["depth"].values):
        for arm, style in (("standard", "-"), ("gauss-newton", "--"), ("large readout", ":")):
            one = curve.sel(depth=depth, arm=arm)
            label = f"$L = {int(depth)}$" if arm == "standard" else None
            _line(drawn, widths, one["whole"], one["whole_half"], place, style, label)
    width_axis(drawn, widths, "width $M$")
    shown = [int(width) for width in curve["trained_width"].values]
    judged, rates = curve.attrs["judged"], curve["learning_rate"].values
    for rate, style in zip(range(len(rates)), ("-", ":"), strict=True):
        for place, (arm, label) in enumerate(
            {"standard": "$\\bar\\gamma_L = 0$", "gauss-newton": "$\\bar\\gamma_L = -1$"}.items()
        ):
            one = curve.sel(arm=arm).isel(rate=rate)
            slope = _slope(shown[-judged:], one["trained"].values[-judged:])
            name = f"{label}, rate {rates[rate]:g}{slope}"
            _line(trained, shown, one["trained"], one["trained_half"], place, style, name)
    width_axis(trained, shown, "width $M$")
    for axes in (drawn, trained):
        axes.set_yscale("log")
        axes.legend()
    drawn.set_ylabel("relative difference, all weights")
    drawn.set_title("random weights")
    trained.set_title("trained weights, $L = 3$")
    last = curve["whole"].isel(width=-1)
    low, high = float(last.sel(arm="standard").max()), float(last.sel(arm=["gauss-newton"]).min())
    return Drawing(
        figure,
        "Relative difference of all weights' gradients from $\\gamma_L$ times those of back-propagation in "
        f"linear networks ({curve.attrs['seeds']} seeds, 99 % intervals). Left: it falls with the standard "
        f"energy (solid), to {low:.3f} or less, and stays with $\\gamma_L$ growing as M (dashed, at least "
        f"{high:.2f}) or a readout of standard size (dotted); the base width is {curve.attrs['base']}. "
        f"Right: the same after gradient descent with the base width {curve.attrs['trained_base']}, at the "
        "learning rate that is judged (solid) and a larger one (dotted); legends give slopes of means over "
        f"the {judged} largest widths, which are judged.",
        "Two log-log panels over width. Left: solid lines of three depths fall as one over the width, dashed "
        "and dotted lines are level. Right: at trained weights lines of one kind fall, less steeply at "
        "narrow widths and the larger rate, and lines of the other are level.",
    )


def _line(
    axes: Axes,
    widths: list[int],
    mean: xr.DataArray,
    half: xr.DataArray,
    place: int,
    style: str,
    label: str | None,
) -> None:
    axes.errorbar(
        widths, mean, half, marker=MARKERS[place], color=PALETTE[f"c{place}"], ls=style, lw=1, label=label
    )


def _slope(widths: list[int], means: np.ndarray) -> str:
    """The slope of the means in a legend; nothing where a mean is missing."""
    found = float(np.polyfit(np.log2(widths), np.log2(means), 1)[0]) if np.all(means > 0) else np.nan
    return f", ${found:+.2f}$" if np.isfinite(found) else ""
