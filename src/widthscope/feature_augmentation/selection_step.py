"""One update of networks whose features are augmented at one position, which may be learned.

Position l ~ q is drawn, the weights move by the gradient of L_l, and then the ratio of l, where it adapts, by

    G = <grad L_val(new weights), grad L_l(old weights)>,   q_l <- q_l + rate G,   clip, normalise

(arXiv:2408.13426, theory notes 3.1). The gradient of L_l is that of the loss alone: weight decay and momentum
enter the weight step, not G. Policies are numbers of each member, so that fixed positions, uniform and
adaptive choice train side by side.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor
from torch.nn import functional

from widthscope.ensembles.gradient_step import Batch, value_and_gradients
from widthscope.ensembles.optimisers import Optimiser, State
from widthscope.ensembles.parameters import Parameters
from widthscope.ensembles.schedules import Schedule, constant
from widthscope.feature_augmentation.operations.base import Operation
from widthscope.feature_augmentation.ratios import RatioRule, chosen_position

Between = Callable[[int, Tensor], Tensor]
Forward = Callable[[Parameters, Tensor, Between], Tensor]
"""(parameters, x, what is done to the activation that enters position k) -> logits (member, N, class)."""

SAMPLED = -1
"""In the place of a fixed position: drawn from the ratios at each step."""

MEMORIES = ("gathered", "mean_square")
"""What a `RatioRule` may keep beside the ratios."""

CARRIED = ("ratios", "alignment", "chosen", *MEMORIES)
"""What the step keeps among the parameters, for recordings to see; no network has such names."""


def carried(
    members: int, positions: int, device: torch.device | str = "cpu", rule: RatioRule | None = None
) -> Parameters:
    """What goes beside the networks' parameters before the first step: equal ratios, no alignment, no choice.

    ``ratios`` (member, K), ``alignment`` (member,) and ``chosen`` (member,), the position last augmented (K
    for none), all float64, and the memories of the step's `rule`, if it has any.
    """
    return {
        **{
            name: value.to(device)
            for name, value in (rule or RatioRule()).initial(members, positions).items()
        },
        "alignment": torch.zeros(members, dtype=torch.float64, device=device),
        "chosen": torch.full((members,), float(positions), dtype=torch.float64, device=device),
    }


def weights_of(parameters: Parameters) -> Parameters:
    """The networks' parameters alone."""
    return {name: value for name, value in parameters.items() if name not in CARRIED}


@dataclass(frozen=True)
class Policies:
    """Where each member's features are augmented, by what, and how its ratios adapt.

    Attributes:
        position: (member,) int64: `SAMPLED`, a fixed position below K, or K for no augmentation.
        rate: (member,) float64, eta_q; 0 leaves the ratios equal, below 0 turns the update's sign.
        operation: (member, K) int64, which of the step's operations is used at each position.
    """

    position: Tensor
    rate: Tensor
    operation: Tensor

    def batch(self) -> dict[str, Tensor]:
        """Their part of every step's batch."""
        return {"position": self.position, "ratio_rate": self.rate, "operation": self.operation}


@dataclass(frozen=True)
class SelectionStep:
    """An update of weights and ratios; a `gradient_step.Step`.

    A batch has the keys of `Policies.batch`, and

    - ``x`` (member, N, ...), ``labels`` (member, N) int64;
    - ``uniform`` (member,) float64 in [0, 1), which decides the position that is sampled;
    - the operations' draws (set, ...), by the names of `named_draws`, and ``draws`` (member,) int64, each
      member's set of them: members that share draws share them in memory;
    - if ratios adapt, ``validation_x`` (member, V, ...) and ``validation_labels`` (member, V).

    Attributes:
        forward: of the networks.
        operations: by name, in the order of `Policies.operation`.
        optimiser: of the weights.
        adapt: whether the validation gradient is found at all; without it ratios stay equal and alignment 0.
        schedule: factor of the learning rate by step.
        least: delta: ratios are clipped to [delta/K, 1 - delta/K] before they are normalised.
        interval: see `RatioRule`; `carried` must be given the step's `rule` where it is above 1.
        decay: see `RatioRule`; likewise, where it is not None.
    """

    forward: Forward
    operations: Mapping[str, Operation]
    optimiser: Optimiser
    adapt: bool = True
    schedule: Schedule = field(default_factory=constant)
    least: float = 0.1
    interval: int = 1
    decay: float | None = None

    @property
    def rule(self) -> RatioRule:
        """How ratios move, but for its rate, which is each member's own."""
        return RatioRule(floor=self.least, interval=self.interval, decay=self.decay)

    def start(self, parameters: Parameters) -> State:
        """The optimiser's state of the weights."""
        return self.optimiser.start(weights_of(parameters))

    def __call__(
        self, parameters: Parameters, state: State, batch: Batch, step: int
    ) -> tuple[Parameters, State, Tensor]:
        """See `gradient_step.Step`."""
        weights, ratios = weights_of(parameters), parameters["ratios"]
        chosen = chosen_positions(ratios, batch["position"], batch["uniform"])

        def loss(leaves: Parameters, _: Batch) -> Tensor:
            return self.augmented_loss(leaves, batch, chosen)

        losses, gradients = value_and_gradients(loss, weights, batch)
        kept = {name: value.clone() for name, value in gradients.items()} if self.adapt else {}
        new = self.optimiser.update(weights, gradients, state, self.schedule(step), step)
        alignment = parameters["alignment"]
        moved = {name: parameters[name] for name in ("ratios", *MEMORIES) if name in parameters}
        if self.adapt:
            _, validation = value_and_gradients(self.validation_loss, new, batch)
            alignment = inner_products(kept, validation)
            moved = replace(self.rule, rate=batch["ratio_rate"]).after(moved, step, chosen, alignment)
        return {**new, **moved, "alignment": alignment, "chosen": chosen.double()}, state, losses

    def augmented_loss(self, weights: Parameters, batch: Batch, chosen: Tensor) -> Tensor:
        """L_l of each member (member,), l = chosen (member,): mean cross-entropy with soft labels."""
        used: list[tuple[Operation, Tensor, dict[str, Tensor], tuple[int, ...]]] = []

        def between(position: int, x: Tensor) -> Tensor:
            plain = x
            for name, members, draws in self._used_at(position, batch, chosen):
                operation = self.operations[name]
                shown = plain[members]
                x = x.index_copy(0, members, operation.apply(shown, draws))
                used.append((operation, members, draws, tuple(shown.shape[2:])))
            return x

        logits = self.forward(weights, batch["x"], between)
        targets = functional.one_hot(batch["labels"], logits.shape[-1]).to(logits.dtype)
        for operation, members, draws, shape in used:
            mixed = operation.mixed_targets(targets[members], draws, shape)
            targets = targets.index_copy(0, members, mixed)
        return -(targets * logits.log_softmax(dim=-1)).sum(dim=-1).mean(dim=1)

    def _used_at(
        self, position: int, batch: Batch, chosen: Tensor
    ) -> Iterator[tuple[str, Tensor, dict[str, Tensor]]]:
        """Operations at this position: name, places of the members that use it now, their draws."""
        which = batch["operation"][:, position]
        for place, (name, operation) in enumerate(self.operations.items()):
            members = ((chosen == position) & (which == place)).nonzero()[:, 0]
            if len(members):
                of = draws_at(batch, name, position if operation.draws_depend_on_shape else None)
                rows = batch["draws"][members]
                yield name, members, {key: values[rows] for key, values in of.items()}

    def validation_loss(self, weights: Parameters, batch: Batch) -> Tensor:
        """L_val of each member (member,): cross-entropy without augmentation inside the network."""
        logits = self.forward(weights, batch["validation_x"], lambda position, x: x)
        chosen = batch["validation_labels"].unsqueeze(-1)
        return -logits.log_softmax(dim=-1).gather(-1, chosen).flatten(1).mean(dim=1)


def chosen_positions(ratios: Tensor, position: Tensor, uniform: Tensor) -> Tensor:
    """Each member's position (member,) int64: the fixed one, or what `uniform` draws from its ratios."""
    return torch.where(position == SAMPLED, chosen_position(ratios, uniform), position)


def inner_products(first: Parameters, second: Parameters) -> Tensor:
    """<first, second> over all parameters of each member, (member,) float64."""
    products = [
        (value.double() * second[name].double()).reshape(len(value), -1).sum(dim=1)
        for name, value in first.items()
    ]
    return torch.stack(products).sum(dim=0)


def named_draws(operation: str, position: int | None, draws: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """An operation's draws, by their names in a batch.

    The position is None for an operation whose draws mean the same at every position.
    """
    return {f"{_prefix(operation, position)}{name}": value for name, value in draws.items()}


def draws_at(batch: Batch, operation: str, position: int | None) -> dict[str, Tensor]:
    """The draws that `named_draws` put into a batch."""
    prefix = _prefix(operation, position)
    return {name.removeprefix(prefix): value for name, value in batch.items() if name.startswith(prefix)}


def _prefix(operation: str, position: int | None) -> str:
    return f"draws.{operation}." if position is None else f"draws.{operation}.{position}."


def activation_shapes(forward: Forward, parameters: Parameters, x: Tensor) -> Sequence[tuple[int, ...]]:
    """Shape of one example's activation at each position, which draws for features need.

    Args:
        forward: of the networks.
        parameters: of any members.
        x: of the same members, (member, N, ...), any values.
    """
    shapes: dict[int, tuple[int, ...]] = {}

    def between(position: int, activation: Tensor) -> Tensor:
        shapes[position] = tuple(activation.shape[2:])
        return activation

    with torch.no_grad():
        forward(parameters, x, between)
    return [shapes[position] for position in sorted(shapes)]
