"""Figure of the family `harmful`: the ratio of the position that destroys labels, over the steps."""

import xarray as xr

from widthscope.plotting import PALETTE, Drawing, new

LABELS = {
    "harm0": "harm at the input",
    "harm1": "harm at the first hidden layer",
    "harm2": "harm at the second hidden layer",
    "harm-alone-adaptive": "identity elsewhere",
    "harm-shuffled": "control: labels of the validation shuffled",
    "harm-opposite": "control: sign of the update turned",
    "identity-adaptive": "identity everywhere",
}


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    paths = {name: fit[f"/curves/harmful/{name}"].to_dataset() for name in LABELS}
    figure, *panels = new(width=6.4, height=4.2)
    axes = panels[0]
    for place, (name, label) in enumerate(LABELS.items()):
        path, colour = paths[name], PALETTE[f"c{place}"]
        x, y, half = path["step"].values, path["ratio"].values, path["ratio_half"].values
        axes.plot(x, y, color=colour, label=label, ls="-" if name.startswith("harm") and place < 3 else "--")
        axes.fill_between(x, (y - half).clip(0, 1), (y + half).clip(0, 1), color=colour, alpha=0.15, lw=0)
    first = paths["harm0"]
    axes.axhline(first.attrs["floor"], color=PALETTE["ink"], lw=0.8, ls=":")
    axes.set(xlabel="steps", ylabel="ratio of the harmful position", ylim=(0, 1))
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    last = {name: float(path["ratio"].values[-1]) for name, path in paths.items()}
    return {
        "harmful-ratios": Drawing(
            figure,
            "Ratio of the position at which features are permuted across the batch, labels kept: mean over "
            f"{first.attrs['seeds']} seeds with 99 % bands. It falls to the floor (dotted) wherever it is. "
            "Dashed, and with the harm at the first hidden layer: the identity at the other positions, "
            "controls in which it should win, and the identity everywhere, where ratios only drift.",
            "One panel over the steps. At the end the mean ratio is "
            + ", ".join(f"{last[name]:.2f} with {label}" for name, label in LABELS.items())
            + ".",
        )
    }
