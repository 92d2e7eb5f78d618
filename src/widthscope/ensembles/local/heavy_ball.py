r"""Equilibria of predictive coding by gradient descent with momentum, for comparisons that need them exact.

    v <- m v - a dF/du,   u <- u + v,   all layers at once.

With every eigenvalue of the energy's Hessian in the states within [low, high],

    a = 4 / (sqrt(high) + sqrt(low))^2,   m = ((sqrt(high) - sqrt(low)) / (sqrt(high) + sqrt(low)))^2,

and the residual falls by sqrt(m) a sweep, in place of (high - low) / (high + low): at the eigenvalues of
most networks with s = 1 fifty sweeps reach what two hundred of the plain iteration do. That does not hold for
networks with saturated units, whose softest directions lie below `low` and may take many hundreds.

Source: Polyak 1964; the bounds are in the theory notes, 3.2.
"""

import math

import torch
from torch import Tensor

from widthscope.ensembles.local.inference import (
    Equilibrium,
    LocalRuleError,
    Weights,
    at_states,
    energies,
    relative_residual,
    require_weights,
    state_gradients,
)
from widthscope.models.mlp import Forward, Parameters

BOUNDS = (0.2, 8.0)
"""Within which most of the Hessian's eigenvalues lie at s = 1, with three layers and gamma_L W_L^T W_L of
order one. Saturated units add smaller ones, which cost more sweeps; the residual shows whether these were
enough."""

CHECK_EVERY = 10
"""Sweeps between two looks at the residual."""


def heavy_ball_equilibrium(
    parameters: Parameters,
    passed: Forward,
    targets: Tensor,
    activation: str,
    weights: Weights,
    sweeps: int = 200,
    tolerance: float = 1e-7,
    bounds: tuple[float, float] = BOUNDS,
) -> Equilibrium:
    """Iterate from the feed-forward states until the relative residual is small.

    A member that is there stands still from then on, so that its result does not depend on the others. Where
    the bounds do not hold it converges slowly or not at all: look at the residual.

    Args:
        parameters: weights by name.
        passed: of the forward pass at these parameters and the data.
        targets: (member, N, C).
        activation: of the network.
        weights: gamma_1, ..., gamma_L.
        sweeps: at most so many.
        tolerance: of the relative residual, looked at every `CHECK_EVERY` sweeps.
        bounds: of the Hessian's eigenvalues, 0 < low < high.

    Raises:
        LocalRuleError: if the bounds are not in order, or there is not one weight for each layer.
    """
    require_weights(parameters, weights)
    low, high = bounds
    if not 0 < low < high:
        raise LocalRuleError(f"eigenvalues are bounded by {low:g} and {high:g}; allowed is 0 < low < high")
    length = 4 / (math.sqrt(high) + math.sqrt(low)) ** 2
    momentum = ((math.sqrt(high) - math.sqrt(low)) / (math.sqrt(high) + math.sqrt(low))) ** 2
    states = list(passed.preactivations[:-1])
    velocities = [torch.zeros_like(state) for state in states]
    inferred = at_states(parameters, passed, states, targets, activation)
    begin = energies(inferred.errors, weights)
    made = torch.zeros(len(targets), dtype=torch.int64, device=targets.device)
    active = torch.ones_like(made, dtype=torch.bool)
    for sweep in range(sweeps):
        if sweep and sweep % CHECK_EVERY == 0:
            residual = relative_residual(parameters, passed, states, targets, activation, weights)
            active = active & (residual > tolerance)
            if not bool(active.any()):
                break
        gradients = state_gradients(parameters, inferred, activation, weights)
        moving = active.to(targets.dtype)[:, None, None]
        for velocity, gradient in zip(velocities, gradients, strict=True):
            velocity.mul_(momentum).add_(gradient, alpha=-length).mul_(moving)
        states = [state + velocity for state, velocity in zip(states, velocities, strict=True)]
        made += active
        inferred = at_states(parameters, passed, states, targets, activation)
    residual = relative_residual(parameters, passed, states, targets, activation, weights)
    return Equilibrium(inferred, residual, made, begin, energies(inferred.errors, weights))
