"""Order parameters and predictor at large width, to first order in 1/N; no parameter is fitted.

For equal widths N and prior variances 1, with E' = dE/dU at U = I,

    U_1 = I + X / N + O(1/N^2),   X = -( E' + I (x) p_1(E') + I (x) p_2(p_1(E')) + ... + tr(E') I ),

one term for the fluctuations of every layer, the last for those of the readout. The predictor moves by
(1/N) [ dk^T alpha - k^T A dK alpha ], with dK and dk the kernels of X. Source: derived in the
theory notes, 3.
"""

import torch
from torch import Tensor

from widthscope.errors import PosteriorError
from widthscope.path_theory.cross_kernels import cross_kernel
from widthscope.path_theory.energy import energy_gradient, noisy_kernel
from widthscope.path_theory.network import Network
from widthscope.path_theory.order_parameters import gaussian_process, over_heads, partial_trace
from widthscope.path_theory.problem import Problem


def first_order(energy_gradient: Tensor, heads: tuple[int, ...], trace_term: bool = True) -> Tensor:
    """X (D, D), the limit of N (U_1 - I), of E' (D, D) at U = I.

    Args:
        energy_gradient: E', the derivative of the energy at infinite width.
        heads: H_1..H_L; D is their product.
        trace_term: whether the fluctuations of the readout, tr(E') I, count; without them it is wrong.

    Raises:
        PosteriorError: if E' does not have one row per path.
    """
    traced, repeated = energy_gradient, 1
    X = -energy_gradient
    for layer, count in enumerate(heads, start=1):
        traced, repeated = partial_trace(traced, count), repeated * count
        if layer < len(heads) or trace_term:
            X = X - over_heads(traced, repeated)
    if traced.shape != (1, 1):
        raise PosteriorError(
            f"heads {tuple(heads)} have {repeated} paths; E' has shape {tuple(energy_gradient.shape)}"
        )
    return X


def first_order_path_weights(problem: Problem, trace_term: bool = True) -> Tensor:
    """X (D, D) of a problem whose widths are equal and whose prior variances are 1.

    Raises:
        PosteriorError: if the widths differ or a prior variance is not 1.
    """
    _refuse_unequal(problem.network)
    _, slope = energy_gradient(problem, gaussian_process(problem.network).path_weights)
    return first_order(slope, problem.network.heads, trace_term)


def predictor_shift(problem: Problem, X: Tensor, test_inputs: Tensor) -> Tensor:
    """The limit (tests,) of N (m - m_GP), m the mean predictor at test inputs (tests, D, N0), of X (D, D).

    Raises:
        PosteriorError: if the widths differ or a prior variance is not 1.
    """
    _refuse_unequal(problem.network)
    identity = gaussian_process(problem.network).path_weights
    factor = torch.linalg.cholesky(noisy_kernel(problem, identity))
    alpha = torch.cholesky_solve(problem.labels.unsqueeze(-1), factor)
    moved = torch.cholesky_solve(problem.kernels.kernel(X) @ alpha, factor)
    k, shifted = (
        cross_kernel(U, problem.inputs, test_inputs, problem.network.input_variance) for U in (identity, X)
    )
    return (shifted.mT @ alpha - k.mT @ moved).squeeze(-1)


def _refuse_unequal(network: Network) -> None:
    variances = (network.input_variance, *network.value_variances, network.readout_variance)
    if len(set(network.widths)) > 1 or set(variances) != {1.0}:
        raise PosteriorError(
            "the first-order formula is for equal widths and prior variances 1, not "
            f"widths {network.widths} and variances {variances}"
        )
