"""Predictors of the theory, each with the temperature that validation episodes choose for it.

Order parameters grow as the width falls, so that one temperature is colder at one width than at another:
every predictor has its own choice of the same grid of temperatures, and the Gaussian process of colder ones
beside.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from widthscope.path_theory.energy import noisy_kernel
from widthscope.path_theory.minimise import Solution, minimise
from widthscope.path_theory.order_parameters import OrderParameters
from widthscope.path_theory.problem import Problem
from widthscope.path_theory.pruning import accuracy
from widthscope.studies.attention_paths.one_shot.path_episodes import PathEpisodes

TOLERANCE = 1e-6
"""Largest derivative of the action over the width, with respect to a coordinate, at a minimum."""

LOOSE = 1e-4
"""The same where accuracies are shown beside those that are judged: signs of outputs need no more."""

COLDER = 30.0
"""Predictors that need no further solve, the Gaussian process first of all, may also choose temperatures this
many times colder than those of the grid."""

MEASURED = ("validation", "test")
"""The sets on which predictors are measured; the first chooses temperatures."""


def solutions(
    task: Problem,
    temperatures: Sequence[float],
    starts: Sequence[Solution] | None = None,
    *,
    loosely: bool = False,
) -> list[Solution]:
    """Order parameters at each temperature, in the order given.

    Args:
        task: examples, labels and network.
        temperatures: any order.
        starts: where to begin at each temperature; the next warmer one's minimum where left out.
        loosely: to `LOOSE` only.
    """
    tolerance = LOOSE if loosely else TOLERANCE
    found: dict[float, Solution] = {}
    start = None
    for place in sorted(range(len(temperatures)), key=lambda place: -temperatures[place]):
        at = task.at(temperature=temperatures[place])
        given = starts[place] if starts is not None and starts[place].converged else start
        found[temperatures[place]] = minimum(at, None if given is None else given.order, tolerance)
        start = found[temperatures[place]] if found[temperatures[place]].converged else None
    return [found[temperature] for temperature in temperatures]


def minimum(task: Problem, start: OrderParameters | None = None, tolerance: float = TOLERANCE) -> Solution:
    """Order parameters that minimise the action; a search that stopped early is taken up once more."""
    found = minimise(task, start, tolerance)
    return found if found.converged else minimise(task, found.order, tolerance)


def restricted(
    task: Problem, temperatures: Sequence[float], *, diagonal: bool = False, scalar: bool = False
) -> list[Solution]:
    """Minima over diagonal matrices, or over multiples of I, at each temperature, to `LOOSE`."""
    return [
        minimise(task.at(temperature=each), None, LOOSE, diagonal=diagonal, scalar=scalar)
        for each in temperatures
    ]


def mean_weights(task: Problem, U: Tensor) -> Tensor:
    r"""Weights M (D, N_0) by which the predictor's mean sums up path inputs, f(x) = sum of M * xi(x).

    The mean is linear in the path inputs of an example: with alpha = (K + T I)^{-1} y,

        M = sigma_0^2 / (D N_0) U sum_mu alpha_mu xi(mu) .

    So tests cost one product each. Source: derived in the theory notes, 3.

    Args:
        task: examples, labels and temperature.
        U: (D, D) weights of pairs of paths.
    """
    factor = torch.linalg.cholesky(noisy_kernel(task, U))
    alpha = torch.cholesky_solve(task.labels[:, None], factor)[:, 0]
    learned = torch.einsum("p,pdn->dn", alpha, task.inputs)
    return U @ learned * (task.network.input_variance / learned.numel())


def accuracies(task: Problem, U: Tensor, sets: Mapping[str, PathEpisodes]) -> NDArray[np.float64]:
    """Share of each set of `MEASURED` for which the predictor's mean has the label's sign, (set,)."""
    return np.asarray(shares([mean_weights(task, U)], sets)[0])


def shares(weights: Sequence[Tensor], sets: Mapping[str, PathEpisodes]) -> NDArray[np.float64]:
    """The same of several predictors by their weights of path inputs, (predictor, set).

    The path inputs are by far the largest table there is, so that they are read once for all predictors.
    """
    columns = torch.stack([each.flatten() for each in weights], dim=1)
    means = [(sets[name].inputs.flatten(1) @ columns).T for name in MEASURED]
    found = [accuracy(mean, sets[name].labels) for mean, name in zip(means, MEASURED, strict=True)]
    return np.asarray(torch.stack(found, dim=1).numpy())


def colder(temperatures: Sequence[float]) -> list[float]:
    """The grid, and temperatures that predictors without a solve of their own may choose beside, rising."""
    return sorted({float(f"{each / by:.3g}") for each in temperatures for by in (1.0, COLDER)})


def chosen(accuracy: NDArray[np.float64]) -> int:
    """Number of the temperature with the best accuracy on validation, the first of equals.

    Args:
        accuracy: (temperature, set) with sets as in `MEASURED`; NaN where a predictor does not exist, which
            is never chosen; 0 where none exists.
    """
    validation = accuracy[:, MEASURED.index("validation")]
    return 0 if np.isnan(validation).all() else int(np.nanargmax(validation))


def renamed(U: Tensor, heads: tuple[int, ...]) -> Tensor:
    """Weights of pairs of paths, (D, D), with each head given those of the next one in its layer."""
    grid = U.reshape(*heads, *heads)
    return grid.roll([-1] * grid.dim(), list(range(grid.dim()))).reshape(U.shape)


def inverse(U: Tensor) -> Tensor:
    """The inverse of weights of pairs of paths, with their trace: what was amplified is suppressed."""
    if bool(U.isnan().any()):
        return U
    found: Tensor = torch.linalg.inv(U)
    return found * (U.trace() / found.trace())
