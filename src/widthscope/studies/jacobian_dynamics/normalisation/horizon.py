"""Largest exponents over T steps, and lengths before normalisation, of many draws at once."""

import numpy as np

from widthscope.spectra.dynamics import Dynamics
from widthscope.spectra.finite_time import finite_time
from widthscope.studies.jacobian_dynamics.normalisation.draws import Draws
from widthscope.studies.jacobian_dynamics.normalisation.theory import FloatArray

TOLERANCE = 1e-4
"""Residual of a singular value over the value; an error of second order, 1e-6 and less, is left in it."""

SUBSPACE = 60
"""Most iterations; 8 to 20 are the rule."""


def largest_exponent(
    dynamics: Dynamics, draws: Draws, tokens: int, steps: int, length: float = 1.0
) -> FloatArray:
    """MLE_T of each sample (sample,): ln sigma_max of the T-step Jacobian over T; NaN where it did not
    converge. The state is the draws' first tokens, with a length."""
    state = draws.state(tokens, length)
    found = finite_time(
        dynamics,
        state,
        steps,
        method="golub-kahan",
        start=draws.start(tokens),
        tolerance=TOLERANCE,
        subspace=min(SUBSPACE, state.shape[1]),
    )
    return np.where(found.converged[:, 0].cpu(), found.exponents[:, 0].cpu(), np.nan)


def measured_lengths(draws: Draws, tokens: int, steps: int, step_size: float, kappa: float) -> FloatArray:
    """R_T of each sample (sample,): product over T steps of the root mean square length before normalisation.

    A step without norm from a state of unit tokens is what the norm divides.
    """
    normalising = draws.dynamics("unit", tokens, step_size, kappa)
    bare = draws.dynamics("none", tokens, step_size, kappa)
    state, found = draws.state(tokens), np.ones(len(draws.tokens))
    for _ in range(steps):
        moved = bare.step(state).square().sum(dim=-1) / tokens
        found = found * moved.sqrt().cpu().numpy()
        state = normalising.step(state)
    return found
