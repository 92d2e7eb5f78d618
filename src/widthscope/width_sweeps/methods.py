"""What trains the members of a sweep: a rule, its exponents, and how its step is built at a width."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from torch import Tensor

from widthscope.ensembles.gradient_step import Step
from widthscope.ensembles.optimisers import SGD, Adam, Optimiser, State
from widthscope.ensembles.parameters import Parameters
from widthscope.errors import WidthscopeError
from widthscope.models import mlp
from widthscope.parameterisations.exponents import Exponents, place
from widthscope.streams import Name

PLACES = ("first", "hidden", "last")


class MethodError(WidthscopeError):
    """There is no such method, or a layer that is to be frozen has no place in a network."""


@dataclass(frozen=True)
class Arm:
    """One learning rule in one parameterisation.

    Attributes:
        method: its name, of `METHODS`.
        exponents: powers of the width.
        options: what the rule's step takes besides, by the names of its arguments.
        frozen: layers that are not trained, of "first", "hidden" and "last"; their rates are 0.
    """

    method: str
    exponents: Exponents
    options: Mapping[str, Any] = field(default_factory=dict)
    frozen: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            near = get_close_matches(self.method, METHODS, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise MethodError(f"there is no method {self.method!r}, only {', '.join(METHODS)}{hint}")
        unknown = [name for name in self.frozen if name not in PLACES]
        if unknown:
            raise MethodError(f"layer {unknown[0]!r} cannot be frozen; there are {', '.join(PLACES)}")

    def rate_factor(self, layer: int, layers: int, width: int, base: int) -> float:
        """What the base width's learning rate is multiplied by in a layer; 0 if it is frozen."""
        if PLACES[place(layer, layers)] in self.frozen:
            return 0.0
        return self.exponents.rate(layer, layers, width, base)


@dataclass(frozen=True)
class Effective:
    """What the step of some members is built from, at one width.

    Attributes:
        arm: the rule, its exponents and options.
        rates: of each layer, by name, (member,).
        damping: the base width's, (member,).
        activation, layers, width, base: of the network.
        streams: each member's stream of random numbers; members that agree in the seed share it.
    """

    arm: Arm
    rates: Mapping[str, Tensor]
    damping: Tensor
    activation: str
    layers: int
    width: int
    base: int
    streams: list[tuple[Name, ...]]


@dataclass(frozen=True)
class FirstOrder:
    """The gradient of the squared loss by the hand-written backward pass, then a first-order optimiser."""

    activation: str
    optimiser: Optimiser

    def start(self, parameters: Parameters) -> State:
        """The optimiser's."""
        return self.optimiser.start(parameters)

    def __call__(
        self, parameters: Parameters, state: State, batch: Mapping[str, Tensor], step: int
    ) -> tuple[Parameters, State, Tensor]:
        """One update; see `gradient_step.Step`."""
        found = mlp.gradients(parameters, batch["x"], batch["y"], self.activation)
        new = self.optimiser.update(parameters, found.values, state, 1.0, step)
        return new, state, found.losses


def _sgd(at: Effective) -> Step:
    return FirstOrder(at.activation, SGD(dict(at.rates), **at.arm.options))


def _adam(at: Effective) -> Step:
    return FirstOrder(at.activation, Adam(dict(at.rates), **at.arm.options))


METHODS: dict[str, Callable[[Effective], Step]] = {
    "sgd": _sgd,
    "adam": _adam,
}
"""How each method's step is built."""


def effective(
    arm: Arm,
    rates: Tensor,
    damping: Tensor,
    activation: str,
    layers: int,
    width: int,
    base: int,
    streams: list[tuple[Name, ...]],
) -> Effective:
    """What a step is built from, of members with these base-width learning rates and dampings (member,)."""
    by_layer = {
        name: rates * arm.rate_factor(layer, layers, width, base)
        for layer, name in enumerate(mlp.layer_names(layers), start=1)
    }
    return Effective(arm, by_layer, damping, activation, layers, width, base, streams)
