"""The Jacobian of T steps as a linear map that is applied and never formed."""

import torch
from torch import Tensor

from widthscope.spectra.dynamics import Dynamics, checked_state


class ProductMap:
    """Product J_T ... J_1 of step Jacobians along the trajectory of each state, divided by e^log_scale.

    Each step's factor is divided by its own number, so that products of thousands of contracting or expanding
    factors neither vanish nor overflow.

    Args:
        dynamics: the map.
        state: (batch, n) float64, where the trajectories start.
        steps: T >= 1.
        probe: (batch, n), a tangent by whose growth the scales are set; all ones where None.

    Attributes:
        states: the T states at which a Jacobian is taken, and the last one, T + 1 of (batch, n).
        log_scale: (batch,) logarithm of what the product was divided by.
    """

    def __init__(self, dynamics: Dynamics, state: Tensor, steps: int, probe: Tensor | None = None) -> None:
        state = checked_state(state)
        self.dynamics = dynamics
        self.states = [state]
        self._scales: list[Tensor] = []
        tangent = torch.ones_like(state) if probe is None else probe
        tangent = tangent / tangent.norm(dim=-1, keepdim=True)
        for _ in range(steps):
            tangent = dynamics.jvp(self.states[-1], tangent[:, None])[:, 0]
            growth = tangent.norm(dim=-1)
            scale = torch.where((growth > 0) & growth.isfinite(), growth, 1.0)
            tangent = tangent / scale[:, None]
            self._scales.append(scale)
            self.states.append(dynamics.step(self.states[-1]))
        self.log_scale = torch.stack(self._scales).log().sum(0)

    def matvec(self, tangents: Tensor) -> Tensor:
        """The scaled product on k tangents, (batch, k, n) -> (batch, k, n)."""
        for state, scale in zip(self.states, self._scales, strict=False):
            tangents = self.dynamics.jvp(state, tangents) / scale[:, None, None]
        return tangents

    def rmatvec(self, cotangents: Tensor) -> Tensor:
        """Its transpose on k cotangents, (batch, k, n) -> (batch, k, n)."""
        for state, scale in zip(reversed(self.states[:-1]), reversed(self._scales), strict=True):
            cotangents = self.dynamics.vjp(state, cotangents) / scale[:, None, None]
        return cotangents


def product_map(dynamics: Dynamics, state: Tensor, steps: int, probe: Tensor | None = None) -> ProductMap:
    """`ProductMap` of the T-step Jacobian at `state` (batch, n)."""
    return ProductMap(dynamics, state, steps, probe)
