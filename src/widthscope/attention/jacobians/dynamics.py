"""A recurrent model as a map on flattened states, for exponents and spectra of any method."""

import torch
from torch import Tensor

from widthscope.attention.jacobians.linearised import Linearised
from widthscope.attention.jacobians.update import dense
from widthscope.models.recurrence.attention import Parameters
from widthscope.models.recurrence.rule import Rule
from widthscope.models.recurrence.update import update

REMEMBERED = 32


class RecurrentDynamics:
    """`spectra.dynamics.Dynamics` of a recurrent model with its drive.

    States are (member * batch, token * width), member before batch and token before coordinate: see
    `flattened` and `unflattened`. The last 32 linearisations are kept, so that many products at the same
    state tensor, say those of an Arnoldi iteration or of a T-step map with T up to 32, pay for the forward
    pass once; a map of more steps pays for it at every product. A tensor whose numbers have changed since,
    in whatever way, is another state.

    Args:
        rule, parameters: as `models.recurrence.update.update` takes them, in float64.
        drive: C, (member, batch, token, width): its shape is that of all states. It and the parameters are
            copied: what is done to them later, by an optimiser say, changes nothing here.
    """

    def __init__(self, rule: Rule, parameters: Parameters, drive: Tensor) -> None:
        rule.check_width(drive.shape[-1])
        self.rule = rule
        self.parameters = {name: values.detach().clone() for name, values in parameters.items()}
        self.drive = drive.detach().clone()
        self._linearised: list[tuple[Tensor, Tensor, Linearised]] = []

    def flattened(self, state: Tensor) -> Tensor:
        """(member, batch, token, width) -> (member * batch, token * width)."""
        return state.reshape(self.drive.shape).flatten(0, 1).flatten(1)

    def unflattened(self, state: Tensor) -> Tensor:
        """(member * batch, token * width) -> (member, batch, token, width)."""
        return state.reshape(self.drive.shape)

    def step(self, state: Tensor) -> Tensor:
        """The next states, (member * batch, token * width)."""
        with torch.no_grad():
            return self.flattened(update(self.rule, self.parameters, self.unflattened(state), self.drive))

    def jacobian(self, state: Tensor) -> Tensor:
        """J at each state in closed form, (member * batch, n, n) with n = token * width."""
        step = Linearised.at(self.rule, self.parameters, self.unflattened(state), self.drive)
        return dense(step).flatten(0, 1)

    def jvp(self, state: Tensor, tangents: Tensor) -> Tensor:
        """J v, tangents (member * batch, k, n) -> the same shape."""
        return self._at(state).forward(self._split(tangents)).reshape(tangents.shape)

    def vjp(self, state: Tensor, cotangents: Tensor) -> Tensor:
        """J^T u, cotangents (member * batch, k, n) -> the same shape."""
        return self._at(state).transposed(self._split(cotangents)).reshape(cotangents.shape)

    def _split(self, tangents: Tensor) -> Tensor:
        member, batch, count, width = self.drive.shape
        return tangents.reshape(member, batch, tangents.shape[1], count, width)

    def _at(self, state: Tensor) -> Linearised:
        # Versions of tensors would not do: NumPy, `.data` and inference mode change numbers without counting.
        for known, numbers, step in self._linearised:
            if known is state and torch.equal(numbers, state):
                return step
        step = Linearised.at(self.rule, self.parameters, self.unflattened(state), self.drive)
        self._linearised = [*self._linearised[1 - REMEMBERED :], (state, state.detach().clone(), step)]
        return step
