r"""The energy of predictive coding, its gradient in the states, and its equilibrium by damped iteration.

States u_1, ..., u_{L-1} live before the nonlinearity; u_0 = x enters layer 1 without phi and u_L = y is
clamped. Of one sample, with a_l = phi(u_l), a_0 = x,

    e_l = u_l - W_l a_{l-1},   F = sum_l (gamma_l / 2) |e_l|^2,
    dF/du_l = gamma_l e_l - gamma_{l+1} phi'(u_l) * (e_{l+1} W_{l+1}),   dF/dW_l = -gamma_l e_l^T a_{l-1} .
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.errors import WidthscopeError
from widthscope.models.mlp import Forward, Parameters, activate, layer_names, slope_of_value

Weight = float | Tensor
Weights = Sequence[Weight]
"""gamma_1, ..., gamma_L: each a number, or one for each member (member,)."""

CHECK_EVERY = 10
"""Sweeps between two looks at the residual, where a tolerance is given."""


class LocalRuleError(WidthscopeError):
    """A local rule is given an unknown inference, or weights and maps that do not fit the network."""


@dataclass(frozen=True)
class Inferred:
    """What an inference phase leaves for the weights.

    Attributes:
        states: u_1, ..., u_{L-1}, each (member, N, n_l).
        errors: e_1, ..., e_L, each (member, N, n_l).
        inputs: what the weight steps multiply the errors by, a_0, ..., a_{L-1}, each (member, N, n_{l-1}).
    """

    states: tuple[Tensor, ...]
    errors: tuple[Tensor, ...]
    inputs: tuple[Tensor, ...]


@dataclass(frozen=True)
class Equilibrium:
    """Where the iteration ended.

    Attributes:
        inferred: states, errors and inputs there.
        residual: |dF/du| of a member relative to that at the feed-forward states, (member,); 0 where there
            was nothing to do.
        sweeps: how many were made for each member, (member,).
        energy_start: F at the feed-forward states, mean of the samples, (member,).
        energy: F at the end, (member,).
    """

    inferred: Inferred
    residual: Tensor
    sweeps: Tensor
    energy_start: Tensor
    energy: Tensor


def energy_weights(layers: int, last: Weight = 1.0) -> tuple[Weight, ...]:
    """gamma_l = 1 below the last layer, and gamma_L = `last`."""
    return (*[1.0] * (layers - 1), last)


def at_states(
    parameters: Parameters, passed: Forward, states: Sequence[Tensor], targets: Tensor, activation: str
) -> Inferred:
    """Errors and inputs at the states u_1, ..., u_{L-1}, with u_L = `targets` (member, N, C).

    Args:
        parameters: weights by name.
        passed: of the forward pass at these parameters and the data; gives W_1 x.
        states: one tensor (member, N, n_l) for each layer below the last.
        targets: the clamped output.
        activation: of the network.
    """
    names = layer_names(len(parameters))
    inputs = (passed.inputs[0], *(activate(activation, state) for state in states))
    errors = [states[0] - passed.preactivations[0]]
    for name, value, state in zip(names[1:], inputs[1:], (*states[1:], targets), strict=True):
        errors.append(torch.baddbmm(state, value, parameters[name].mT, alpha=-1))
    return Inferred(tuple(states), tuple(errors), inputs)


def state_gradients(
    parameters: Parameters, inferred: Inferred, activation: str, weights: Weights
) -> list[Tensor]:
    """dF/du_1, ..., dF/du_{L-1} of every sample, each (member, N, n_l)."""
    names = layer_names(len(parameters))
    found = []
    for place, name in enumerate(names[1:]):
        above = torch.bmm(inferred.errors[place + 1], parameters[name])
        above = weighted(above, weights[place + 1])
        if activation != "identity":
            above = above.mul_(slope_of_value(activation, inferred.inputs[place + 1]))
        found.append(weighted(inferred.errors[place], weights[place]).sub(above))
    return found


def energies(errors: Sequence[Tensor], weights: Weights) -> Tensor:
    """F of each member, mean of its samples, (member,)."""
    parts = [
        weighted(error.square().flatten(1).sum(dim=1), weight) / (2 * error.shape[1])
        for error, weight in zip(errors, weights, strict=True)
    ]
    return torch.stack(parts).sum(dim=0)


def weight_gradients(inferred: Inferred, weights: Weights) -> Parameters:
    """dF/dW_l = -(gamma_l / N) e_l^T a_{l-1}, (member, n_l, n_{l-1}), by name."""
    names = layer_names(len(inferred.errors))
    return {
        name: torch.bmm(weighted(error, weight).mT, value).div_(-error.shape[1])
        for name, error, value, weight in zip(names, inferred.errors, inferred.inputs, weights, strict=True)
    }


def equilibrium(
    parameters: Parameters,
    passed: Forward,
    targets: Tensor,
    activation: str,
    weights: Weights,
    step_size: float = 0.3,
    sweeps: int = 200,
    tolerance: float = 0.0,
) -> Equilibrium:
    """Iterate u <- u - step_size dF/du, all layers at once, from the feed-forward states.

    Stable while step_size < 2 / lambda_max of the energy's Hessian in the states (`stability`). A member
    whose relative residual has fallen below `tolerance` stands still from then on, so that its result does
    not depend on the others; 0 makes all sweeps. What is not finite stays so and is not waited for.

    Args:
        parameters: weights by name.
        passed: of the forward pass at these parameters and the data.
        targets: (member, N, C).
        activation: of the network.
        weights: gamma_1, ..., gamma_L.
        step_size: alpha.
        sweeps: at most so many.
        tolerance: of the relative residual, looked at every `CHECK_EVERY` sweeps.

    Source: algorithm B of the theory notes, 3.4; the step's bound is in 3.2.
    """
    require_weights(parameters, weights)
    start = at_states(parameters, passed, passed.preactivations[:-1], targets, activation)
    begin = energies(start.errors, weights)
    norm = _norm(state_gradients(parameters, start, activation, weights))
    sweeper = _Sweeper(parameters, passed, targets, activation, weights)
    active = torch.ones(len(targets), dtype=torch.bool, device=targets.device)
    made = torch.zeros(len(targets), dtype=torch.int64, device=targets.device)
    for sweep in range(sweeps):
        gradients = sweeper.gradients()
        if tolerance and sweep % CHECK_EVERY == 0:
            active = active & (_relative(gradients, norm) > tolerance)
            if not bool(active.any()):
                break
        sweeper.move((step_size * active).to(targets.dtype))
        made += active
    inferred = at_states(parameters, passed, sweeper.states, targets, activation)
    residual = _relative(state_gradients(parameters, inferred, activation, weights), norm)
    return Equilibrium(inferred, residual, made, begin, energies(inferred.errors, weights))


def relative_residual(
    parameters: Parameters,
    passed: Forward,
    states: Sequence[Tensor],
    targets: Tensor,
    activation: str,
    weights: Weights,
) -> Tensor:
    """|dF/du| at the states relative to that at the feed-forward states, (member,); 0 where both are 0."""
    found = []
    for at in (states, passed.preactivations[:-1]):
        inferred = at_states(parameters, passed, at, targets, activation)
        found.append(state_gradients(parameters, inferred, activation, weights))
    return _relative(found[0], _norm(found[1]))


class _Sweeper:
    """`state_gradients` at states that move in place: in small networks most of a sweep is memory's."""

    def __init__(
        self, parameters: Parameters, passed: Forward, targets: Tensor, activation: str, weights: Weights
    ) -> None:
        self._above = [parameters[name] for name in layer_names(len(parameters))[1:]]
        self._first, self._targets = passed.preactivations[0], targets
        self._activation, self._weights = activation, weights
        self.states = [h.clone() for h in passed.preactivations[:-1]]
        self._values = [torch.empty_like(state) for state in self.states]
        self._errors = [torch.empty_like(state) for state in (*self.states, targets)]
        self._found = [torch.empty_like(state) for state in self.states]
        self._rest = [torch.empty_like(state) for state in self.states]

    def gradients(self) -> list[Tensor]:
        """dF/du_1, ..., dF/du_{L-1}, in memory that the next call writes over."""
        torch.sub(self.states[0], self._first, out=self._errors[0])
        for place, matrix in enumerate(self._above):
            error = self._errors[place + 1]
            torch.bmm(self._value(place), matrix.mT, out=error)
            torch.sub((*self.states, self._targets)[place + 1], error, out=error)
        for place, matrix in enumerate(self._above):
            found, rest, value = self._found[place], self._rest[place], self._values[place]
            torch.bmm(self._errors[place + 1], matrix, out=found)
            _weigh(found, self._weights[place + 1])
            if self._activation == "tanh":
                found.sub_(torch.mul(found, value, out=rest).mul_(value))
            elif self._activation == "relu":
                found.mul_(slope_of_value(self._activation, value))
            rest.copy_(self._errors[place])
            _weigh(rest, self._weights[place])
            torch.sub(rest, found, out=found)
        return self._found

    def move(self, lengths: Tensor) -> None:
        """u <- u - length dF/du, each member by its own (member,), with the gradients last computed."""
        for state, gradient in zip(self.states, self._found, strict=True):
            state.sub_(gradient.mul_(lengths[:, None, None]))

    def _value(self, place: int) -> Tensor:
        if self._activation == "tanh":
            return torch.tanh(self.states[place], out=self._values[place])
        self._values[place] = activate(self._activation, self.states[place])
        return self._values[place]


def _weigh(values: Tensor, weight: Weight) -> None:
    """`weighted`, in place."""
    if isinstance(weight, Tensor):
        values.mul_(weight.to(values).reshape(-1, 1, 1))
    elif weight != 1:
        values.mul_(weight)


def weighted(values: Tensor, weight: Weight) -> Tensor:
    """The values (member, ...) times a number or each member's own (member,)."""
    if isinstance(weight, Tensor):
        return values * weight.to(values).reshape(-1, *[1] * (values.ndim - 1))
    return values if weight == 1 else values * weight


def require_weights(parameters: Parameters, weights: Weights) -> None:
    """Refuse a number of weights other than that of the layers.

    Raises:
        LocalRuleError: if there is one too few or too many.
    """
    if len(weights) != len(parameters):
        raise LocalRuleError(
            f"the energy has {len(weights)} weights for {len(parameters)} layers; it needs one for each layer"
        )


def _norm(gradients: Sequence[Tensor]) -> Tensor:
    return torch.stack([g.square().flatten(1).sum(dim=1) for g in gradients]).sum(dim=0).sqrt()


def _relative(gradients: Sequence[Tensor], start: Tensor) -> Tensor:
    norm = _norm(gradients)
    return torch.where(start == 0, norm, norm / start)
