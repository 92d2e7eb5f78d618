"""Gradient descent on the squared loss by hand-written batched products."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor

from widthscope.ensembles.gradient_step import Batch
from widthscope.ensembles.optimisers import State
from widthscope.ensembles.parameters import Parameters
from widthscope.ensembles.schedules import Schedule, constant
from widthscope.ensembles.second_order.low_rank import (
    gradient_update,
    passed_through,
    trained_layers,
    updated,
)


@dataclass(frozen=True)
class MLPStep:
    """W_l <- W_l - rate_l G_l of the loss (1/2N) sum_n |f_n - y_n|^2.

    The gradient is never formed: its two factors go into one product with the weights. Several times as fast
    as autograd where layers are small.

    Attributes:
        activation: of `models.mlp`.
        rates: each layer's (member,), by name; a name left out is frozen.
        schedule: factor of the rates by step.
    """

    activation: str
    rates: Mapping[str, Tensor]
    schedule: Schedule = field(default_factory=constant)

    def start(self, parameters: Parameters) -> State:
        """Nothing is carried along."""
        return {}

    def __call__(
        self, parameters: Parameters, state: State, batch: Batch, step: int
    ) -> tuple[Parameters, State, Tensor]:
        """One update of ``x`` (member, N, D) and ``y`` (member, N, C); see `gradient_step.Step`."""
        passed = passed_through(parameters, batch, self.activation)
        layers = passed.layers()
        updates = {name: gradient_update(*layers[name]) for name in trained_layers(parameters, self.rates)}
        return updated(parameters, updates, self.rates, self.schedule(step)), state, passed.losses
