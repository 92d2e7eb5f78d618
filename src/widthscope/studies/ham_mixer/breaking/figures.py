"""Figures of the family `breaking`: accuracy and symmetry over the penalty, and over training."""

from collections.abc import Mapping

import xarray as xr
from matplotlib.axes import Axes

from widthscope.plotting import PALETTE, Drawing, new
from widthscope.possible_values import limit
from widthscope.studies.ham_mixer.breaking.fit import NAMES

Curves = Mapping[str, xr.Dataset]
COLOURS = {"asym": "c0", "anti": "c1", "sym": "c7", "para": "c2", "parasym": "c3", "sym2": "c4"}
MARKS = {"asym": "o", "anti": "s", "sym": "D", "para": "^", "parasym": "v", "sym2": "P"}


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    curves = {str(arm): node.to_dataset() for arm, node in fit["/curves/breaking"].children.items()}
    gradients = float(fit["/curves/breaking-gradients"].attrs["mean"])
    return {
        "breaking-penalty": over_penalty(curves),
        "breaking-time": over_time(curves, gradients),
        "breaking-recovery": by_arm(curves),
    }


def over_penalty(curves: Curves) -> Drawing:
    """Test accuracy and asymmetry after training against the penalty."""
    figure, *panels = new(cols=2, width=7.2, height=3.2)
    left, right = panels
    penalties = [float(p) for p in curves["asym"]["penalty"].values]
    places = range(len(penalties))
    for arm in ("asym", "anti"):
        accuracy = curves[arm].sel(part="test")
        final = curves[arm].isel(epoch=-1)
        at = [penalties.index(float(p)) for p in curves[arm]["penalty"].values]
        for axes, table, name in ((left, accuracy, "accuracy"), (right, final, "asymmetry")):
            axes.errorbar(
                at,
                table[name],
                table[f"{name}_half"],
                marker=MARKS[arm],
                lw=1.2,
                color=PALETTE[COLOURS[arm]],
                label=NAMES[arm],
            )
    for arm in ("sym", "para"):
        level = curves[arm]["accuracy"].sel(penalty=0.0, part="test")
        left.axhline(float(level), color=PALETTE[COLOURS[arm]], lw=1.2, ls="--", label=NAMES[arm])
    for axes in panels:
        axes.set_xticks(list(places), [f"{p:g}" for p in penalties])
        axes.set_xlabel("penalty $\\lambda$")
    left.set_ylabel("test accuracy")
    right.set_ylabel("asymmetry $A$")
    for axes in panels:
        limit(axes, 0.0, 1.0)
    figure.legend(*left.get_legend_handles_labels(), fontsize=7.5, loc="outside lower center", ncols=4)
    ends = {arm: _ends(curves[arm]) for arm in ("asym", "anti")}
    symmetry = curves["asym"]["asymmetry"].isel(epoch=-1)
    told = ", ".join(f"{float(value):.2f}" for value in symmetry.values)
    tied = float(curves["sym"]["accuracy"].sel(penalty=0.0, part="test"))
    return Drawing(
        figure,
        f"Mixers of {_setting(curves['asym'])}: test accuracy (left) and asymmetry (right) after "
        "training against the penalty on what is added to the transposes, and to minus the transposes; means "
        f"over {curves['asym'].attrs['seeds']} seeds with 99 % intervals. "
        f"Accuracy goes from {ends['asym'][0]:.3f} to {ends['asym'][1]:.3f} with the tie and from "
        f"{ends['anti'][0]:.3f} to {ends['anti'][1]:.3f} with the anti-tie; symmetric couplings alone have "
        f"{tied:.3f}.",
        f"Two panels over the penalty. Left, accuracies. Right, asymmetry with the tie: {told}.",
    )


def over_time(curves: Curves, gradients: float) -> Drawing:
    """Asymmetry and alignment by epoch of training."""
    figure, *panels = new(cols=2, width=7.2, height=3.2)
    largest = float(curves["asym"]["penalty"].values[-1])
    cases = [
        ("para", 0.0, NAMES["para"], "-"),
        ("parasym", 0.0, NAMES["parasym"], "-"),
        ("asym", 0.0, f"{NAMES['asym']}, no penalty", "-"),
        ("asym", largest, f"{NAMES['asym']}, penalty {largest:g}", "--"),
    ]
    for arm, penalty, label, line in cases:
        table = curves[arm].sel(penalty=penalty)
        for axes, name in zip(panels, ("asymmetry", "alignment"), strict=True):
            _band(axes, table, name, arm, label, line)
    epochs = [int(epoch) for epoch in curves["para"]["epoch"].values]
    for axes in panels:
        axes.set_xscale("symlog", linthresh=1)
        axes.set_xticks(epochs, [str(epoch) for epoch in epochs])
        axes.set_xlabel("epoch")
    panels[0].set_ylabel("asymmetry $A$")
    panels[1].set_ylabel("alignment $\\rho$")
    limit(panels[0], 0.0, 1.0)
    limit(panels[1], -1.0, 1.0)
    figure.legend(
        *panels[0].get_legend_handles_labels(),
        fontsize=7.5,
        loc="outside lower center",
        ncols=len(cases) // 2,
    )
    told = _along(curves["parasym"].sel(penalty=0.0), "asymmetry")
    aligned = _along(curves["parasym"].sel(penalty=0.0), "alignment")
    return Drawing(
        figure,
        f"Mixers of {_setting(curves['para'])}: asymmetry and alignment of forward and backward couplings "
        f"through training, means over blocks, pairs and {curves['para'].attrs['seeds']} seeds with 99 % "
        f"intervals. From tied couplings the asymmetry goes over {told}; their gradients' own relative "
        f"asymmetry at the start is {gradients:.2f} on average.",
        f"Two panels over epochs. From tied couplings, asymmetry {told}, alignment {aligned}.",
    )


def by_arm(curves: Curves) -> Drawing:
    """Training and test accuracy of every arm without a penalty."""
    arms = ("sym", "sym2", "asym", "parasym", "para", "anti")
    figure, *panels = new(width=6.4, height=2.9)
    axes = panels[0]
    for place, arm in enumerate(reversed(arms)):
        table = curves[arm].sel(penalty=0.0)
        for part, shift, marker, colour in (("test", -0.12, "o", "c0"), ("train", 0.12, "s", "c7")):
            one = table.sel(part=part)
            axes.errorbar(
                float(one["accuracy"]),
                place + shift,
                xerr=float(one["accuracy_half"]),
                marker=marker,
                ls="none",
                color=PALETTE[colour],
                label={"test": "test", "train": "training"}[part] if place == 0 else None,
            )
    axes.set_yticks(range(len(arms)), [NAMES[arm] for arm in reversed(arms)])
    axes.set_xlabel("accuracy")
    limit(axes, 0.0, 1.0, along="x")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    told = ", ".join(
        f"{NAMES[arm]} {float(curves[arm]['accuracy'].sel(penalty=0.0, part='test')):.3f}" for arm in arms
    )
    return Drawing(
        figure,
        f"Mixers of {_setting(curves['para'])}: accuracy after training by couplings, nothing being "
        f"penalised, means over seeds with 99 % intervals. On test images: {told}.",
        f"Points by arm; test accuracies: {told}.",
    )


def _band(axes: Axes, table: xr.Dataset, name: str, arm: str, label: str, line: str) -> None:
    epochs, mean, half = table["epoch"].values, table[name].values, table[f"{name}_half"].values
    colour = PALETTE[COLOURS[arm]]
    axes.plot(epochs, mean, line, marker=MARKS[arm], ms=3.5, lw=1.2, color=colour, label=label)
    axes.fill_between(epochs, mean - half, mean + half, color=colour, alpha=0.18, lw=0)


def _setting(curve: xr.Dataset) -> str:
    """What a curve's networks are and what they learned."""
    own = curve.attrs
    return (
        f"{own['blocks']} block{'s' if own['blocks'] > 1 else ''} trained for {own['epochs']} epochs on "
        f"{own['train']} images of {own['dataset']}"
    )


def _ends(curve: xr.Dataset) -> tuple[float, float]:
    values = curve["accuracy"].sel(part="test").values
    return float(values[0]), float(values[-1])


def _along(table: xr.Dataset, name: str) -> str:
    return ", ".join(f"{float(value):.2f}" for value in table[name].values)
