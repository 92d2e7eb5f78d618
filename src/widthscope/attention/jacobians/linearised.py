"""One step of a recurrent model, linearised at a state: its Jacobian as a chain of maps (theory notes 3.2).

    itrsa post:  J = N_y (I + eta J_MSA)                              y = X + eta (C + MSA)
    itrsa pre:   J = I + eta J_MSA N_x
    akorn:       J = N_z (I + eta (F + Proj_x J_MSA)),   F = Omega - x y^T - (x . y) I,   y = C + MSA

N is the derivative of the normalisation, and z of akorn the state before it.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.attention.jacobians.attention_derivative import AttentionDerivative
from widthscope.attention.jacobians.token_maps import (
    OscillatorForce,
    RadialProjection,
    norm_derivative,
    spheres_derivative,
    tangent_projection,
)
from widthscope.models.recurrence.attention import Parameters, heads
from widthscope.models.recurrence.normalisation import normalised
from widthscope.models.recurrence.rule import Rule
from widthscope.models.recurrence.update import before_norm


@dataclass(frozen=True)
class Linearised:
    """J of one step at a state (member, batch, token, width).

    Attributes:
        attention: J_MSA.
        step: eta, (member,).
        moved: the state before the last normalisation, y or z; where the norm stands before, the next state.
        inner: N_x of a norm that stands before, else None.
        projection: Proj_x of oscillators, else None.
        force: F of oscillators, else None.
        outer: N_y or N_z, or None where no norm stands after.
    """

    attention: AttentionDerivative
    step: Tensor
    moved: Tensor
    inner: RadialProjection | None
    projection: RadialProjection | None
    force: OscillatorForce | None
    outer: RadialProjection | None

    @classmethod
    def at(cls, rule: Rule, parameters: Parameters, state: Tensor, drive: Tensor) -> "Linearised":
        """The derivative of `update` in its state; arguments as there."""
        rule.check_width(state.shape[-1])
        with torch.no_grad():
            gain, pre = parameters.get("gain"), rule.place == "pre"
            inner = norm_derivative(rule, state, gain) if pre else None
            attention = AttentionDerivative.at(
                heads(rule, parameters), normalised(rule, state, gain) if pre else state
            )
            attended = attention.value(state)
            moved = before_norm(rule, parameters, state, drive, attended)
            if rule.model == "itrsa":
                outer = None if pre else norm_derivative(rule, moved, gain)
                return cls(attention, parameters["step"], moved, inner, None, None, outer)
            frequency = parameters["frequency"].reshape(-1, 1, 1, 1).expand(*state.shape[:-1], 1)
            force = OscillatorForce(state, (drive + attended).expand_as(state), frequency, rule.oscillator)
            return cls(
                attention=attention,
                step=parameters["step"],
                moved=moved,
                inner=None,
                projection=tangent_projection(state, rule.oscillator),
                force=force,
                outer=spheres_derivative(moved, rule.oscillator),
            )

    def forward(self, tangents: Tensor) -> Tensor:
        """J v, (member, batch, k, token, width) -> the same shape."""
        with torch.no_grad():
            within = tangents if self.inner is None else self.inner.rows(_for_tangents).forward(tangents)
            change = self.attention.forward(within)
            if self.projection is not None:
                change = self.projection.rows(_for_tangents).forward(change)
            if self.force is not None:
                change = change + self.force.rows(_for_tangents).forward(tangents)
            found = torch.addcmul(tangents, self._step(), change)
            return found if self.outer is None else self.outer.rows(_for_tangents).forward(found)

    def transposed(self, cotangents: Tensor) -> Tensor:
        """J^T u, (member, batch, k, token, width) -> the same shape."""
        with torch.no_grad():
            u = cotangents if self.outer is None else self.outer.rows(_for_tangents).transposed(cotangents)
            pull = u if self.projection is None else self.projection.rows(_for_tangents).transposed(u)
            change = self.attention.transposed(pull)
            if self.inner is not None:
                change = self.inner.rows(_for_tangents).transposed(change)
            if self.force is not None:
                change = change + self.force.rows(_for_tangents).transposed(u)
            return torch.addcmul(u, self._step(), change)

    def own_blocks(self) -> Tensor:
        """I + eta F: what a token feels of itself but by attention and the last norm.

        Returns:
            (member, batch, token, width, width).
        """
        width = self.moved.shape[-1]
        units = torch.eye(width, dtype=self.moved.dtype, device=self.moved.device)
        if self.force is None:
            return units.expand(*self.moved.shape, width)
        units = units[:, None].expand(*self.moved.shape[:2], width, *self.moved.shape[2:])
        found = torch.addcmul(units, self._step(), self.force.rows(_for_tangents).forward(units))
        return found.permute(0, 1, 3, 4, 2)

    def _step(self) -> Tensor:
        return self.step.reshape(-1, 1, 1, 1, 1)


def _for_tangents(values: Tensor) -> Tensor:
    """(member, batch, token, ...) beside tangents: (member, batch, 1, token, ...)."""
    return values[:, :, None]
