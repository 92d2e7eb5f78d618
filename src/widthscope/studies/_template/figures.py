"""The figures, drawn from the fit alone."""

import xarray as xr

from widthscope.plotting import PALETTE, Drawing, new, width_axis


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    curves = fit["/curves/variance"].to_dataset()
    widths = [int(width) for width in curves["width"]]
    figure, *panels = new()
    axes = panels[0]
    axes.plot(widths, curves["prediction"], color=PALETTE["ink"], label="2/n")
    for name, colour, label in (("variance", "c0", "Gaussian weights"), ("control", "c1", "shared scale")):
        axes.errorbar(
            widths,
            curves[name],
            2 * curves[f"{name}_error"],
            fmt="o",
            color=PALETTE[colour],
            label=label,
        )
    width_axis(axes, widths)
    axes.set_yscale("log")
    axes.set_ylabel("variance of the mean square output")
    axes.legend()
    return {
        "variance": Drawing(
            figure,
            caption="The variance of a layer's mean square output falls as $2/n$. With a random scale that "
            "all weights share it does not fall below the variance of that scale. Bars: two standard errors.",
            alt="Log-log plot of variance against width. Points for Gaussian weights lie on the line 2/n; "
            "points for weights with a shared scale level off near 0.25.",
        )
    }
