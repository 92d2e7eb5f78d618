"""Figures of the family `algorithms`."""

import numpy as np
import xarray as xr

from widthscope.plotting import MARKERS, PALETTE, Drawing, new
from widthscope.studies.jacobian_dynamics.algorithms.fit import TOLERANCE

FLOOR = 1e-17
"""Differences of exactly zero are drawn here."""


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    return {"algorithms": agreement(fit["/curves/algorithms"].to_dataset())}


def agreement(curve: xr.Dataset) -> Drawing:
    """Relative differences by model: of matrices and products on the left, of eigenvalues on the right."""
    figure, *panels = new(cols=2, width=7.2, height=3.9, sharey=True)
    models = [str(name) for name in curve["model"].values]
    rows = np.arange(len(models))[::-1]
    ways = (
        (panels[0], {"dense": "matrix", "tangents": "products"}, {"no_softmax": "x", "no_projector": "+"}),
        (panels[1], {"arnoldi": "Arnoldi", "arpack": "ARPACK"}, {"power": "x"}),
    )
    for axes, right, wrong in ways:
        for place, (name, label) in enumerate(right.items()):
            values = np.maximum(curve[name].max("kind").values, FLOOR)
            axes.plot(values, rows, MARKERS[place], color=PALETTE[f"c{place}"], label=label)
            axes.axvline(TOLERANCE[name], color=PALETTE[f"c{place}"], lw=0.9, ls="--")
        for name, marker in wrong.items():
            axes.plot([float(curve[name])], [-1], marker, mew=1.3, color=PALETTE["muted"], label=_WRONG[name])
        axes.set_xscale("log")
        axes.set_ylim(-1.6, len(models) - 0.4)
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    panels[0].set_yticks([*rows, -1], [*models, "wrong ways"])
    panels[0].set_xlabel("difference from autograd, relative")
    panels[1].set_xlabel("distance from LAPACK's eigenvalues, relative")
    largest = {name: _power_of_ten(float(curve[name].max())) for name in TOLERANCE}
    n = int(curve.attrs["tokens"] * curve.attrs["width"])
    return Drawing(
        figure,
        f"Largest relative differences over random, settled and trained states of {n} numbers. Left: the "
        f"closed form of the Jacobian and of products with it against autograd, below ${largest['dense']}$ "
        f"and ${largest['tangents']}$. Right: the {curve.attrs['leading']} leading eigenvalues by Arnoldi on "
        f"tangents and by ARPACK on finite differences against LAPACK, below ${largest['arnoldi']}$ and "
        f"${largest['arpack']}$. Dashed: the tolerances. Below: wrong ways where they show least.",
        "Rows of models with relative differences on logarithmic axes, all left of the dashed tolerances but "
        "those of the wrong ways in the last row, far to the right of them.",
    )


_WRONG = {
    "no_softmax": "no softmax derivative",
    "no_projector": "no radial projector",
    "power": "power iteration",
}


def _power_of_ten(value: float) -> str:
    return f"10^{{{int(np.ceil(np.log10(max(value, FLOOR))))}}}"
