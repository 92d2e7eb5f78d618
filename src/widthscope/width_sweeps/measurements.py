"""What a width sweep measures of its members at the recorded steps, against where each member began.

On a probe of training inputs that never changes, with phi(h_l) = a_l,

    dh_l = rms(h_l(t) - h_l(0)),   dh_l1 = mean |h_l(t) - h_l(0)|,   h_rms = rms(h_l(t)),
    df = rms(f(t) - f(0)),   df_hidden = rms(W_L(0) (a_{L-1}(t) - a_{L-1}(0))),
    feat_kernel_dist = 1 - <K_0, K_t> / |K_0| |K_t|,   K = a_{L-1} a_{L-1}^T,
    trace_A = mean_n |a_{l-1}|^2,   trace_B = mean_n |delta_l|^2 .

Source: arXiv:2312.12226, coordinate check; the notes of both studies, section on measurements.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from widthscope.ensembles.independence import in_company, needs_company
from widthscope.ensembles.parameters import Parameters
from widthscope.ensembles.recording import Recording
from widthscope.errors import WidthscopeError
from widthscope.models import mlp
from widthscope.width_sweeps.cost import BLOCK, PROBE
from widthscope.width_sweeps.problems import Problem

FLOATS = 2**21
"""Numbers of one array of activities that are held at once: 8 MB in float32."""

LAYERED: dict[str, tuple[str, ...]] = dict.fromkeys(
    ("dh", "dh_l1", "h_rms", "update_rms", "trace_A", "trace_B"), ("layer",)
)
WHOLE: dict[str, tuple[str, ...]] = dict.fromkeys(("df", "df_hidden", "feat_kernel_dist"), ())
LOSSES = ("train_loss", "test_loss")
ACCURACIES = ("train_acc", "test_acc")

QUANTITIES = ("coordinates", "losses")
"""What can be measured: movement on the probe, and losses and accuracies on the full sets."""


class MeasurementError(WidthscopeError):
    """Something that is not measured is asked for."""


@dataclass(frozen=True)
class Start:
    """Where members began: one row for each distinct draw of weights, and which row is each member's.

    Attributes:
        weights: by name, (draw, ...).
        draws: (member,) each member's row.
    """

    weights: Parameters
    draws: Tensor

    def of(self, values: Tensor, members: slice) -> Tensor:
        """Each member's row of values (draw, ...)."""
        return values[self.draws[members]]


def recordings(
    problem: Problem, start: Start, activation: str, steps: Sequence[int], quantities: Sequence[str]
) -> list[Recording]:
    """Recordings along ``step`` of these quantities.

    Args:
        problem: on the members' device and in their dtype.
        start: where the members began.
        activation: of the network.
        steps: numbers of updates after which to measure, rising.
        quantities: of `QUANTITIES`.

    Raises:
        MeasurementError: if there is no such quantity.
    """
    unknown = [name for name in quantities if name not in QUANTITIES]
    if unknown:
        raise MeasurementError(f"{unknown[0]!r} is not measured; there are {', '.join(QUANTITIES)}")
    found = []
    layers = len(start.weights)
    if "coordinates" in quantities:
        measure = Coordinates(problem.train_x[:PROBE], problem.train_y[:PROBE], start, activation)
        coords = {"layer": list(range(1, layers + 1))}
        found.append(Recording(measure, LAYERED | WHOLE, steps, coords=coords))
    if "losses" in quantities:
        names = (*LOSSES, *(ACCURACIES if problem.train_labels is not None else ()))
        dims: dict[str, tuple[str, ...]] = dict.fromkeys(names, ())
        found.append(Recording(Losses(problem, activation, layers), dims, steps))
    return found


class Coordinates:
    """How far each member has moved from its start, on a probe (n, D) with targets (n, C)."""

    def __init__(self, x: Tensor, y: Tensor, start: Start, activation: str) -> None:
        self._x, self._y, self._activation = x, y, activation
        lone = needs_company(start.weights)  # one draw alone would be multiplied by another kernel
        weights = in_company(start.weights) if lone else start.weights
        passed = mlp.forward(weights, x.expand(len(weights["W1"]), -1, -1), activation)
        self._start = Start(weights, start.draws)
        self._preactivations, self._features = passed.preactivations, passed.inputs[-1]
        self._floats = x.shape[0] * max(value.shape[1] for value in weights.values())

    def output_at_start(self) -> Tensor:
        """rms f(0) over rms y, (draw,): where it is not small, residuals depend on the width."""
        found: Tensor = _rms(self._preactivations[-1]) / self._y.square().mean().sqrt()
        return found

    def __call__(self, parameters: Parameters) -> Mapping[str, Tensor]:
        """By name (member,) or (member, layer)."""
        weights = {name: parameters[name] for name in self._start.weights}
        draws = self._start.draws
        if len(weights["W1"]) > len(draws):  # the training gave a lone member company
            draws = torch.cat([draws, draws])
        start = Start(self._start.weights, draws)
        return in_slices(lambda part, of: self._measure(part, of, start), weights, self._floats)

    def _measure(self, weights: Parameters, members: slice, start: Start) -> dict[str, Tensor]:
        count = len(weights["W1"])
        passed = mlp.forward(weights, self._x.expand(count, -1, -1), self._activation)
        signals = mlp.backward(weights, passed, passed.outputs - self._y, self._activation)
        moved = [
            now - start.of(then, members)
            for now, then in zip(passed.preactivations, self._preactivations, strict=True)
        ]
        last = list(weights)[-1]
        shifted = passed.inputs[-1] - start.of(self._features, members)
        hidden = torch.bmm(shifted, start.of(start.weights[last], members).mT)
        return {
            "dh": _stack(_rms(values) for values in moved),
            "dh_l1": _stack(values.abs().flatten(1).mean(dim=1) for values in moved),
            "h_rms": _stack(_rms(values) for values in passed.preactivations),
            "update_rms": _stack(
                _rms(value - start.of(start.weights[name], members)) for name, value in weights.items()
            ),
            "trace_A": _stack(_square_length(values) for values in passed.inputs),
            "trace_B": _stack(_square_length(values) for values in signals),
            "df": _rms(moved[-1]),
            "df_hidden": _rms(hidden),
            "feat_kernel_dist": 1 - _kernel_cosine(start.of(self._features, members), passed.inputs[-1]),
        }


class Losses:
    """Squared loss (1/2N) sum |f - y|^2 and, of classes, accuracy on the full training and test sets.

    Examples pass in blocks of `BLOCK` whoever is measured, so that no bit depends on it.
    """

    def __init__(self, problem: Problem, activation: str, layers: int) -> None:
        self._activation, self._names = activation, mlp.layer_names(layers)
        self._sets = {
            "train": (problem.train_x, problem.train_y, problem.train_labels),
            "test": (problem.test_x, problem.test_y, problem.test_labels),
        }

    def __call__(self, parameters: Parameters) -> Mapping[str, Tensor]:
        """By name, (member,)."""
        weights = {name: parameters[name] for name in self._names}
        examples = min(BLOCK, max(len(x) for x, _, _ in self._sets.values()))
        floats = examples * max(value.shape[1] for value in weights.values())
        return in_slices(lambda part, _: self._measure(part), weights, floats)

    def _measure(self, weights: Parameters) -> dict[str, Tensor]:
        found = {}
        for name, (x, y, labels) in self._sets.items():
            loss = hits = torch.zeros((), dtype=y.dtype, device=y.device)
            for begin in range(0, len(x), BLOCK):
                block = slice(begin, begin + BLOCK)
                inputs = x[block].expand(len(weights["W1"]), -1, -1)
                outputs = mlp.forward(weights, inputs, self._activation).outputs
                loss = loss + mlp.squared_loss(outputs, y[block]) * (outputs.shape[1] / len(x))
                if labels is not None:
                    hits = hits + (outputs.argmax(dim=2) == labels[block]).sum(dim=1)
            found[f"{name}_loss"] = loss
            if labels is not None:
                found[f"{name}_acc"] = hits / len(x)
        return found


def in_slices(
    measure: Callable[[Parameters, slice], dict[str, Tensor]], weights: Parameters, floats: int
) -> dict[str, Tensor]:
    """What `measure` finds of a few members at a time, at least two of them where there are two.

    Args:
        measure: (weights of some members, which) -> tensors (member, ...) by name.
        weights: (member, ...) by name.
        floats: numbers in one member's largest array of activities.
    """
    members = len(next(iter(weights.values())))
    count = max(1, members // max(2, FLOATS // floats))
    ends = [members * place // count for place in range(count + 1)]
    found = [
        measure({name: value[begin:end] for name, value in weights.items()}, slice(begin, end))
        for begin, end in pairwise(ends)
    ]
    return {name: torch.cat([part[name] for part in found]) for name in found[0]}


def _stack(values: Iterable[Tensor]) -> Tensor:
    return torch.stack(list(values), dim=1)


def _rms(values: Tensor) -> Tensor:
    """Root mean square of each member, (member,)."""
    return values.square().flatten(1).mean(dim=1).sqrt()


def _square_length(values: Tensor) -> Tensor:
    """Mean square length of a member's rows (member, n, width), (member,)."""
    return values.square().flatten(1).sum(dim=1) / values.shape[1]


def _kernel_cosine(one: Tensor, other: Tensor) -> Tensor:
    """<K, K'> / |K| |K'| of the Gram matrices of rows, (member,), in float64: 1 minus it may be small."""
    first, second = (torch.bmm(rows, rows.mT).flatten(1).double() for rows in (one, other))
    product = (first * second).sum(dim=1)
    return product / (first.square().sum(dim=1) * second.square().sum(dim=1)).sqrt()
