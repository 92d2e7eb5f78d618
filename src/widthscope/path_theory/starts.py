"""Minima of the action from other starts than infinite width: that of a wider network, or random ones."""

from collections.abc import Callable, Sequence

import torch

from widthscope.path_theory.minimise import Solution, minimise
from widthscope.path_theory.order_parameters import OrderParameters, gaussian_process
from widthscope.path_theory.problem import Problem


def anneal(
    problem_at: Callable[[int], Problem], widths: Sequence[int], tolerance: float = 1e-7
) -> tuple[Solution, ...]:
    """Minima at every width, each started from that of the next wider one; in the order of `widths`.

    Args:
        problem_at: the problem at a width; share its kernels (`Problem.at`).
        widths: any order.
        tolerance: as in `minimise`.
    """
    found: dict[int, Solution] = {}
    start: OrderParameters | None = None
    for width in sorted(set(widths), reverse=True):
        found[width] = minimise(problem_at(width), start, tolerance)
        start = found[width].order
    return tuple(found[width] for width in widths)


def restarts(
    problem: Problem, generator: torch.Generator, count: int, tolerance: float = 1e-7
) -> tuple[Solution, ...]:
    """Minima from `count` random starts, positive definite, over two decades of scale around infinite width.

    Several minima are an alarm: compare the values of the solutions.
    """
    limit = gaussian_process(problem.network)
    found = []
    for _ in range(count):
        matrices = []
        for matrix in limit.matrices:
            size = len(matrix)
            draws = torch.randn(size, 2 * size, generator=generator, dtype=torch.float64)
            exponent = 2.0 * torch.rand(1, generator=generator, dtype=torch.float64) - 1.0
            matrices.append(10.0**exponent * matrix[0, 0] * (draws @ draws.mT) / (2 * size))
        found.append(minimise(problem, OrderParameters(limit.readout, tuple(matrices)), tolerance))
    return tuple(found)
