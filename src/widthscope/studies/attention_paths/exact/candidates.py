"""What is held to the exact posterior: the theory, the Gaussian process, and two theories that are wrong."""

import torch
from torch import Tensor

from widthscope.path_theory.minimise import minimise
from widthscope.path_theory.network import Network
from widthscope.path_theory.order_parameters import gaussian_process
from widthscope.path_theory.problem import Problem, problem

CANDIDATES = ("theory", "gaussian process", "another width", "transposed paths")


def candidates(posed: Problem, told: Network | None, *, transposed: bool) -> dict[str, Tensor | None]:
    """U_1 (D, D) by name; None where it is not asked for or no minimum was found.

    Args:
        posed: the problem.
        told: the network whose widths the theory of "another width" is told.
        transposed: whether to solve with the path index transposed.
    """
    return {
        "theory": _minimum(posed),
        "gaussian process": gaussian_process(posed.network).path_weights,
        "another width": None if told is None else _minimum(posed.at(network=told)),
        "transposed paths": transposed_minimum(posed) if transposed else None,
    }


def transposed_minimum(posed: Problem) -> Tensor | None:
    """U_1, in our order, of the theory that takes the last layer's head for the slowest part of the index.

    With equal heads in all layers it converges and looks plausible.
    """
    heads = posed.network.heads
    order = torch.arange(posed.network.paths).reshape(heads).permute(*reversed(range(len(heads)))).flatten()
    wrong = problem(posed.inputs[:, order], posed.labels, posed.temperature, posed.network)
    found = _minimum(wrong)
    back = order.argsort()
    return None if found is None else found[back][:, back]


def _minimum(posed: Problem) -> Tensor | None:
    found = minimise(posed)
    return found.path_weights if found.converged else None
