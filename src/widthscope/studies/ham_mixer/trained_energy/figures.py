"""Figure of the family `trained_energy`."""

import numpy as np
import xarray as xr

from widthscope.plotting import PALETTE, SERIES, Drawing, new

ARMS = ("sym", "para", "neg", "parasym")


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    curves = fit["/curves/trained-energy"]
    units = [unit for unit in ("relu", "gelu") if unit in curves.children]
    shown = units[-1]
    figure, *panels = new(cols=len(ARMS), height=2.5, sharey=True)
    words = []
    for axes, arm in zip(panels, ARMS, strict=True):
        table = curves[f"{shown}/{arm}"].to_dataset().load()
        for place, energy in enumerate(table["energy"].values):
            span = float(np.ptp(energy))
            scaled = (energy - energy.min()) / (span if span > 0 else 1.0)
            axes.plot(range(len(energy)), scaled, color=PALETTE[SERIES[place % len(SERIES)]], linewidth=1.1)
        axes.set_title(table.attrs["label"])
        axes.set_xlabel("application")
        words.append(f"{table.attrs['label']} {table.attrs['risen']:.2f}")
    panels[0].set_ylabel("energy, over its range")
    first = curves[f"{shown}/sym"].to_dataset()
    caption = (
        f"Energies of the forward matrices along applications of a trained network's first block "
        f"({'GELU' if shown == 'gelu' else 'ReLU'}; {first.attrs['blocks']} blocks, {first.attrs['epochs']} "
        f"epochs of {first.attrs['train']} images of {first.attrs['dataset']}), for "
        f"{first.sizes['shown']} test images of one seed, "
        f"each over its own range. Share of all images whose energy rose, means over {first.attrs['seeds']} "
        f"seeds: {', '.join(words)}."
    )
    return {
        "energy-trained": Drawing(figure, caption, f"Four panels of energies against applications. {caption}")
    }
