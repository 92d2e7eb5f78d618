"""Figures of the family `similarity`: likeness over density, and singular values."""

import xarray as xr

from widthscope.plotting import PALETTE, Drawing, new
from widthscope.possible_values import limit

ARMS = {
    "mixer": ("mixer", "c1", "-"),
    "sparse": ("sparse, matched", "c0", "-"),
    "dense": ("dense, same width", "c2", "-"),
    "narrow": ("dense, same connections", "c7", "--"),
}


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    return {
        "similarity-features": features(fit["/curves/similarity-features"].to_dataset()),
        "similarity-spectra": spectra(fit["/curves/similarity-spectra"].to_dataset()),
    }


def features(curve: xr.Dataset) -> Drawing:
    """CKA of the mixer with networks by density, and of networks of one kind with each other."""
    figure, *(axes,) = new(height=3.6)
    wide = curve.isel(target=slice(0, 4))
    axes.errorbar(
        wide["density"],
        wide["likeness"],
        wide["likeness_half"],
        marker="o",
        color=PALETTE["c0"],
        label="mixer and a network of its width",
    )
    narrow = curve.sel(target="narrow")
    axes.errorbar(
        [1.0],
        [float(narrow["likeness"])],
        [float(narrow["likeness_half"])],
        marker="s",
        linestyle="none",
        color=PALETTE["c7"],
        label="mixer and a narrower dense one",
    )
    matched = 1 / curve.attrs["side"]
    axes.plot(
        [matched],
        [float(curve["permuted"])],
        marker="^",
        linestyle="none",
        color=PALETTE["c1"],
        label="random-permuted mixer and the matched one",
    )
    own = {"sparser": "own_sparser", "dense": "own_dense", "narrow": "own_narrow"}
    axes.plot(
        [float(curve["density"].sel(target=target)) for target in own],
        [float(curve[name]) for name in own.values()],
        marker="x",
        markeredgewidth=1.4,
        linestyle="none",
        color=PALETTE["ink"],
        label="two of one kind",
    )
    axes.axvline(matched, color=PALETTE["muted"], linewidth=0.8, linestyle=":")
    axes.set_xscale("log", base=2)
    axes.set(xlabel="density of the network compared with", ylabel="likeness of features (CKA)")
    limit(axes, 0, 1)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    found = {str(target): float(curve["likeness"].sel(target=target)) for target in curve["target"].values}
    words = (
        f"The mixer's likeness is {found['sparse']:.3f} at the matching density, {found['sparser']:.3f} "
        f"below it, {found['dense']:.3f} with the dense network of its width and "
        f"{found['narrow']:.3f} with the narrower one; two of the narrower ones "
        f"have {float(curve['own_narrow']):.3f}."
    )
    return Drawing(
        figure,
        f"Likeness of hidden features on {curve.attrs['test']} test images, means over "
        f"{curve.attrs['seeds']} seeds and all layers with 99 % intervals, of a mixer with "
        f"{curve.attrs['side']} tokens and as many channels; the dotted line is its density. {words}",
        f"Likeness over density, with marks for networks of one kind. {words}",
    )


def spectra(curve: xr.Dataset) -> Drawing:
    """Quantiles of singular values before and after training."""
    figure, *panels = new(cols=2, height=2.9, sharey=True)
    for axes, when in zip(panels, ("initial", "trained"), strict=True):
        for arm, (label, colour, style) in ARMS.items():
            axes.plot(
                curve["level"],
                curve["quantile"].sel(when=when, arm=arm),
                style,
                color=PALETTE[colour],
                linewidth=1.2,
                label=label,
            )
        axes.set(title=f"{when} weights", xlabel="level of the quantile")
    panels[0].set_ylabel("singular value over its rms")
    panels[0].legend(fontsize=7.5)
    moved = curve.attrs["moved"]
    top = {
        arm: float(curve["quantile"].sel(when="trained", arm=arm).isel(level=-1))
        for arm in ("mixer", "sparse")
    }
    words = (
        f"Of trained weights the top of the mixer's values is {top['mixer']:.2f}, of the matched sparse "
        f"network's {top['sparse']:.2f}; training moves no arm's values by more than {moved:.3f} (root mean "
        "square)."
    )
    return Drawing(
        figure,
        "Quantiles of the singular values of all mixing matrices, divided by each matrix's root mean square, "
        f"before and after training. {words}",
        f"Two panels with four rising curves that nearly coincide. {words}",
    )
