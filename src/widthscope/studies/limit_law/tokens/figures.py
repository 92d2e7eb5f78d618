"""Figures on token Grams."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from scipy.special import kolmogi

from widthscope.plotting import MARKERS, PALETTE, Drawing, new, width_axis
from widthscope.studies.limit_law.series import last, line, part


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    return {name: drawing(fit[f"/curves/{name}"].to_dataset()) for name, drawing in DRAWN.items()}


def relu(curve: xr.Dataset) -> Drawing:
    """KS distance of outputs on ReLU tokens from two limit laws, over the width."""
    figure, *panels = new(cols=3, height=3.1, sharey=True)
    draws = int(curve.attrs["draws"])
    names = {"y1": "one token $y_1$", "y1-y2": "difference $y_1 - y_2$", "y1·y2": "product $y_1 y_2$"}
    for place, (axes, (name, title)) in enumerate(zip(panels, names.items(), strict=True)):
        # The law of one token is exact; the other two are samples of the same size.
        chance = float(kolmogi(0.01)) * np.sqrt((1 if place == 0 else 2) / draws)
        axes.axhspan(1e-4, chance, color=PALETTE["band"], lw=0, label="chance alone (99 %)")
        line(axes, curve, f"own {name}", color=PALETTE["c0"], marker="o", label="limit for $K = aI + b11^T$")
        line(axes, curve, f"wrong {name}", color=PALETTE["c1"], marker="s", label="limit for $K = I/2$")
        width_axis(axes, [int(n) for n in part(curve, f"own {name}")["x"].values])
        axes.set_yscale("log")
        axes.set_ylim(1e-3, 0.5)
        axes.set_title(title)
    panels[0].set_ylabel("KS distance")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return Drawing(
        figure,
        "Kolmogorov-Smirnov distance between outputs of a layer on ReLU tokens and two limit laws, "
        f"{draws:,} draws: that for $K = aI + b11^T$, and that for $K = I/2$, whose scores are independent. "
        "The band is what chance alone fills in 99 % of cases.",
        "Three panels, KS distance against width on logarithmic axes. At the largest width one token is at "
        f"{last(curve, 'own y1'):.2g} from the right limit. From the wrong law one token is at "
        f"{last(curve, 'wrong y1'):.2g}, differences at {last(curve, 'wrong y1-y2'):.2g} and products at "
        f"{last(curve, 'wrong y1·y2'):.2g}.",
    )


def images(curve: xr.Dataset) -> Drawing:
    """Measured variance and excess kurtosis of every token beside those predicted from its Gram."""
    figure, *panels = new(cols=2, height=3.4)
    left, right = panels
    _scatter(left, curve["uniform"], curve["variance"], "c1", "s", "uniform attention")
    _scatter(left, curve["predicted_variance"], curve["variance"], "c0", "o", "limit law")
    _scatter(right, curve["predicted_kurtosis"], curve["kurtosis"], "c0", "o", "limit law")
    for axes, name, label in ((left, "variance", "variance"), (right, "kurtosis", "excess kurtosis")):
        axes.plot(*[_range(curve, name)] * 2, color=PALETTE["muted"], linestyle="--", linewidth=1)
        axes.set_xlabel(f"predicted {label}")
        axes.set_ylabel(f"measured {label}")
        axes.legend()
    attrs = curve.attrs
    return Drawing(
        figure,
        f"Variance and excess kurtosis of the outputs for {attrs['images']} images, each row of pixels a "
        f"token, measured at $n = {attrs['width']}$ and predicted from the Gram alone. Slopes are "
        f"{attrs['variance_slope']:.4f} and {attrs['kurtosis_slope']:.3f}; the limit law leaves out the "
        "correction of finite width to the kurtosis, about $6/n$ for one head. Uniform attention predicts "
        f"variances {100 * attrs['uniform_error']:.2g} % off.",
        f"Two scatter plots with a dashed diagonal, one point per token, {curve.sizes['token']} in each. "
        "Left: measured against predicted variance, with a root mean square error of "
        f"{100 * attrs['error']:.2g} % for the limit law and {100 * attrs['uniform_error']:.2g} % for "
        "uniform "
        f"attention. Right: measured against predicted excess kurtosis, of slope "
        f"{attrs['kurtosis_slope']:.3f}.",
    )


def joint(curve: xr.Dataset) -> Drawing:
    """KS distance of every law of the scores from the finite layer, by functional."""
    figure, *panels = new(height=3.2)
    axes = panels[0]
    chance = float(kolmogi(0.01)) * np.sqrt(2 / curve.attrs["draws"])
    axes.axvspan(1e-4, chance, color=PALETTE["band"], lw=0, label="chance alone (99 %)")
    functionals = [str(name) for name in curve["functional"].values]
    rows = np.arange(len(functionals))[::-1]
    for place, law in enumerate(str(name) for name in curve["law"].values):
        label = "$P \\sim N(0, K \\otimes K)$" if law == "limit" else law
        shift = 0.12 * (1.5 - place)
        axes.plot(
            curve["ks"].sel(law=law),
            rows + shift,
            MARKERS[place],
            color=PALETTE[f"c{place}"],
            label=label,
        )
    axes.set_yticks(rows, [f"${_subscripted(name)}$" for name in functionals])
    axes.set_xscale("log")
    axes.set_xlim(1e-3, 1)
    axes.set_xlabel("KS distance from the finite layer")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    single, differences = ["y3", "y4"], ["y3-y4", "y1-y8"]
    wrong = curve["ks"].drop_sel(law="limit")
    limit = curve["ks"].sel(law="limit")
    return Drawing(
        figure,
        f"Image {curve.attrs['image']} as eight tokens: KS distance between the layer of width "
        f"{curve.attrs['width']} and four laws of the scores, {curve.attrs['draws']:,} draws each. In single "
        f"tokens all laws are within {float(curve['ks'].sel(functional=single).max()):.2g}; in differences "
        "of "
        f"tokens the limit law is within {float(limit.sel(functional=differences).max()):.2g}, and those "
        "whose scores depend on each other in a wrong way are at "
        f"{float(wrong.sel(functional=differences).min()):.2g} and more.",
        f"KS distance on a logarithmic axis for five functionals as rows; the band of chance ends at "
        f"{chance:.2g}. For the two differences of tokens the three wrong laws lie between "
        f"{float(wrong.sel(functional=differences).min()):.2g} and "
        f"{float(wrong.sel(functional=differences).max()):.2g}, and the limit law is at most "
        f"{float(limit.sel(functional=differences).max()):.2g}.",
    )


def _scatter(axes: Axes, x: xr.DataArray, y: xr.DataArray, colour: str, marker: str, label: str) -> None:
    axes.plot(x, y, marker, color=PALETTE[colour], label=label, markersize=3, alpha=0.7)


def _range(curve: xr.Dataset, name: str) -> tuple[float, float]:
    """Smallest and largest measured or predicted value."""
    values = np.concatenate([curve[name].values, curve[f"predicted_{name}"].values])
    return float(values.min()), float(values.max())


def _subscripted(functional: str) -> str:
    """Indices below the line and a thin space for the product: y3·y4 becomes y_3 \\, y_4."""
    return functional.replace("y", "y_").replace("·", "\\, ").replace("-", " - ")


DRAWN = {"tokens-relu": relu, "tokens-images": images, "tokens-joint": joint}
