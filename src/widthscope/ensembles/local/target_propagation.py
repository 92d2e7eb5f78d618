r"""Target propagation and difference target propagation as a step of the training loop.

    t_L = f + beta (y - f),
    t_{l-1} = h_{l-1} + g_l(t_l) - g_l(h_l)   (difference),   t_{l-1} = g_l(t_l)   (plain),
    W_l <- W_l + rate_l (1/N) (t_l - h_l)^T phi(h_{l-1}) .

Source: arXiv:1412.7525 (difference target propagation); algorithm C of the theory notes, 3.4.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from widthscope.ensembles.gradient_step import Batch
from widthscope.ensembles.local.feedback import FeedbackLearning, Noise, require_feedback, weights_of
from widthscope.ensembles.local.inference import LocalRuleError
from widthscope.ensembles.local.weight_step import Rates, stepped
from widthscope.ensembles.optimisers import State
from widthscope.models.mlp import (
    Forward,
    Gradients,
    Parameters,
    activate,
    forward,
    layer_names,
    squared_loss,
)
from widthscope.models.mlp import weight_gradients as from_signals
from widthscope.streams import Name


def target_errors(
    parameters: Parameters,
    passed: Forward,
    targets: Tensor,
    activation: str,
    beta: float = 1.0,
    difference: bool = True,
) -> tuple[Tensor, ...]:
    """t_l - h_l of all layers, l = 1, ..., L, each (member, N, n_l).

    Args:
        parameters: weights and feedback maps by name.
        passed: of the forward pass at these weights and the data.
        targets: y, (member, N, C).
        activation: of the network; also psi of hidden layers.
        beta: how far the output's target lies towards y.
        difference: whether the maps' own reconstruction of h_l is subtracted; then no residual, no error.

    Raises:
        LocalRuleError: if a map is missing.
    """
    require_feedback(parameters)
    hidden, inputs = passed.preactivations, passed.inputs
    error = (targets - passed.outputs) * beta
    errors = [error]
    for layer in range(len(hidden), 1, -1):
        at_output = layer == len(hidden)
        before = hidden[layer - 2]
        feedback = parameters[f"Q{layer}"].mT
        if difference:
            image = error if at_output else activate(activation, hidden[layer - 1] + error) - inputs[layer]
            error = torch.bmm(image, feedback)
        else:
            target = hidden[layer - 1] + error
            image = target if at_output else activate(activation, target)
            error = torch.baddbmm(before, image, feedback, beta=-1)
        errors.append(error)
    return tuple(reversed(errors))


def gradients(
    parameters: Parameters,
    x: Tensor,
    y: Tensor,
    activation: str,
    beta: float = 1.0,
    difference: bool = True,
) -> Gradients:
    """Squared loss of each member, and -(1/N) (t_l - h_l)^T phi(h_{l-1}), by the weights' names.

    They are the gradients of the local losses 1/2 |t_l - W_l phi(h_{l-1})|^2, not of one loss. Arguments and
    errors as of `target_errors`, x (member, N, D) and y (member, N, C).
    """
    passed = forward(weights_of(parameters), x, activation)
    errors = target_errors(parameters, passed, y, activation, beta, difference)
    return Gradients(squared_loss(passed.outputs, y), from_signals(passed, tuple(-error for error in errors)))


@dataclass(frozen=True)
class TargetPropagation:
    """One learning step of the feedback maps, then of the weights; see `gradient_step.Step`.

    Parameters hold both, W1, ..., WL and Q2, ..., QL. The loss that it returns is that of the network,
    1/2 |f - y|^2, mean of the samples.

    Attributes:
        activation: of the network.
        rates: learning rate of each layer, W_l; a layer left out stands still.
        feedback_rates: learning rate of each map, Q_l; one left out stands still.
        beta: how far the output's target lies towards y.
        noise: eps of the maps' inputs while they learn.
        difference: whether to subtract the maps' own reconstruction; plain target propagation does not.
        streams: names of each member's stream of that noise, as of `Members.keys`.

    Raises:
        LocalRuleError: if maps are to learn with noise and there are no streams to draw it from.
    """

    activation: str
    rates: Rates
    feedback_rates: Rates = field(default_factory=dict)
    beta: float = 1.0
    noise: float = 0.1
    difference: bool = True
    streams: Sequence[tuple[Name, ...]] = ()

    def __post_init__(self) -> None:
        if self.feedback_rates and self.noise and not self.streams:
            raise LocalRuleError(
                f"feedback maps that learn with noise {self.noise:g} need streams to draw it from, or noise 0"
            )

    def start(self, parameters: Parameters) -> State:
        """Nothing is carried along."""
        return {}

    def __call__(
        self, parameters: Parameters, state: State, batch: Batch, step: int
    ) -> tuple[Parameters, State, Tensor]:
        """One update; see `Step`."""
        passed = forward(weights_of(parameters), batch["x"], self.activation)
        if self.feedback_rates:
            parameters, _ = self.learning().moved(parameters, passed, step)
        errors = target_errors(parameters, passed, batch["y"], self.activation, self.beta, self.difference)
        new = stepped(parameters, layer_names(len(errors)), errors, passed.inputs, self.rates)
        return new, state, squared_loss(passed.outputs, batch["y"])

    def learning(self) -> FeedbackLearning:
        """What this step does to the maps, as a step of its own."""
        noise = Noise(self.streams, self.noise) if self.noise else None
        return FeedbackLearning(self.activation, self.feedback_rates, noise)
