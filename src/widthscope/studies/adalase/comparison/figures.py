"""Figure of the family `comparison`: what each policy gains over uniform choice."""

import numpy as np
import xarray as xr

from widthscope.plotting import MARKERS, PALETTE, Drawing, new

ROWS = ("p0", "p1", "p2", "p3", "p4", "p5", "adaptive")


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    tables = {name: node.to_dataset() for name, node in sorted(fit["/curves/comparison"].children.items())}
    figure, *panels = new(width=6.8, height=4.4)
    axes = panels[0]
    said = []
    policies = [name for name in ROWS if any(name in table["policy"].values for table in tables.values())]
    for place, policy in enumerate(policies):
        shift = 0.7 * (place / max(1, len(policies) - 1) - 0.5)
        rows = [row for row, table in enumerate(tables.values()) if policy in table["policy"].values]
        chosen = [list(tables.values())[row].sel(policy=policy) for row in rows]
        axes.errorbar(
            [100 * float(each["gain"]) for each in chosen],
            np.array(rows) + shift,
            xerr=[100 * float(each["gain_half"]) for each in chosen],
            ls="",
            lw=1.0,
            marker=MARKERS[place % len(MARKERS)],
            color=PALETTE["ink"] if policy == "adaptive" else PALETTE[f"c{place}"],
            label="adaptive" if policy == "adaptive" else f"position {policy.removeprefix('p')}",
        )
    for name, table in tables.items():
        said.append(f"{_words(name)} {100 * float(table['gain'].sel(policy='adaptive')):+.1f}")
    axes.axvline(0, color=PALETTE["ink"], lw=0.8, ls=":")
    axes.set_yticks(range(len(tables)), [_words(name) for name in tables])
    axes.invert_yaxis()
    axes.set_xlabel("test accuracy less that of uniform choice (points)")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=5)
    seeds = sorted({int(table.attrs["seeds"]) for table in tables.values()})
    count = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
    return {
        "comparison-gains": Drawing(
            figure,
            "Test accuracy with the operation fixed at each position, and with adaptive choice, less that of "
            f"uniform choice, paired over {count} seeds, with 99 % intervals. Position 0 is the input. "
            "Perceptrons are trained on n images; flips are of a convolutional network.",
            "One panel, a row for each setting. Adaptive less uniform choice in points: "
            + "; ".join(said)
            + ".",
        )
    }


def _words(name: str) -> str:
    if "-n" not in name:
        return name.replace("-", " ")
    operation, images = name.rsplit("-n", 1)
    return f"{operation}, n = {images}"
