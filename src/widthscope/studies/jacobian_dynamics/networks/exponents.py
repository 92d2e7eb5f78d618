"""Lyapunov exponents of trained networks on their inputs: over a horizon, and in the long run.

Imported by the spectral stage only, so that an edit of Jacobian code trains nothing again.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.attention.jacobians.dynamics import RecurrentDynamics
from widthscope.ensembles.parameters import Parameters
from widthscope.spectra.finite_time import finite_time
from widthscope.spectra.lyapunov import lyapunov_spectrum
from widthscope.studies.jacobian_dynamics.networks.embedding import Inputs
from widthscope.studies.jacobian_dynamics.networks.network import Network

TOLERANCE = 1e-4
"""Of a singular value's residual, relative to it: an exponent is then right to 1e-4 / T, or far better."""

TRAJECTORIES = 32
"""About how many are followed at once, so that what one step leaves is still in the cache for the next."""


@dataclass(frozen=True)
class Exponents:
    """Exponents of every member on every input.

    Attributes:
        values: (member, batch, count), by decreasing size; NaN where the trajectory left the finite numbers.
        converged: (member, batch, count).
        steps: iterations of the horizon, or over which they are averaged.
    """

    values: Tensor
    converged: Tensor
    steps: int


def finite(network: Network, parameters: Parameters, inputs: Inputs, steps: int, count: int = 1) -> Exponents:
    """The largest exponents (1/T) ln sigma_i over the first T iterations (arXiv:2505.19458, appendix B.3).

    Args:
        parameters, inputs: in float64, (member, ...).
        steps: T.
        count: how many exponents.
    """
    found = [
        finite_time(dynamics, state, steps, count, method="golub-kahan", tolerance=TOLERANCE)
        for dynamics, state in _dynamics(network, parameters, inputs)
    ]
    return _joined(inputs, [each.exponents for each in found], [each.converged for each in found], steps)


def long_run(
    network: Network,
    parameters: Parameters,
    inputs: Inputs,
    steps: int,
    count: int = 1,
    warm_up: int = 100,
    frame_warm_up: int = 100,
) -> Exponents:
    """The largest exponents of each trajectory over many iterations, after those that it takes to settle.

    Args:
        parameters, inputs: in float64, (member, ...).
        steps: iterations that are averaged over.
        count: how many exponents.
        warm_up: iterations of the state before; `frame_warm_up`: then of state and tangents.
    """
    found = [
        lyapunov_spectrum(dynamics, state, count, steps, warm_up=warm_up, frame_warm_up=frame_warm_up)
        for dynamics, state in _dynamics(network, parameters, inputs)
    ]
    values = [each.exponents for each in found]
    return _joined(inputs, values, [value.isfinite() for value in values], steps)


def _dynamics(
    network: Network, parameters: Parameters, inputs: Inputs
) -> Iterator[tuple[RecurrentDynamics, Tensor]]:
    """Dynamics and first states (member * batch, token * width) of a few members at a time."""
    first = next(iter(inputs.values()))
    member, batch = first.shape[:2]
    size = max(1, TRAJECTORIES // batch)
    with torch.no_grad():
        for begin in range(0, member, size):
            of_group = {name: value[begin : begin + size] for name, value in parameters.items()}
            given = {name: value[begin : begin + size] for name, value in inputs.items()}
            state, drive = network.start(of_group, given)
            dynamics = RecurrentDynamics(network.rule, of_group, drive)
            yield dynamics, dynamics.flattened(state)


def _joined(inputs: Inputs, values: list[Tensor], converged: list[Tensor], steps: int) -> Exponents:
    member, batch = next(iter(inputs.values())).shape[:2]
    return Exponents(
        torch.cat(values).reshape(member, batch, -1), torch.cat(converged).reshape(member, batch, -1), steps
    )
