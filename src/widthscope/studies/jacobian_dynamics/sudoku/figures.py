"""Figures of the family `sudoku`."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.patches import Circle

from widthscope.plotting import PALETTE, Drawing, new
from widthscope.studies.jacobian_dynamics.networks.arms import label
from widthscope.studies.jacobian_dynamics.sudoku import board_figure

COLOURS = {"rms": "c0", "unit": "c2", "none": "c1", "sym": "c4", "akorn": "c3"}
WIDE = "c6"
EDGE = 2.4
"""Where the panels of eigenvalues end."""


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    drawn = {
        "sudoku-eigenvalues": eigenvalues,
        "sudoku-accuracy": accuracy,
        "sudoku-exponents": exponents,
        "sudoku-energy": energy,
        "sudoku-board": board_figure.board,
    }
    return {name: make(fit[f"/curves/{name}"].to_dataset()) for name, make in drawn.items()}


def colour(arm: str) -> str:
    """Colour of an arm."""
    return PALETTE[COLOURS.get(arm, WIDE)]


def eigenvalues(curve: xr.Dataset) -> Drawing:
    """Eigenvalues of one iteration in the complex plane, before and after training, a column for each arm."""
    arms = [str(arm) for arm in curve["arm"].values]
    figure, *panels = new(rows=2, cols=len(arms), width=7.6, height=3.7, sharex=True, sharey=True)
    told, outside = [], []
    for column, arm in enumerate(arms):
        radius = []
        for row, when in enumerate(("untrained", "trained")):
            axes = panels[row * len(arms) + column]
            x, y = (curve[part].sel(arm=arm, when=when).values for part in ("real", "imag"))
            axes.scatter(x, y, s=4, color=colour(arm) if row else PALETTE["muted"], linewidths=0, alpha=0.8)
            axes.add_patch(Circle((0, 0), 1, fill=False, color=PALETTE["ink"], linewidth=0.8))
            axes.set_aspect("equal")
            radius.append(float(np.hypot(x, y).max()))
            count = int((np.hypot(x, y) > 1).sum())
        panels[column].set_title(label(arm))
        told.append(f"{label(arm)} {radius[0]:.2f} and {radius[1]:.2f}")
        outside.append(f"{label(arm)} {count} of {len(x)}")
    panels[0].set(xlim=(-EDGE, EDGE), ylim=(-EDGE, EDGE), ylabel="before: imaginary")
    panels[len(arms)].set_ylabel("after: imaginary")
    panels[len(arms) + len(arms) // 2].set_xlabel("real part")
    return Drawing(
        figure,
        f"Eigenvalues of the iteration after the {curve.attrs['trained']} trained ones, one network and one "
        "board with few givens, before training (above) and after (below), with the unit circle. "
        "Outside it after training, of those computed: " + "; ".join(outside) + ".",
        "Two rows of panels of the complex plane with the unit circle. Largest modulus before and after "
        "training: " + "; ".join(told) + ".",
    )


def accuracy(curve: xr.Dataset) -> Drawing:
    """Accuracy over test-time iterations: ItrSA by boards, AKOrN by cells at even and at odd iterations."""
    figure, *panels = new(cols=2, width=7.2, height=3.6)
    left, right = panels
    trained, wide = int(curve.attrs["trained"]), str(curve.attrs["wide"])
    iterations = curve["iteration"].values
    for part, line, name in (("id", "-", "as hard as trained on"), ("ood", "--", "fewer givens")):
        _banded(left, curve.sel(arm="rms"), f"boards_{part}", "rms", line, name)
    left.set(title="boards, RMS norm", ylabel="share right")
    parity = iterations % 2 == trained % 2
    pairs = iterations[np.isin(iterations, [*iterations[parity], *(iterations[parity] + 1)])]
    for arm in ("akorn", wide):
        chosen = curve.sel(arm=arm)
        _banded(right, chosen.sel(iteration=iterations[parity]), "cells_id", arm, "-", label(arm))
        odd = pairs[pairs % 2 != trained % 2]
        _banded(right, chosen.sel(iteration=odd), "cells_id", arm, ":", f"{label(arm)}, other parity")
    right.axhline(1 / int(curve.attrs["order"]), color=PALETTE["muted"], linewidth=0.8)
    right.set(title="blank cells, AKOrN")
    for axes in (left, right):
        axes.axvline(trained, color=PALETTE["muted"], linewidth=0.8)
        axes.set_xscale("log", base=2)
        axes.set_xlabel("iterations")
        axes.set_ylim(0, 1.02)
    shown = [
        line
        for axes in (left, right)
        for line in axes.get_lines()
        if not str(line.get_label()).startswith("_")
    ]
    figure.legend(handles=shown, loc="outside lower center", ncols=3)
    once, four = (float(curve["boards_ood"].sel(arm="rms", iteration=k)) for k in (trained, 4 * trained))
    ks = (trained, 4 * trained, 4 * trained + 1)
    return Drawing(
        figure,
        "Accuracy over test-time iterations, means over seeds with 99 % bands; the vertical line is the "
        f"training's {trained} iterations, the horizontal one guessing. Left: with fewer givens ItrSA fills "
        f"{once:.2f} of the boards after as many, {four:.2f} after four times as many. Right: share of blank "
        f"cells right after {trained}, {4 * trained} and {4 * trained + 1} iterations: "
        + "; ".join(
            f"{label(arm)} "
            + ", ".join(f"{float(curve['cells_id'].sel(arm=arm, iteration=k)):.2f}" for k in ks)
            for arm in ("akorn", wide)
        )
        + ".",
        f"Two panels of shares against iterations on a logarithmic axis. RMS norm, fewer givens: {once:.2f} "
        "at "
        f"{trained} and {four:.2f} at {4 * trained}. Cells of AKOrN at {trained} and {4 * trained}: "
        + "; ".join(
            f"{label(arm)} "
            + " and ".join(
                f"{float(curve['cells_id'].sel(arm=arm, iteration=k)):.2f}" for k in (trained, 4 * trained)
            )
            for arm in ("akorn", wide)
        )
        + ".",
    )


def exponents(curve: xr.Dataset) -> Drawing:
    """The exponent along the training and by arm, and how long-run spectra converge."""
    figure, *panels = new(cols=3, width=7.6, height=3.2)
    left, middle, right = panels
    step, trained = curve["step"].values, int(curve.attrs["trained"])
    _band(left, step, curve["finite"].values, curve["finite_half"].values, "rms", "-", None)
    left.set(title="RMS norm, training", xlabel="updates", ylabel=f"exponent over {trained} iterations")
    arms = [str(arm) for arm in curve["arm"].values]
    for place, arm in enumerate(arms):
        for when, face, shift in (("before", PALETTE["paper"], -0.15), ("after", colour(arm), 0.15)):
            middle.errorbar(
                float(curve["ends"].sel(arm=arm, when=when)),
                place + shift,
                xerr=float(curve["ends_half"].sel(arm=arm, when=when)),
                color=colour(arm),
                marker="o",
                markeredgewidth=1.2,
                markerfacecolor=face,
            )
        middle.plot(float(curve["long_run"].sel(arm=arm)), place + 0.15, "x", color=colour(arm), mew=1.5)
    middle.set_yticks(range(len(arms)), [label(arm) for arm in arms])
    middle.invert_yaxis()
    middle.set(title="every arm", xlabel="largest exponent")
    for arm in curve["followed"].values:
        history = curve["history"].sel(followed=arm)
        right.plot(curve["averaged"].values, history.values, color=colour(str(arm)), linewidth=0.9)
        right.plot([], [], color=colour(str(arm)), label=label(str(arm)))
    right.set(title="long-run spectrum", xlabel="iterations averaged", ylabel="exponents")
    right.legend(loc="best")
    for axes in (left, right):
        axes.axhline(0, color=PALETTE["muted"], linewidth=0.8)
    middle.axvline(0, color=PALETTE["muted"], linewidth=0.8)
    told = "; ".join(
        f"{label(arm)} "
        + " and ".join(f"{float(curve['ends'].sel(arm=arm, when=when)):.2f}" for when in ("before", "after"))
        + f", in the long run {float(curve['long_run'].sel(arm=arm)):.2f}".replace("nan", "not computed")
        for arm in arms
    )
    return Drawing(
        figure,
        f"Left: the largest exponent over the {trained} trained iterations, mean over seeds with a 99 % "
        "band. "
        "Middle: the same by arm, before (open) and after training (filled), with 99 % intervals, and the "
        "exponent in the long run after training (crosses), which alone says whether the state settles. "
        "Right: "
        "the leading long-run exponents of one network of two arms as averages over more iterations.",
        f"Three panels of Lyapunov exponents. Before and after training: {told}.",
    )


def energy(curve: xr.Dataset) -> Drawing:
    """Pseudo-energy of trained AKOrN along the iterations, alignment, and the share in top eigenvectors."""
    figure, *panels = new(cols=3, width=7.6, height=3.0)
    left, middle, right = panels
    passed = curve["passed"].values
    left.plot(passed, curve["energy_seeds"].values.T, color=PALETTE["c3"], alpha=0.35, linewidth=0.7)
    _band(left, passed, curve["energy"].values, curve["energy_half"].values, "akorn", "-", None)
    left.set(title="pseudo-energy", xlabel="iterations")
    for axes, name, title in (
        (middle, "cosine", "cosine of MSA and $Jx$"),
        (right, "contribution", "share in top 2 %"),
    ):
        for which, shown, tone in (("", "its own $J$", "c3"), ("_other", "another seed's", "muted")):
            axes.errorbar(
                range(curve.sizes["at"]),
                curve[f"{name}{which}"].values,
                yerr=curve[f"{name}{which}_half"].values,
                color=PALETTE[tone],
                marker="o",
                label=shown,
            )
        axes.set_xticks(range(curve.sizes["at"]), [str(at) for at in curve["at"].values])
        axes.set(title=title, xlabel="iterations")
        axes.legend(loc="best")
    decomposed = "chance" in curve.attrs
    if decomposed:
        right.axhline(float(curve.attrs["chance"]), color=PALETTE["muted"], linewidth=0.8)
    first, last = float(curve["energy"][0]), float(curve["energy"][-1])
    return Drawing(
        figure,
        "Trained AKOrN on boards with few givens. Left: the pseudo-energy of each seed (thin) and their "
        "mean, "
        f"{first:.0f} at the start and {last:.0f} at the end, not falling at every iteration. Middle: "
        "cosine of "
        "attention and its Jacobian times the state. Right: "
        + (
            "share of the state in the leading eigenvectors of $J + J^\\top$; the line is chance."
            if decomposed
            else "nothing: no Jacobian was decomposed, being too large."
        )
        + " 99 % intervals over seeds.",
        f"Three panels. The pseudo-energy goes from {first:.0f} to {last:.0f}; the cosine from "
        f"{float(curve['cosine'][0]):.2f} to {float(curve['cosine'][-1]):.2f}"
        + (
            f"; the share from {float(curve['contribution'][0]):.3f} to "
            f"{float(curve['contribution'][-1]):.3f}."
            if decomposed
            else "."
        ),
    )


def _banded(axes: Axes, series: xr.Dataset, name: str, arm: str, line: str, text: str) -> None:
    """A share over iterations with its band."""
    _band(
        axes, series["iteration"].values, series[name].values, series[f"{name}_half"].values, arm, line, text
    )


def _band(
    axes: Axes, x: np.ndarray, mean: np.ndarray, half: np.ndarray, arm: str, line: str, text: str | None
) -> None:
    axes.plot(x, mean, color=colour(arm), linestyle=line, label=text)
    axes.fill_between(x, mean - half, mean + half, color=colour(arm), alpha=0.15, lw=0)
