"""One path through one layer at temperature 0: the order parameter is the root of a cubic.

With H = L = 1, prior variances 1, equal widths N and T = 0, s = sqrt(U) solves

    s^3 + (alpha - 1) s^2 - alpha r_0 = 0,   alpha = P / N,   r_0 = y^T C^{-1} y / P,

and u = s. There is one positive root, as the signs of the coefficients change once. Source: derived in the
theory notes, 3.
"""

import math

import torch

from widthscope.errors import PosteriorError
from widthscope.path_theory.order_parameters import OrderParameters, gaussian_process
from widthscope.path_theory.problem import Problem


def positive_root(load: float, label_norm: float) -> float:
    """The positive root s of s^3 + (load - 1) s^2 - load label_norm = 0.

    Newton's method from above the root, where the cubic rises and is convex, so that every step comes closer.

    Args:
        load: alpha = P / N > 0.
        label_norm: r_0 = y^T C^{-1} y / P > 0.

    Raises:
        PosteriorError: if one of them is not positive and finite.
    """
    for name, number in (("load P / N", load), ("label norm r_0", label_norm)):
        if not (math.isfinite(number) and number > 0.0):
            raise PosteriorError(f"the {name} of the cubic is positive and finite, not {number!r}")
    s = 1.0 + abs(1.0 - load) + float((load * label_norm) ** (1.0 / 3.0))
    while True:
        value = s * s * (s + load - 1.0) - load * label_norm
        closer = s - value / (s * (3.0 * s + 2.0 * (load - 1.0)))
        if not closer < s:
            return s
        s = closer


def deep_linear_order_parameters(problem: Problem) -> OrderParameters:
    """U and u of a network with one head in one layer, at temperature 0, from the cubic.

    Raises:
        PosteriorError: if the network has another shape or variances, or the temperature is not 0.
    """
    network = problem.network
    unit = gaussian_process(network).path_weights
    variances = {network.input_variance, *network.value_variances, network.readout_variance}
    if network.heads != (1,) or len(set(network.widths)) > 1 or variances != {1.0} or problem.temperature:
        raise PosteriorError(
            "the cubic is for heads (1,), equal widths, prior variances 1 and temperature 0, not heads "
            f"{network.heads}, widths {network.widths}, variances {sorted(variances)} and temperature "
            f"{problem.temperature:g}"
        )
    factor = torch.linalg.cholesky(problem.kernels.kernel(unit))
    whitened = torch.linalg.solve_triangular(factor, problem.labels.unsqueeze(-1), upper=False)
    load = problem.examples / network.widths[0]
    s = positive_root(load, float(whitened.square().sum()) / problem.examples)
    return OrderParameters(s, (s * s * unit,))
