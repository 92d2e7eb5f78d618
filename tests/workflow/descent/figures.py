"""The figures, drawn from the fit alone."""

import xarray as xr

from widthscope.plotting import Drawing, new


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    figure, axes = new()
    axes.plot([0, 1], [0, 1])
    return {"weights": Drawing(figure, caption="Weights.", alt="A line.")}
