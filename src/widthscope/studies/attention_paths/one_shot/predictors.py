"""The theory's predictors with the attention of one trained network: their weights of paths, and accuracies.

Solves go from wide networks to narrow ones, each from the next wider one's order parameter. The narrowest is
what is judged; the wider ones, and order parameters that are restricted, show what its gain is made of.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from widthscope.path_theory.minimise import Solution
from widthscope.path_theory.network import Network
from widthscope.path_theory.order_parameters import gaussian_process
from widthscope.path_theory.problem import Problem, problem
from widthscope.path_theory.pruning import accuracy
from widthscope.streams import numpy_generator
from widthscope.studies.attention_paths.one_shot.path_episodes import PathEpisodes
from widthscope.studies.attention_paths.one_shot.selection import (
    MEASURED,
    chosen,
    colder,
    inverse,
    mean_weights,
    minimum,
    renamed,
    restricted,
    shares,
    solutions,
)

# "heads renamed" gives each head the weights of the next one, "inverse" suppresses what the theory amplifies;
# "scalar" and "diagonal" are minima over multiples of the identity, and over diagonal matrices.
SOLVED = ("finite width", "scalar", "diagonal")
PREDICTORS = (*SOLVED, "Gaussian process", "heads renamed", "inverse", "shuffled labels")
Sets = Mapping[str, PathEpisodes]


@dataclass(frozen=True)
class Found:
    """What `of_sets` finds.

    Attributes:
        order: order parameter (D, D) at the smallest width and its temperature.
        shuffled: the same of shuffled labels.
        tables: variables for the store, with their dimensions.
    """

    order: Tensor
    shuffled: Tensor
    tables: dict[str, Any]


def of_sets(
    sets: Sets, heads: tuple[int, ...], settings: Mapping[str, Any], names: tuple[str | int, ...]
) -> Found:
    """Order parameters of true and of shuffled labels at the chosen temperature, and all predictors.

    Args:
        sets: episodes; "theory" is learned from, "validation" chooses temperatures.
        heads: by layer.
        settings: `settings.Theory`.
        names: key of the random numbers.
    """
    learned, grid = sets["theory"], [float(each) for each in settings["temperatures"]]
    widths = [int(each) for each in settings["widths"]]
    network = Network.equal(heads, widths[0])
    task = problem(learned.inputs, learned.labels, max(grid), network)
    solved = at_widths(task, heads, widths, grid)
    narrow = solved[0]
    limit = gaussian_process(network).path_weights
    wide = colder(grid)

    def at_grid(found: list[Solution]) -> NDArray[np.float64]:
        weights = {temperature: one.converged_weights for temperature, one in zip(grid, found, strict=True)}
        return over_temperatures(task, wide, weights, sets)

    by_width = np.stack([at_grid(found) for found in solved])
    best = wide[chosen(by_width[0])]
    first = narrow[grid.index(best)] if best in grid else narrow[0]
    order = first.converged_weights

    generator = numpy_generator(*names, "shuffled labels")
    labels = learned.labels[torch.from_numpy(generator.permutation(len(learned.labels)))]
    shuffled_task = problem(learned.inputs, labels, best, network, kernels=task.kernels)
    shuffled = minimum(shuffled_task, first.order).converged_weights
    fixed = (limit, renamed(order, heads), inverse(order), shuffled)
    measured = np.stack(
        [
            by_width[0],
            at_grid(restricted(task, grid, scalar=True)),
            at_grid(restricted(task, grid, diagonal=True)),
            *(over_temperatures(task, wide, dict.fromkeys(wide, U), sets) for U in fixed),
        ]
    )
    own = accuracy(sets["test"].parts.sum(dim=1), sets["test"].labels)
    tables = {
        "predicted": (("predictor", "temperature", "set"), measured),
        "chosen": ("predictor", np.array([wide[chosen(each)] for each in measured])),
        "predicted_at_width": (("theory_width", "temperature", "set"), by_width),
        "chosen_at_width": ("theory_width", np.array([wide[chosen(each)] for each in by_width])),
        "trained": ((), float(own)),
        "gradient": ("grid", np.array([each.gradient_norm for each in narrow])),
        "converged": ("grid", np.array([float(each.converged) for each in narrow])),
        "evaluations": ("grid", np.array([float(each.evaluations) for each in narrow])),
    }
    return Found(order, shuffled, tables)


def at_widths(
    task: Problem, heads: tuple[int, ...], widths: list[int], temperatures: list[float]
) -> list[list[Solution]]:
    """Order parameters by width and temperature, in the order of `widths`, which rise."""
    found: list[list[Solution]] = []
    for width in reversed(widths):
        at_width = task.at(network=Network.equal(heads, width))
        judged = width == widths[0]
        found.insert(0, solutions(at_width, temperatures, found[0] if found else None, loosely=not judged))
    return found


def over_temperatures(
    task: Problem, temperatures: list[float], weights: Mapping[float, Tensor], sets: Sets
) -> NDArray[np.float64]:
    """Accuracies (temperature, set); NaN where the weights of pairs of paths are not known."""
    found = np.full((len(temperatures), len(MEASURED)), np.nan)
    known_at = [
        place
        for place, temperature in enumerate(temperatures)
        if temperature in weights and not bool(weights[temperature].isnan().any())
    ]
    if known_at:
        at = [temperatures[place] for place in known_at]
        found[known_at] = shares(
            [mean_weights(task.at(temperature=each), weights[each]) for each in at], sets
        )
    return found
