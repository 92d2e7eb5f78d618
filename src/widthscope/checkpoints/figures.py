"""Figures of a checkpoint: its spectra against the law at initialisation, and its heads layer by layer."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.patches import Circle, Patch, PathPatch
from matplotlib.path import Path as Outline
from matplotlib.ticker import FuncFormatter, MaxNLocator

from widthscope.attention.gram import FloatArray
from widthscope.checkpoints.notable import counts, notable
from widthscope.plotting import PALETTE, Drawing, new, shades
from widthscope.spectra import radial_law

POINTS = 2000
"""Eigenvalues drawn as points, at most; those of heads spread evenly over the model."""
SHOWN = 6
"""Heads whose spectra are drawn one by one."""
SCORE_STEPS = (3.0, 10.0, 30.0, 100.0)
CONCENTRATION_STEPS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
ENTROPY_STEPS = (0.3, 0.5, 0.7, 0.8, 0.9, 0.95)
DISTANCE_STEPS = (2.0, 3.0, 5.0, 10.0, 15.0)
"""In units of the mean by chance; about one head in a thousand exceeds twice the mean by chance."""


def draw(table: xr.Dataset) -> dict[str, Drawing]:
    """Drawings by name; none of a checkpoint that could not be analysed.

    Args:
        table: what `widthscope.checkpoints.analysis.analyse` returns, or the reason in its place.
    """
    if "failure" in table.attrs:
        return {}
    drawings = {"spectrum": spectrum(table), "heads": heads(table)}
    if notable(table):
        drawings["notable"] = notable_spectra(table)
    if "rotary_trace" in table and _with_trace(table).any():
        drawings["rotary"] = rotary(table)
    return drawings


def spectrum(table: xr.Dataset) -> Drawing:
    """Eigenvalues of heads spread over the model in the plane, and the radii of all, against the law."""
    eigenvalues, aspect = _in_edges(table), _aspect(table)
    drawn = eigenvalues[_spread(len(eigenvalues), max(1, POINTS // eigenvalues.shape[1]))]
    radius = np.abs(eigenvalues)
    figure, *panels = new(cols=2, height=3.1)
    plane, line = panels
    frame = _frame(radius)
    _plane(plane, drawn.ravel(), frame, PALETTE["c0"])
    plane.set_title(f"{len(drawn)} of {len(eigenvalues)} heads")

    at = np.linspace(0, frame, 121)
    fractions = (
        np.array([np.searchsorted(np.sort(row), at, side="right") for row in radius]) / radius.shape[1]
    )
    low, high = np.quantile(fractions, [0.1, 0.9], axis=0)
    line.fill_between(at, low, high, color=PALETTE["band"], linewidth=0, label="80 % of heads")
    line.plot(at, fractions.mean(0), color=PALETTE["c0"], label="all heads")
    line.plot(
        at,
        radial_law.cdf(at * np.sqrt(aspect), aspect),
        color=PALETTE["muted"],
        linestyle="--",
        label="initial law",
    )
    line.set_xlim(0, frame)
    line.set_ylim(0, 1.02)
    line.set_xlabel("$|\\lambda|$ / edge")
    line.set_ylabel("fraction of eigenvalues within")
    line.legend(loc="lower right")
    beyond, inside = float((radius > 1).mean()), float((fractions.mean(0))[np.searchsorted(at, 0.5)])
    expected = float(radial_law.cdf(0.5 * np.sqrt(aspect), aspect))
    outside = int((radius > frame).sum())
    note = f" {outside} of {radius.size} eigenvalues lie outside the frame." if outside else ""
    return Drawing(
        figure,
        "Eigenvalues $\\lambda$ of $W = W_Q^\\top W_K/\\sqrt{d_h}$, each head in units of the edge (circle, "
        "dashed) that the law at initialisation has at the head’s own norm. Left: single eigenvalues in the "
        "complex plane; some on the real line are expected at any finite size. Right: fraction within a "
        f"radius, against that law.{note}",
        f"Two panels. Left: eigenvalues of {len(drawn)} heads in the complex plane around a circle of "
        "radius one. Right: fraction of eigenvalues within a radius; within half the edge lie "
        f"{inside:.0%}, by the law {expected:.0%}, and {beyond:.1%} lie beyond the edge.",
    )


def heads(table: xr.Dataset) -> Drawing:
    """One cell for each head, layer by layer: trace score, concentration, entropy forecast, departure."""
    panels = [name for name in _MAPS if name in table]
    layers, count = table.sizes["layer"], table.sizes["head"]
    rows = (len(panels) + 1) // 2
    height = float(np.clip(1.9 * layers / max(count, 1), 1.2, 4.5)) + 0.8
    figure, *axes = new(rows=rows, cols=2, height=rows * height)
    for spare in axes[len(panels) :]:
        spare.set_axis_off()
    for name, panel in zip(panels, axes, strict=False):
        shown = _MAPS[name]
        if shown.steps is None:
            _signed_map(panel, table[name].values)
        else:
            unit = float(table.attrs["ks_by_chance"]) if name == "ks" else 1.0
            _map(panel, table[name].values / unit, shown.steps, shown.faint_is_large)
        panel.set_title(shown.title)
    for place, panel in enumerate(axes[: len(panels)]):
        panel.set_ylabel("layer" if place % 2 == 0 else "")
        panel.set_xlabel("head" if place + 2 >= len(panels) else "")
    score = table["trace_score"].values
    return Drawing(
        figure,
        "Every head, one cell each, the first layer, 0, at the top. "
        + " ".join(_MAPS[name].says for name in panels),
        f"{len(panels)} maps of {layers} layers by {count} heads. Trace scores go from "
        f"{np.nanmin(score):.1f} to {np.nanmax(score):.1f}, and {np.nanmean(np.abs(score) >= 3):.0%} of the "
        "heads are at least 3 away from zero; the largest concentration is "
        f"{np.nanmax(table['concentration'].values):.2g}.",
    )


def notable_spectra(table: xr.Dataset) -> Drawing:
    """Eigenvalues of the first heads worth a look, each in the plane, against the edge of the law."""
    found = notable(table)[:SHOWN]
    columns = min(3, len(found))
    rows = -(-len(found) // columns)
    figure, *axes = new(rows=rows, cols=columns, height=2.35 * rows)
    edges = _head_edges(table)
    for panel, head in zip(axes, found, strict=False):
        column = int(np.flatnonzero(table["head"].values == head.head)[0])
        own = table["eigenvalues"].values[head.place, column] / edges[head.place, column]
        own = own[np.isfinite(own)]
        reach = max(1.2, 1.1 * float(np.abs(own).max()))
        _plane(panel, own, reach, PALETTE["c1"], size=9)
        panel.set_title(f"layer {head.place}, head {head.head}")
        panel.set_xlabel("")
        panel.set_ylabel("")
    for spare in axes[len(found) :]:
        spare.set_axis_off()
    said = "; ".join(f"layer {head.place}, head {head.head}" for head in found)
    return Drawing(
        figure,
        "Eigenvalues of the first heads of the list, each in the complex plane and in units of the edge at "
        "its own norm (dashed circle). Layers are counted from 0. Points far to the right favour keys like "
        "the query, far to the left avoid them; pairs beside the real axis rotate.",
        f"{len(found)} panels with the eigenvalues of one head each, around a circle of radius one: {said}.",
    )


def rotary(table: xr.Dataset) -> Drawing:
    """Trace of W over the offset of two tokens, for heads whose content matrix has a trace."""
    curves = table["rotary_trace"].values[_with_trace(table)]
    share = curves / curves[:, :1]
    offsets = -table["offset"].values
    figure, *panels = new(width=4.6, height=2.9)
    axes = panels[0]
    low, middle, high = np.quantile(share, [0.1, 0.5, 0.9], axis=0)
    axes.fill_between(offsets, low, high, color=PALETTE["band"], linewidth=0, label="80 % of heads")
    axes.plot(offsets, middle, color=PALETTE["c0"], marker="o", label="median")
    axes.axhline(0, color=PALETTE["muted"], linewidth=0.8)
    axes.set_xscale("symlog", base=2, linthresh=1)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))
    axes.set_xlabel("tokens between query and key")
    axes.set_ylabel("trace of $W$, relative")
    axes.legend()
    return Drawing(
        figure,
        "Rotary positions give a matrix for each offset of the key. The trace of $W$ at an offset over that "
        f"at none, for the {len(share)} heads whose content matrix has a trace beyond chance: where it "
        "falls, the positions alone localise attention.",
        f"Relative trace against offset; its median falls from 1 at no offset to {middle[-1]:.2f} at "
        f"{offsets[-1]} tokens.",
    )


@dataclass(frozen=True)
class _Panel:
    """One panel of `heads`: its title, its words in the caption, and its steps (None: by sign and size)."""

    title: str
    says: str
    steps: tuple[float, ...] | None = None
    faint_is_large: bool = False


_MAPS = {
    "trace_score": _Panel(
        "trace score $z$",
        "Trace score: blue where a head favours keys that resemble the query, orange where it avoids them, "
        "grey within 3 standard deviations of chance.",
    ),
    "concentration": _Panel(
        "concentration $\\kappa$", "Concentration: stronger where it is larger.", CONCENTRATION_STEPS
    ),
    "entropy_forecast": _Panel(
        "entropy forecast", "Entropy forecast: stronger where attention is more local.", ENTROPY_STEPS, True
    ),
    "ks": _Panel(
        "KS distance / its mean by chance",
        "KS distance to the law at initialisation, over the mean that simulated heads of these sizes have by "
        "chance: stronger where it is larger; about one head in a thousand at initialisation reaches 2.",
        DISTANCE_STEPS,
    ),
}


def _plane(axes: Axes, points: np.ndarray, frame: float, colour: str, size: float = 3.0) -> None:
    """Points of the complex plane in a square frame, with the circle of radius one."""
    axes.scatter(points.real, points.imag, s=size, color=colour, alpha=0.6, linewidths=0)
    axes.add_patch(Circle((0, 0), 1, fill=False, edgecolor=PALETTE["muted"], linestyle="--", linewidth=1.1))
    axes.set_xlim(-frame, frame)
    axes.set_ylim(-frame, frame)
    axes.set_aspect("equal")
    axes.set_xlabel("real part / edge")
    axes.set_ylabel("imaginary part / edge")


def _signed_map(axes: Axes, values: FloatArray) -> None:
    """Trace scores: hue by sign, strength by size; grey where they are small."""
    steps = SCORE_STEPS
    level = np.digitize(np.abs(values), steps)
    keys: list[Patch] = []
    inside = np.isfinite(values) & (level == 0)
    _cells(axes, inside, PALETTE["grid"], 1.0)
    for sign, colour in ((1, PALETTE["c0"]), (-1, PALETTE["c1"])):
        for step in range(len(steps), 0, -1):
            strength = (0.25, 0.5, 0.75, 1.0)[step - 1]
            chosen = (level == step) & (sign * values > 0)
            _cells(axes, chosen, colour, strength)
            if chosen.any():
                words = f"$\\geq$ {steps[step - 1]:g}" if sign > 0 else f"$\\leq$ −{steps[step - 1]:g}"
                keys.append(Patch(facecolor=colour, alpha=strength, label=words))
    if not keys:
        axes.text(
            0.5,
            0.5,
            f"no head beyond ±{steps[0]:g}",
            transform=axes.transAxes,
            ha="center",
            va="center",
            color=PALETTE["ink"],
        )
    _finish(axes, values, keys)


def _map(axes: Axes, values: FloatArray, steps: Sequence[float], faint_is_large: bool) -> None:
    """Values by steps, from faint to strong; with `faint_is_large` the other way round."""
    colours = shades(len(steps) + 1)
    if faint_is_large:
        colours = colours[::-1]
    level = np.where(np.isfinite(values), np.digitize(values, steps), -1)
    keys = []
    for step, colour in enumerate(colours):
        chosen = level == step
        _cells(axes, chosen, colour, 1.0)
        if chosen.any():
            words = f"< {steps[0]:g}" if step == 0 else f"$\\geq$ {steps[step - 1]:g}"
            keys.append(Patch(facecolor=colour, label=words))
    _finish(axes, values, keys[::-1])


def _cells(axes: Axes, chosen: np.ndarray, colour: str, strength: float) -> None:
    """All chosen cells as one outline, so that a map of thousands of heads stays a small file."""
    rows, columns = np.nonzero(chosen)
    if rows.size == 0:
        return
    corners = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5), (-0.5, -0.5)])
    vertices = (np.stack([columns, rows], axis=1)[:, None, :] + 0.94 * corners).reshape(-1, 2)
    kinds = np.tile([Outline.MOVETO, *[Outline.LINETO] * 3, Outline.CLOSEPOLY], rows.size)
    axes.add_patch(PathPatch(Outline(vertices, kinds), facecolor=colour, alpha=strength, linewidth=0))


def _finish(axes: Axes, values: FloatArray, keys: Sequence[Patch]) -> None:
    axes.set_xlim(-0.5, values.shape[1] - 0.5)
    axes.set_ylim(values.shape[0] - 0.5, -0.5)
    axes.grid(False)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    if keys:
        axes.legend(
            handles=list(keys), loc="upper left", bbox_to_anchor=(1.0, 1.02), handlelength=0.9, borderpad=0.2
        )


def _with_trace(table: xr.Dataset) -> np.ndarray:
    """Heads whose trace score counts."""
    return counts(table, "trace_score", "p_adjusted")


def _aspect(table: xr.Dataset) -> float:
    return float(table.attrs["width"]) / float(table.attrs["head_dim"])


def _head_edges(table: xr.Dataset) -> FloatArray:
    """Edge of the initial law for each head in units of its eigenvalues: ||W||_F / sqrt(d)."""
    norm = table["frobenius"].values
    return np.asarray(np.where(norm > 0, norm, np.nan) / np.sqrt(float(table.attrs["width"])))


def _in_edges(table: xr.Dataset) -> np.ndarray:
    """Eigenvalues over their edge (number of heads, d_h), of all heads that have them."""
    with np.errstate(invalid="ignore"):  # of heads that are zero, which have no edge
        scaled = table["eigenvalues"].values / _head_edges(table)[..., None]
    flat = scaled.reshape(-1, scaled.shape[-1])
    return np.asarray(flat[np.isfinite(flat).all(1)])


def _spread(count: int, wanted: int) -> np.ndarray:
    """Places of at most `wanted` of `count` heads, evenly spread."""
    return np.unique(np.linspace(0, count - 1, min(count, wanted)).round().astype(int))


def _frame(radius: FloatArray) -> float:
    """Half-width of the frame: nearly all eigenvalues lie in it."""
    return max(1.2, 1.1 * float(np.quantile(radius, 0.995)))
