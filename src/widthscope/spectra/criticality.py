"""How far a map is from criticality: the few numbers to look at first.

A map is critical, at the edge of chaos, where its largest exponent in the long run is 0. The spectral radius
of one step says so only at a fixed point, and an exponent over a finite horizon can be positive by growth
that is not normal alone: both are given beside it, named, and neither is a verdict.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.spectra.dynamics import Dynamics
from widthscope.spectra.finite_time import finite_time
from widthscope.spectra.jacobian_spectra import Spectrum, eigenvalues
from widthscope.spectra.lyapunov import LyapunovSpectrum, lyapunov_spectrum


@dataclass(frozen=True)
class Criticality:
    """Numbers of each state, (batch,) where no other shape is said.

    Attributes:
        eigenvalues: of one step's Jacobian at the state, leading ones, with residuals.
        spectral_radius: largest modulus of them.
        radius_distance: spectral radius - 1.
        largest_singular: of one step's Jacobian at the state, the most that one step stretches.
        finite_time: largest exponent over the `horizon` first steps from the state.
        horizon: T of `finite_time`.
        long_run: exponents after warming up, with standard errors and history.
        exponent: the largest of them: the distance from criticality, negative where trajectories meet,
            positive where they part.
        converged: whether each number that is iterated for met its tolerance.
    """

    eigenvalues: Spectrum
    spectral_radius: Tensor
    radius_distance: Tensor
    largest_singular: Tensor
    finite_time: Tensor
    horizon: int
    long_run: LyapunovSpectrum
    exponent: Tensor
    converged: Tensor


def criticality(
    dynamics: Dynamics,
    state: Tensor,
    *,
    leading: int = 4,
    horizon: int = 16,
    exponents: int = 1,
    steps: int = 500,
    warm_up: int = 100,
    frame_warm_up: int = 100,
    start: Tensor | None = None,
) -> Criticality:
    """Spectral radius, largest stretch, finite-time and long-run exponents of a map at each state.

    Args:
        dynamics: the map.
        state: (batch, n) float64.
        leading: eigenvalues, at most n of them.
        horizon: steps of the finite-time exponent.
        exponents: in the long run, at most n of them.
        steps, warm_up, frame_warm_up: as of `lyapunov_spectrum`.
        start: (batch, n) vector the iterations start from; random where None.
    """
    n = state.shape[-1]
    spectrum = eigenvalues(dynamics, state, min(leading, n), start=start)
    one = finite_time(dynamics, state, 1, start=start)
    finite = finite_time(dynamics, state, horizon, start=start)
    long_run = lyapunov_spectrum(
        dynamics, state, min(exponents, n), steps, warm_up=warm_up, frame_warm_up=frame_warm_up
    )
    radius = spectrum.values[:, 0].abs()
    return Criticality(
        eigenvalues=spectrum,
        spectral_radius=radius,
        radius_distance=radius - 1,
        largest_singular=torch.exp(one.exponents[:, 0]),
        finite_time=finite.exponents[:, 0],
        horizon=horizon,
        long_run=long_run,
        exponent=long_run.exponents[:, 0],
        converged=spectrum.converged[:, 0] & one.converged[:, 0] & finite.converged[:, 0],
    )
