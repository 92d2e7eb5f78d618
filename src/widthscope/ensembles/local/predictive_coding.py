r"""Predictive coding as a step of the training loop, with four ways to infer the states.

All start at the feed-forward states u_l = h_l, where e_l = 0 below the last layer and e_L = y - f.

- ``si``: sequential inference, one pass from the last hidden layer down, u_l <- u_l - alpha dF/du_l with the
  already moved u_{l+1}; then all errors anew.
- ``si_fpa``: the same with the fixed-prediction assumption: predictions and slopes stay feed-forward, so
  that alpha = 1 gives gamma_L times the gradient of back-propagation.
- ``eq``: all states at once until dF/du is about 0 (`inference.equilibrium`).
- ``linear``: the equilibrium of a linear network in closed form (`linear_equilibrium`).

The weight step is W_l <- W_l + rate_l (gamma_l / N) e_l^T a_{l-1}: it includes gamma_L.

Source: algorithms A and B of the theory notes, 3.4; the rule is that of arXiv:2411.02001, whose full text was
not read.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.ensembles.gradient_step import Batch
from widthscope.ensembles.local.inference import (
    Inferred,
    LocalRuleError,
    Weight,
    Weights,
    at_states,
    energy_weights,
    equilibrium,
    require_weights,
    weight_gradients,
    weighted,
)
from widthscope.ensembles.local.linear_equilibrium import linear_equilibrium
from widthscope.ensembles.local.weight_step import Rates, stepped
from widthscope.ensembles.optimisers import State
from widthscope.models.mlp import (
    Forward,
    Gradients,
    Parameters,
    forward,
    layer_names,
    slope_of_value,
    squared_loss,
)

INFERENCES = ("si", "si_fpa", "eq", "linear")

STEP_SIZES = {"si": 1.0, "si_fpa": 1.0, "eq": 0.3, "linear": 1.0}
"""alpha where none is given; 0.3 lies below 2 / lambda_max = 0.35 at every width."""


@dataclass(frozen=True)
class Inference:
    """How states are inferred.

    Attributes:
        kind: one of `INFERENCES`.
        step_size: alpha; None for that of `STEP_SIZES`.
        sweeps: of ``eq``, at most.
        tolerance: of ``eq``, where a member's relative residual is small enough; 0 makes all sweeps.

    Raises:
        LocalRuleError: if there is no such kind.
    """

    kind: str = "si"
    step_size: float | None = None
    sweeps: int = 200
    tolerance: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in INFERENCES:
            raise LocalRuleError(f"inference {self.kind!r} is unknown; there are {', '.join(INFERENCES)}")

    @property
    def alpha(self) -> float:
        """The step size."""
        return STEP_SIZES[self.kind] if self.step_size is None else self.step_size

    def __call__(
        self, parameters: Parameters, passed: Forward, targets: Tensor, activation: str, weights: Weights
    ) -> Inferred:
        """Infer the states of every sample.

        Args:
            parameters: weights by name.
            passed: of the forward pass at these parameters and the data.
            targets: (member, N, C).
            activation: of the network.
            weights: gamma_1, ..., gamma_L.

        Raises:
            LocalRuleError: if there is not one weight for each layer, or the closed form is asked for a
                network that is not linear.
        """
        require_weights(parameters, weights)
        if self.kind == "eq":
            return equilibrium(
                parameters, passed, targets, activation, weights, self.alpha, self.sweeps, self.tolerance
            ).inferred
        if self.kind == "linear":
            if activation != "identity":
                raise LocalRuleError(
                    f"inference 'linear' needs the activation identity, not {activation!r}; use 'eq'"
                )
            return linear_equilibrium(parameters, passed, targets, weights)
        fixed = self.kind == "si_fpa"
        return single_shot(parameters, passed, targets, activation, weights, self.alpha, fixed)


def single_shot(
    parameters: Parameters,
    passed: Forward,
    targets: Tensor,
    activation: str,
    weights: Weights,
    step_size: float = 1.0,
    fixed_predictions: bool = False,
) -> Inferred:
    """One pass l = L-1, ..., 1 of u_l = h_l + alpha gamma_{l+1} phi'(h_l) * (e_{l+1} W_{l+1}).

    A layer's own error is still zero when it moves, and e_{l+1} = u_{l+1} - h_{l+1} is the moved one.
    Arguments as of `Inference.__call__`; `fixed_predictions` leaves errors and inputs of the weight step
    relative to the feed-forward pass.
    """
    names = layer_names(len(parameters))
    error = targets - passed.outputs
    states: list[Tensor] = []
    errors = [error]
    for place in range(len(names) - 1, 0, -1):
        move = weighted(torch.bmm(error, parameters[names[place]]), weights[place])
        if activation != "identity":
            move = move * slope_of_value(activation, passed.inputs[place])
        error = move if step_size == 1 else move * step_size
        states.append(passed.preactivations[place - 1] + error)
        errors.append(error)
    if fixed_predictions:
        return Inferred(tuple(states[::-1]), tuple(errors[::-1]), passed.inputs)
    return at_states(parameters, passed, states[::-1], targets, activation)


def gradients(
    parameters: Parameters, x: Tensor, y: Tensor, activation: str, weights: Weights, inference: Inference
) -> Gradients:
    """Squared loss of each member, and dF/dW_l after the inference, by name.

    Args:
        parameters: weights by name, (member, ...).
        x: (member, N, D), which may be an expanded view.
        y: (member, N, C).
        activation: of the network.
        weights: gamma_1, ..., gamma_L.
        inference: how the states are found; its errors are raised.
    """
    passed = forward(parameters, x, activation)
    inferred = inference(parameters, passed, y, activation, weights)
    return Gradients(squared_loss(passed.outputs, y), weight_gradients(inferred, weights))


@dataclass(frozen=True)
class PredictiveCoding:
    """One learning step of predictive coding; see `gradient_step.Step`.

    The loss that it returns is that of the feed-forward network, 1/2 |f - y|^2, mean of the samples. A
    member whose inference overflows has parameters that are not finite: the loop notes it as diverged.

    Attributes:
        activation: of the network.
        rates: learning rate of each layer, W_l; a layer left out stands still.
        energy: gamma_L at this width, a number or one for each member; gamma_l = 1 below.
        inference: one of `INFERENCES`.
        step_size: alpha of the inference; None for 1 of a single pass, 0.3 of the iteration.
        sweeps: of the iteration, at most.
        tolerance: of its relative residual; 0 makes all sweeps.
    """

    activation: str
    rates: Rates
    energy: Weight = 1.0
    inference: str = "si"
    step_size: float | None = None
    sweeps: int = 200
    tolerance: float = 0.0

    def __post_init__(self) -> None:
        self._inference()

    def start(self, parameters: Parameters) -> State:
        """Nothing is carried along."""
        return {}

    def __call__(
        self, parameters: Parameters, state: State, batch: Batch, step: int
    ) -> tuple[Parameters, State, Tensor]:
        """One update; see `Step`."""
        passed = forward(parameters, batch["x"], self.activation)
        weights = energy_weights(len(parameters), self.energy)
        inferred = self._inference()(parameters, passed, batch["y"], self.activation, weights)
        errors = [weighted(e, weight) for e, weight in zip(inferred.errors, weights, strict=True)]
        names = layer_names(len(parameters))
        new = stepped(parameters, names, errors, inferred.inputs, self.rates)
        return new, state, squared_loss(passed.outputs, batch["y"])

    def _inference(self) -> Inference:
        return Inference(self.inference, self.step_size, self.sweeps, self.tolerance)
