"""The largest exponent over T steps with and without normalisation, over horizon, tokens and step size.

The margins were first judged on 24 seeds up to D = 192, and undecided. More seeds on the same streams would
begin with those that had been seen, so the present ones are drawn afresh, on a stream of their own.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from widthscope.studies.jacobian_dynamics.normalisation import theory
from widthscope.studies.jacobian_dynamics.normalisation.draws import Draws, draw
from widthscope.studies.jacobian_dynamics.normalisation.horizon import largest_exponent
from widthscope.studies.jacobian_dynamics.normalisation.theory import FloatArray
from widthscope.work import Work

Cell = tuple[int, int, float]
"""Horizon T, tokens S, step size eta."""

MEASURED = ("none", "unit", "lengths", "one_token", "transient")

STREAM = "normalisation.gap, second sample"


def cells(settings: Mapping[str, Any]) -> list[Cell]:
    """The base, and what differs from it in one of the three, each once."""
    steps, tokens, step_size = settings["base"]
    found: list[Cell] = [(own, tokens, step_size) for own in settings["steps"]]
    found += [(steps, own, step_size) for own in settings["tokens"]]
    found += [(steps, tokens, own) for own in settings["step_sizes"]]
    return list(dict.fromkeys(found))


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Exponents of paired draws by cell, width and seed.

    Args:
        settings: those of `Gap` and `seed`.
        datasets: none is read.
        work: its progress shows the cells done.

    Returns:
        Over (cell, width, seed): `none`, `unit`, MLE_T without and with normalisation; `lengths`, ln R_T / T
        of the draw's own B and tokens; `one_token`, the same of its mean token alone; `transient`, ell_T of
        its B. Over (cell,): `steps`, `tokens`, `step_size`.
    """
    chosen, widths, seeds = cells(settings), settings["widths"], settings["seeds"]
    most = max(tokens for _, tokens, _ in chosen)
    table = np.full((len(MEASURED), len(chosen), len(widths), seeds), np.nan)
    points = [(place, width) for place, width in enumerate(widths)]
    for place, width in work.progress(points, total=len(points), description="widths"):
        draws = draw((STREAM, settings["seed"]), seeds, width, 1, most, work.device)
        product = draws.value_product()
        for row, cell in enumerate(chosen):
            table[:, row, place] = _measured(draws, product, cell)
    return xr.Dataset(
        {
            **{
                name: (("cell", "width", "seed"), values)
                for name, values in zip(MEASURED, table, strict=True)
            },
            "steps": ("cell", [cell[0] for cell in chosen]),
            "tokens": ("cell", [cell[1] for cell in chosen]),
            "step_size": ("cell", [cell[2] for cell in chosen]),
        },
        coords={"cell": [name_of(cell) for cell in chosen], "width": list(widths)},
        attrs={"base": name_of(tuple(settings["base"]))},
    )


def name_of(cell: Cell) -> str:
    """A cell in words."""
    return f"T={cell[0]} S={cell[1]} η={cell[2]:g}"


def _measured(draws: Draws, product: FloatArray, cell: Cell) -> np.ndarray:
    """Rows as in `MEASURED`, (row, seed)."""
    steps, tokens, step_size = cell
    none, unit = (
        largest_exponent(draws.dynamics(norm, tokens, step_size), draws, tokens, steps)
        for norm in ("none", "unit")
    )
    matrix = np.eye(product.shape[-1]) + step_size * product
    states = draws.tokens[:, 0, :tokens].cpu().numpy()
    own, alone = [], []
    for M, state in zip(matrix, states, strict=True):
        mean = state.mean(0, keepdims=True)
        own.append(theory.realised_lengths(M, state, None, steps)[-1])
        alone.append(theory.realised_lengths(M, mean / np.linalg.norm(mean), None, steps)[-1])
    transient = theory.transient_exponent(matrix, steps)
    return np.stack([none, unit, np.log(own) / steps, np.log(alone) / steps, transient])
