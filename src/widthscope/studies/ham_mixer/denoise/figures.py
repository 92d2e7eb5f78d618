"""Figures of the family `denoise`: energies and errors along the updates, images, receptive fields."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from widthscope.plotting import PALETTE, Drawing, new

ARMS = {"tied": ("tied", "c0", "o"), "untied": ("not tied", "c1", "s")}


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    curves = {arm: fit[f"/curves/denoise/{arm}"].to_dataset() for arm in ARMS}
    shown = fit["/curves/denoise-shown"].to_dataset()
    return {
        "denoise-energy": energies(curves),
        "denoise-images": images(shown),
        "denoise-patterns": patterns(shown),
    }


def energies(curves: dict[str, xr.Dataset]) -> Drawing:
    """Change of the energy and error over the number of updates, tied and not."""
    figure, *panels = new(cols=2, width=7.2, height=3.1)
    left, right = panels
    for arm, curve in curves.items():
        label, colour, marker = ARMS[arm]
        for axes, name in ((left, "change"), (right, "error")):
            mean, half = curve[name].values, curve[f"{name}_half"].values
            updates = curve["updates"].values
            axes.plot(updates, mean, marker=marker, ms=3, lw=1.2, color=PALETTE[colour], label=label)
            axes.fill_between(updates, mean - half, mean + half, color=PALETTE[colour], alpha=0.18, lw=0)
    first = curves["tied"]
    trained_for = int(first.attrs["updates"])
    for axes in (left, right):
        axes.axvline(trained_for, color=PALETTE["muted"], lw=0.9, ls="--")
        axes.set_xlabel("updates")
    left.set_ylabel("energy, from that of the noisy image")
    right.set_ylabel("squared error, normalised images")
    right.set_ylim(bottom=0)
    left.legend(title="couplings", alignment="left")
    change = float(first["change"].sel(updates=trained_for))
    error = first["error"]
    before, after = float(error.sel(updates=0)), float(error.sel(updates=trained_for))
    return Drawing(
        figure,
        f"Memories trained to denoise by {trained_for} updates (dashed), on test images: the energy of the "
        "forward couplings, and the error, means over "
        f"{first.attrs['seeds']} seeds with 99 % intervals. Tied, the energy changes by {change:.1f} and the "
        f"error goes from {before:.3f} to {after:.3f} by then; the training loss went from "
        f"{first.attrs['loss_first']:.2f} to {first.attrs['loss_last']:.2f}.",
        f"Two panels over the number of updates. Left, energies: the tied memory's changes by {change:.1f} "
        f"in {trained_for} updates. Right, errors: the tied memory's goes from {before:.3f} to {after:.3f}.",
    )


def images(shown: xr.Dataset) -> Drawing:
    """Test images: clean, noisy, and after some updates."""
    stages = [int(stage) for stage in shown["stage"].values]
    titles = ["clean", *("noisy" if stage == 0 else f"{stage}" for stage in stages)]
    table = np.concatenate([shown["clean"].values[None], shown["states"].values])
    rows, columns, side = shown.sizes["image"], len(titles), shown.sizes["col"]
    figure, *panels = new(width=0.85 * columns, height=0.8 * rows + 0.3)
    axes = panels[0]
    _picture(axes, mosaic(table.swapaxes(0, 1)), "gray_r", -1.5, 2.5)
    axes.set_xticks([(side + GAP) * column + (side - 1) / 2 for column in range(columns)], titles)
    axes.tick_params(top=True, bottom=False, labeltop=True, labelbottom=False, length=0)
    return Drawing(
        figure,
        f"{rows} test images of the first seed: clean, with noise, and after {_listed(stages[1:])} updates "
        "of the trained tied memory, all normalised.",
        f"A table of {rows} rows of small grey images, from clean and noisy to denoised.",
    )


def patterns(shown: xr.Dataset) -> Drawing:
    """Forward couplings of the hidden units with the largest norm, each as an image."""
    count = shown.sizes["unit"]
    columns = min(8, count)
    rows = count // columns
    figure, *panels = new(width=0.8 * columns, height=0.82 * rows)
    fields = shown["pattern"].values
    largest = float(np.abs(fields).max())
    _picture(
        panels[0],
        mosaic(fields[: rows * columns].reshape(rows, columns, *fields.shape[1:])),
        "RdBu_r",
        -largest,
        largest,
    )
    return Drawing(
        figure,
        f"Receptive fields of the {rows * columns} hidden units with the largest couplings, of the first "
        "seed's trained tied memory: red is positive, blue negative, the largest coupling being "
        f"{largest:.2f}.",
        f"{rows * columns} small images of couplings in red and blue.",
    )


GAP = 1
"""Empty pixels between two images of a mosaic."""


def mosaic(table: np.ndarray) -> np.ndarray:
    """Images (rows, columns, row, col) as one, NaN between them."""
    rows, columns, *side = table.shape
    padded = np.full((rows, columns, *(each + GAP for each in side)), np.nan)
    padded[..., : side[0], : side[1]] = table
    whole = padded.swapaxes(1, 2).reshape(rows * padded.shape[2], columns * padded.shape[3])
    return whole[:-GAP, :-GAP]


def _picture(axes: Axes, pixels: np.ndarray, colours: str, low: float, high: float) -> None:
    axes.imshow(pixels, cmap=colours, vmin=low, vmax=high, interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _listed(numbers: list[int]) -> str:
    words = [str(number) for number in numbers]
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]
