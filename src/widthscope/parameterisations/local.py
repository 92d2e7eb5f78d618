r"""Local learning rules as rows: predictive coding, target propagation, and the Gauss-Newton target.

Predictive coding weighs the last layer's energy by gamma_L ~ M^-gamma_bar. Its signals are then

    gamma_l e_l ~ gamma_L W_L^T r ~ M^{-gamma_bar - b_L}   (l < L),     gamma_L e_L ~ M^-gamma_bar,

as long as the equilibrium's correction C_gamma ~ gamma_L W_L W_L^T is of order one at most
(`correction_exponent`). Target propagation's e_{L-1} = Q_L r is of order one whatever W_L is, and is
not aligned with it: the change of the output through the hidden layers is a sum of M independent terms. The
solver of `slopes` turns these rows into (b_L, c).

Source: arXiv:2411.02001, caption of table 1; single entries are derived in the theory notes, 3.3 and 3.5.
"""

from widthscope.parameterisations.exponents import Exponents, ParameterisationError
from widthscope.parameterisations.methods import Method
from widthscope.parameterisations.slopes import INPUTS

FEEDBACK_RATES = (INPUTS[1], INPUTS[2] - 1)
"""Exponents of the maps' learning rates: a step moves Q_l psi by the rate times |psi|^2, M terms of a hidden
layer and C of the output; what is missed of a coordinate is of order one."""

GAUSS_NEWTON_TARGET = Method("GNT", outputs=1.0)
"""e_l = W_{L:l+1}^T (sum_i W_{L:i} W_{L:i}^T)^-1 r, the gradient's signals over their square, ~ |delta|^2."""

TARGET_PROPAGATION = Method("DTP", through_readout=False, alignment=0.5, feedback_rates=FEEDBACK_RATES)
"""With and without the difference: feedback maps that are independent of W_L, or learned by reconstruction.
Maps tied to W_L^T would be back-propagation in disguise."""


def predictive_coding(gamma_bar: float = 0.0) -> Method:
    """The weight step includes gamma_L; 0 is the standard case, -1 the Gauss-Newton-like one.

    The standard row keeps gamma_L as it is at the base width. A neural-tangent one with gamma_bar < 0 lies
    outside what the slopes hold for (`correction_exponent`).

    Raises:
        ParameterisationError: if gamma_bar is outside [-1, 0]: below it the inference loses its stability at
            b_L = 1, above it the rule is that of 0 with other learning rates.
    """
    if not -1 <= gamma_bar <= 0:
        raise ParameterisationError(f"predictive coding's gamma_bar {gamma_bar:g} must lie in [-1, 0]")
    gamma_bar += 0.0  # not -0
    return Method(f"PC({gamma_bar:g})", energy=True, energy_exponent=gamma_bar)


def local_methods() -> tuple[Method, ...]:
    """The rows of a table: predictive coding from standard to Gauss-Newton-like, its two ends, and DTP."""
    return (
        predictive_coding(0.0),
        predictive_coding(-0.5),
        predictive_coding(-1.0),
        GAUSS_NEWTON_TARGET,
        TARGET_PROPAGATION,
    )


def correction_exponent(exponents: Exponents) -> float:
    """Power of M in C_gamma, 1 - 2 b_L - gamma_bar; the slopes of `predicted` hold where it is at most 0."""
    return 1 - 2 * exponents.readout - exponents.energy


def first_order_slope(exponents: Exponents) -> float:
    """Slope of the equilibrium gradient's distance from gamma_L times back-propagation's, relative to it.

    min(0, 1 - 2 b_L - gamma_bar): below 0 predictive coding is a first-order method at infinite width.
    """
    return min(0.0, correction_exponent(exponents))


def curvature_slope(exponents: Exponents) -> float:
    """Slope of the largest eigenvalue of the energy's Hessian in the states, max(0, 1 - 2 b_L - gamma_bar).

    lambda_max is 1 plus that of gamma_L W_L^T W_L, whose eigenvalues are those of gamma_L W_L W_L^T.
    """
    return max(0.0, correction_exponent(exponents))
