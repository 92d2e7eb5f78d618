"""Eigenvalues of the Jacobian of one iteration of a trained network; imported by the spectral stage only."""

import torch

from widthscope.attention.jacobians.dynamics import RecurrentDynamics
from widthscope.ensembles.parameters import Parameters
from widthscope.models.recurrence.update import iterate
from widthscope.spectra.jacobian_spectra import Spectrum, eigenvalues
from widthscope.studies.jacobian_dynamics.networks.embedding import Inputs
from widthscope.studies.jacobian_dynamics.networks.network import Network


def at_iteration(
    network: Network, parameters: Parameters, inputs: Inputs, iteration: int, count: int | None = None
) -> Spectrum:
    """Eigenvalues of the step that follows a number of iterations.

    Args:
        parameters, inputs: in float64, (member, ...).
        iteration: steps taken before, 0 or more.
        count: how many of largest modulus; all where None.

    Returns:
        a spectrum whose values, residuals and converged are (member, batch, count).
    """
    with torch.no_grad():
        state, drive = network.start(parameters, inputs)
        state = iterate(network.rule, parameters, state, drive, iteration)
        dynamics = RecurrentDynamics(network.rule, parameters, drive)
        found = eigenvalues(dynamics, dynamics.flattened(state), count)
    lead = drive.shape[:2]
    return Spectrum(
        values=found.values.reshape(lead + found.values.shape[1:]),
        residuals=found.residuals.reshape(lead + found.residuals.shape[1:]),
        converged=found.converged.reshape(lead + found.converged.shape[1:]),
        method=found.method,
        iterations=found.iterations,
    )
