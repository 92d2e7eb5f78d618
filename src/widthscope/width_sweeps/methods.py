"""What trains the members of a sweep: a rule, its exponents, and how its step is built at a width."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from torch import Tensor

from widthscope.ensembles.gradient_step import Step
from widthscope.ensembles.local.predictive_coding import PredictiveCoding
from widthscope.ensembles.local.target_propagation import TargetPropagation
from widthscope.ensembles.optimisers import Adam, State
from widthscope.ensembles.parameters import Parameters
from widthscope.ensembles.second_order.factors import SampledResiduals
from widthscope.ensembles.second_order.first_order import MLPStep
from widthscope.ensembles.second_order.kfac import KFAC
from widthscope.ensembles.second_order.shampoo import Shampoo
from widthscope.errors import WidthscopeError
from widthscope.models import mlp
from widthscope.parameterisations.exponents import Exponents, place
from widthscope.streams import Name
from widthscope.width_sweeps.damping import DampingAxis
from widthscope.width_sweeps.feedback_maps import feedback_rates

PLACES = ("first", "hidden", "last")

FEEDBACK_OPTIONS = ("feedback_rate", "pretraining", "pretraining_rate", "tied")
"""Of target propagation: the maps' base learning rate (0: they stand still), steps of their own before the
weights begin, and the base learning rate of these (None: the same); and t where, in place of a draw, the last
map is t sqrt(M / M_0) W_L^T, a wrong one."""


class MethodError(WidthscopeError):
    """There is no such method, or a layer that is to be frozen has no place in a network."""


@dataclass(frozen=True)
class Arm:
    """One learning rule in one parameterisation.

    Attributes:
        method: its name, of `METHODS`.
        exponents: powers of the width.
        options: what the rule's step takes besides, by the names of its arguments; of predictive coding also
            ``energy``, the base width's gamma', and of target propagation `FEEDBACK_OPTIONS`.
        damping: what a sweep's axis of dampings means in K-FAC; in Shampoo it is its relative ridge.
        frozen: layers that are not trained, of "first", "hidden" and "last".

    Raises:
        MethodError: if there is no such method or layer.
    """

    method: str
    exponents: Exponents
    options: Mapping[str, Any] = field(default_factory=dict)
    damping: DampingAxis = field(default_factory=DampingAxis)
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
        rates: of each layer that is trained, by name, (member,).
        dampings: of the sweep's axis, (member,).
        activation, layers, width, base: of the network.
        streams: each member's stream of random numbers; members that agree in the seed share it.
    """

    arm: Arm
    rates: Mapping[str, Tensor]
    dampings: Tensor
    activation: str
    layers: int
    width: int
    base: int
    streams: list[tuple[Name, ...]]


def effective(
    arm: Arm,
    rates: Tensor,
    dampings: Tensor,
    activation: str,
    layers: int,
    width: int,
    base: int,
    streams: list[tuple[Name, ...]],
) -> Effective:
    """What a step is built from, of members with these base-width learning rates and dampings (member,)."""
    factors = {
        name: arm.rate_factor(layer, layers, width, base)
        for layer, name in enumerate(mlp.layer_names(layers), start=1)
    }
    by_layer = {name: rates * factor for name, factor in factors.items() if factor}
    return Effective(arm, by_layer, dampings, activation, layers, width, base, streams)


@dataclass(frozen=True)
class AdamStep:
    """Adam on the squared loss, with the hand-written backward pass."""

    activation: str
    optimiser: Adam

    def start(self, parameters: Parameters) -> State:
        """Zero averages."""
        return self.optimiser.start(parameters)

    def __call__(
        self, parameters: Parameters, state: State, batch: Mapping[str, Tensor], step: int
    ) -> tuple[Parameters, State, Tensor]:
        """One update; see `gradient_step.Step`."""
        found = mlp.gradients(parameters, batch["x"], batch["y"], self.activation)
        new = self.optimiser.update(parameters, found.values, state, 1.0, step)
        return new, state, found.losses


def _sgd(at: Effective) -> Step:
    return MLPStep(at.activation, at.rates)


def _adam(at: Effective) -> Step:
    return AdamStep(at.activation, Adam(dict(at.rates), **at.arm.options))


def _kfac(exponents: tuple[float, float]) -> Callable[[Effective], Step]:
    def build(at: Effective) -> Step:
        damping = at.arm.damping.damping(at.arm.exponents, at.dampings, at.layers, at.width, at.base)
        options = {"exponents": exponents, **at.arm.options}
        if options.get("fisher", "mc") == "mc":
            options["noise"] = SampledResiduals(at.streams)
        return KFAC(at.activation, at.rates, damping, **options)

    return build


def _predictive_coding(inference: str) -> Callable[[Effective], Step]:
    def build(at: Effective) -> Step:
        options = dict(at.arm.options)
        energy = options.pop("energy", 1.0) * at.arm.exponents.energy_factor(at.width, at.base)
        return PredictiveCoding(at.activation, at.rates, energy, inference, **options)

    return build


def _shampoo(at: Effective) -> Step:
    return Shampoo(at.activation, at.rates, at.dampings, **at.arm.options)


def _target_propagation(difference: bool) -> Callable[[Effective], Step]:
    def build(at: Effective) -> Step:
        options = {key: value for key, value in at.arm.options.items() if key not in FEEDBACK_OPTIONS}
        rates = feedback_rates(
            at.arm.exponents, at.arm.options.get("feedback_rate", 0.0), at.layers, at.width, at.base
        )
        return TargetPropagation(
            at.activation, at.rates, rates, difference=difference, streams=at.streams, **options
        )

    return build


METHODS: dict[str, Callable[[Effective], Step]] = {
    "sgd": _sgd,
    "bp": _sgd,
    "adam": _adam,
    "kfac": _kfac((1.0, 1.0)),
    "foof": _kfac((1.0, 0.0)),
    "shampoo": _shampoo,
    "pc_si": _predictive_coding("si"),
    "pc_si_fpa": _predictive_coding("si_fpa"),
    "pc_eq": _predictive_coding("eq"),
    "tp": _target_propagation(difference=False),
    "dtp": _target_propagation(difference=True),
}
"""How each method's step is built."""

WITH_FEEDBACK = ("tp", "dtp")
"""Methods whose members have feedback maps besides weights."""
