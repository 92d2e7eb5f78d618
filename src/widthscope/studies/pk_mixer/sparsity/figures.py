"""Figures of the family `sparsity`: sizes of entries, and how evenly trained mixings are spread."""

import numpy as np
import xarray as xr

from widthscope.plotting import MARKERS, PALETTE, Drawing, new

FORMS = {
    "kronecker": "Kronecker",
    "dense": "dense",
    "even kronecker": "Kronecker, one size at the start",
}


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    return {
        "entry-sizes": entry_sizes(fit["/curves/entry-sizes"].to_dataset()),
        "l1-bias": bias(fit["/curves/l1-bias"].to_dataset()),
    }


def entry_sizes(curve: xr.Dataset) -> Drawing:
    """Densities of sizes of entries, of Kronecker products and Gaussian matrices."""
    figure, *panels = new(height=3.0)
    axes = panels[0]
    for place, form in enumerate(curve["form"].values):
        density = curve["density"].sel(form=form)
        label = FORMS[form] if form == "kronecker" else "Gaussian"
        axes.plot(
            curve["bin"],
            density.where(density > 0),
            color=PALETTE[f"c{place}"],
            drawstyle="steps-mid",
            label=label,
        )
    axes.set_yscale("log")
    axes.set_xlabel("size of an entry over root mean square")
    axes.set_ylabel("density")
    axes.legend()
    found = {form: float(curve["evenness"].sel(form=form)) for form in curve["form"].values}
    side = curve.attrs["side"]
    return Drawing(
        figure,
        f"Sizes of the entries of Kronecker products of two Gaussian {side} x {side} matrices, and of "
        f"Gaussian "
        "matrices of as many entries: more small and more large ones, so that "
        f"$\\|B\\|_1 / (\\sqrt n\\, \\|B\\|_F)$ is {found['kronecker']:.3f} against {found['dense']:.3f}.",
        "Two falling densities on a logarithmic axis; the Kronecker product's is higher near zero and in the "
        "tail.",
    )


def bias(curve: xr.Dataset) -> Drawing:
    """r over the penalty before and after training, by form."""
    figure, *panels = new(height=3.2)
    axes = panels[0]
    places = np.arange(curve.sizes["penalty"])
    for place, (form, label) in enumerate(FORMS.items()):
        one, colour = curve.sel(form=form), PALETTE[f"c{place}"]
        axes.errorbar(
            places, one["final"], one["final_half"], marker=MARKERS[place], color=colour, label=label
        )
        axes.plot(places, one["initial"], color=colour, ls="--", lw=0.9)
    axes.set_xticks(places, [f"{penalty:g}" for penalty in curve["penalty"].values])
    axes.set_ylim(top=1.19)  # room for the legend above the form that begins at one
    axes.set_xlabel("penalty $\\lambda$")
    axes.set_ylabel("$\\|B\\|_1 / (\\sqrt{n}\\, \\|B\\|_F)$")
    axes.legend()
    ends = {
        form: (float(one["initial"][-1]), float(one["final"][-1]))
        for form in ("kronecker", "dense")
        for one in [curve.sel(form=form)]
    }
    return Drawing(
        figure,
        f"How evenly linear mixings of {curve.attrs['dataset']} spread their size over their entries, before "
        f"training (dashed) and after {curve.attrs['epochs']} epochs (points, means over "
        f"{curve.attrs['seeds']} seeds with 99 % intervals). At the largest penalty the Kronecker form went "
        f"from "
        f"{ends['kronecker'][0]:.3f} to {ends['kronecker'][1]:.3f}, the dense one from "
        f"{ends['dense'][0]:.3f} to "
        f"{ends['dense'][1]:.3f}.",
        "Evenness over the penalty for three forms, dashed lines before training and points after it; the "
        "Kronecker form is lowest, and the dense form falls with the penalty.",
    )
