"""Whose slope on the width leaves zero: per layer, from one slope a seed, with a margin fixed beforehand."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr

from widthscope.coordinate_check.recording import OUTPUT
from widthscope.coordinate_check.request import DivergedError
from widthscope.coordinate_check.shapes import Kind
from widthscope.coordinate_check.training import NEVER
from widthscope.statistics.intervals import batch_means

Verdict = Literal["flat", "grows", "shrinks", "undecided", "still"]
"""still: the layer's output does not change, or is zero, at every width."""

MARGIN = 0.125
"""A quarter of the distance 1/2 between the exponents of neighbouring parameterisations."""
LEVEL = 0.95
"""Of the intervals, jointly over all layers, at the start and in change."""
LEAST_CHANGE = 1e-5
"""Smallest change relative to the output that single precision tells from rounding."""


@dataclass(frozen=True)
class Slope:
    """Slope of log2 of a quantity on log2 width, and what it says.

    Attributes:
        value: mean over seeds; NaN where a quantity was 0.
        low, high: ends of the joint interval.
        verdict: by `MARGIN`.
    """

    value: float
    low: float
    high: float
    verdict: Verdict


@dataclass(frozen=True)
class LayerVerdict:
    """What is known of one layer.

    Attributes:
        layer: name.
        kind: of the layer.
        start: of mean |h(0)|.
        change: of mean |h(T) - h(0)|.
        spread: largest over smallest of the change's means over seeds.
        faint: whether the change is lost in rounding at some width.
    """

    layer: str
    kind: Kind
    start: Slope
    change: Slope
    spread: float
    faint: bool

    @property
    def start_is_wrong(self) -> bool:
        """Whether the output at initialisation leaves order one; a readout's may shrink."""
        return self.start.verdict == "grows" or (self.start.verdict == "shrinks" and self.kind != "output")

    @property
    def broken(self) -> bool:
        """Whether a slope leaves zero."""
        return self.change.verdict in ("grows", "shrinks") or self.start_is_wrong

    @property
    def passes(self) -> bool:
        """Whether the change was shown to be flat, and nothing is wrong at the start."""
        return self.change.verdict in ("flat", "still") and not self.start_is_wrong


@dataclass(frozen=True)
class Check:
    """A coordinate check, judged.

    Attributes:
        layers: in the order in which the model calls them.
        step: T at which changes are judged: the last at which all members were finite.
        diverged: (width, seed, step) of members that were not.
        slopes: of the change per step, `slope` (step, layer) with `half` its interval's half-width.
    """

    layers: tuple[LayerVerdict, ...]
    step: int
    diverged: tuple[tuple[int, int, int], ...]
    slopes: xr.Dataset

    @property
    def passes(self) -> bool:
        """Whether every layer was shown to be flat, and no member diverged."""
        return not self.diverged and all(layer.passes for layer in self.layers)


def judge(table: xr.Dataset, kinds: dict[str, Kind]) -> Check:
    """Judge every layer.

    Args:
        table: what `training.record` returned.
        kinds: of the modules; "" is the model itself.

    Raises:
        DivergedError: if all members diverged, or no step is left at which all were finite.
    """
    steps = table["diverged_step"].values
    fallen = [(int(w), int(s)) for w, s in np.argwhere(steps != NEVER)]
    diverged = tuple((int(table["width"][w]), int(table["seed"][s]), int(steps[w, s])) for w, s in fallen)
    last = min((step - 1 for _, _, step in diverged), default=table.sizes["step"] - 1)
    if len(diverged) == steps.size:
        raise DivergedError(
            f"all {steps.size} members diverge, the first at step {last + 1}; take a smaller learning rate"
        )
    if last < 1:
        widths = ", ".join(str(width) for width in dict.fromkeys(width for width, _, _ in diverged))
        raise DivergedError(
            f"members of width {widths} diverge at step 1, so that no step is left to judge; take a smaller "
            "learning rate"
        )
    layers = tuple(_layer(table, str(name), kinds, last) for name in table["layer"].values)
    return Check(layers, last, diverged, _by_step(table, last))


def slopes_per_seed(widths: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Least-squares slopes (seed, ...) of log2 values (width, seed, ...) on log2 widths; NaN beside a 0."""
    x = np.log2(widths.astype(float))
    x = x - x.mean()
    with np.errstate(divide="ignore", invalid="ignore"):
        y = np.where(values > 0, np.log2(values), np.nan)
    return np.asarray(np.tensordot(x, y, axes=(0, 0)) / (x @ x))


def _layer(table: xr.Dataset, name: str, kinds: dict[str, Kind], step: int) -> LayerVerdict:
    at = table.sel(layer=name)
    now = at.sel(step=step)
    comparisons = 2 * table.sizes["layer"]
    means = now["change_l1"].mean("seed").values
    with np.errstate(over="ignore"):  # a readout may start at zero
        relative = now["change_rms"].mean("seed").values / np.maximum(
            at["rms"].sel(step=0).mean("seed").values, np.finfo(float).tiny
        )
    faint = bool((relative < LEAST_CHANGE).any()) and bool((means > 0).any())
    return LayerVerdict(
        name,
        kinds.get(module_of(name), "fixed"),
        _slope(table, at["l1"].sel(step=0), comparisons),
        _slope(table, now["change_l1"], comparisons, faint),
        float(means.max() / means.min()) if means.min() > 0 else np.nan,
        faint,
    )


def module_of(layer: str) -> str:
    """Name of the module that a recorded layer is the output of; "" for the model's own."""
    return "" if layer == OUTPUT else layer.partition("[")[0].partition(" (call ")[0]


def _slope(table: xr.Dataset, values: xr.DataArray, comparisons: int, faint: bool = False) -> Slope:
    ordered = values.transpose("width", "seed").values
    if not ordered.any():
        return Slope(np.nan, np.nan, np.nan, "still")
    estimate = batch_means(slopes_per_seed(table["width"].values, ordered))
    low, high = (float(end) for end in estimate.interval(LEVEL, comparisons))
    return Slope(float(estimate.value), low, high, "undecided" if faint else verdict_of(low, high))


def verdict_of(low: float, high: float) -> Verdict:
    """What an interval of a slope says: inside the margin, wholly above or below it, or neither."""
    if low >= -MARGIN and high <= MARGIN:
        return "flat"
    if low > MARGIN:
        return "grows"
    return "shrinks" if high < -MARGIN else "undecided"


def _by_step(table: xr.Dataset, last: int) -> xr.Dataset:
    """Slopes of the change at every step, with half-widths as those of the verdicts."""
    kept = table["change_l1"].sel(step=slice(1, last)).transpose("width", "seed", "step", "layer")
    estimate = batch_means(slopes_per_seed(table["width"].values, kept.values))
    low, _ = estimate.interval(LEVEL, 2 * table.sizes["layer"])
    dims = ("step", "layer")
    coords = {"step": kept["step"], "layer": kept["layer"]}
    return xr.Dataset({"slope": (dims, estimate.value), "half": (dims, estimate.value - low)}, coords=coords)
