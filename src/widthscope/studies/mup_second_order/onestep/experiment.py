"""Changes by one update, of every row on the same weights, by width and seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from widthscope.ensembles.second_order.damping import Size, damping
from widthscope.models import mlp
from widthscope.streams import numpy_generator, torch_generator
from widthscope.studies.mup_second_order.onestep.responses import (
    Gram,
    kfac_response,
    root_mean_square,
    shampoo_response,
)
from widthscope.studies.mup_second_order.onestep.rows import Row, rows
from widthscope.width_sweeps.problems import Problem, digits_problem
from widthscope.work import Work

LAYERS = 3
ACTIVATION = "tanh"
ENTRIES = ("first", "hidden", "last", "output")
"""Of h_1 by W_1, of h_2 by W_2, of f by W_3, and of f by W_2 to first order in the rate."""


@dataclass(frozen=True)
class Signals:
    """What comes back to the layers at one initial scale of the readout.

    Attributes:
        grams: S of layers 1, 2, 3.
        through: d f[n, c] / d R[n, m] (sample n, class c, sample m) of the second layer's R.
        initial: rms of f(0) over that of y.
    """

    grams: tuple[Gram, ...]
    through: Tensor
    initial: float


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Root mean square changes by one update of one layer, at the base rate eta' = 1.

    Args:
        settings: `widths`, `base`, `seeds`, `batch`, `damping`, `sigma_readout`, `absolute`, `seed`.
        datasets: the digits.
        work: its progress shows the widths done.

    Returns:
        `change` (row, width, member, entry); `initial` (width, member), rms of f(0) over that of y in the
        maximal-update rows, and `initial_large` where the readout starts large.
    """
    every = rows(settings["absolute"])
    problem = digits_problem(datasets["digits"])
    batches = [batch(problem, settings, member) for member in range(settings["seeds"])]
    changes, initial = [], []
    for width in work.progress(settings["widths"], total=len(settings["widths"]), description="widths"):
        found = [
            _at(width, member, every, x.to(work.device), y.to(work.device), settings)
            for member, (x, y) in enumerate(batches)
        ]
        changes.append(np.stack([change for change, _ in found], axis=1))
        initial.append([ratios for _, ratios in found])
    shown = np.asarray(initial)
    return xr.Dataset(
        {
            "change": (("row", "width", "member", "entry"), np.stack(changes, axis=1)),
            "initial": (("width", "member"), shown[..., 0]),
            "initial_large": (("width", "member"), shown[..., 1]),
        },
        coords={
            "row": [row.name for row in every],
            "width": list(settings["widths"]),
            "entry": list(ENTRIES),
        },
        attrs={name: settings[name] for name in ("base", "batch", "damping", "sigma_readout", "absolute")},
    )


def batch(problem: Problem, settings: Mapping[str, Any], member: int) -> tuple[Tensor, Tensor]:
    """A member's own images and targets, (N, D) and (N, C), the same at every width."""
    generator = numpy_generator("mup_second_order", "onestep.batch", settings["seed"], member)
    places = torch.from_numpy(generator.permutation(len(problem.train_x))[: settings["batch"]])
    return problem.train_x[places], problem.train_y[places]


def weights(
    settings: Mapping[str, Any], width: int, member: int, inputs: int, outputs: int
) -> mlp.Parameters:
    """One member's weights, W_3 ~ N(0, 1/M) before its scale."""
    generator = torch_generator("mup_second_order", "onestep", settings["seed"], width, member)
    return mlp.initial(generator, mlp.sizes(inputs, width, outputs, LAYERS))


def _at(
    width: int, member: int, every: Sequence[Row], x: Tensor, y: Tensor, settings: Mapping[str, Any]
) -> tuple[np.ndarray, tuple[float, float]]:
    """Changes (row, entry) of one member, and its initial outputs in the maximal-update rows."""
    drawn = weights(settings, width, member, x.shape[1], y.shape[1])
    sizes = mlp.sizes(x.shape[1], width, y.shape[1], LAYERS)
    parameters = {name: value[None].to(x.device) for name, value in drawn.items()}
    passed = mlp.forward(parameters, x[None], ACTIVATION)
    inputs = tuple(Gram.of(value[0]) for value in passed.inputs)
    scales = {row.name: _readout_scale(row, width, settings) for row in every}
    distinct = sorted(set(scales.values()))
    signals = dict(zip(distinct, _signals(parameters, passed, y, distinct), strict=True))
    changes = [_changes(row, sizes, inputs, signals[scales[row.name]], settings) for row in every]
    shown = [signals[scales[name]].initial for name in ("SGD mup", "SGD mup, large f(0)")]
    return np.array(changes), (shown[0], shown[1])


def _readout_scale(row: Row, width: int, settings: Mapping[str, Any]) -> float:
    """What the drawn W_3 is multiplied by."""
    sigma: float = settings["sigma_readout"] if row.sigma_readout is None else row.sigma_readout
    return float(row.exponents.readout_std(width, settings["base"], sigma) * width**0.5)


def _signals(
    parameters: mlp.Parameters, passed: mlp.Forward, y: Tensor, scales: Sequence[float]
) -> list[Signals]:
    """Back-propagated signals at each scale of the readout; the wide products are shared."""
    count, (hidden, readout) = len(y), (parameters["W2"][0], parameters["W3"][0])
    slopes = [mlp.slope_of_value(ACTIVATION, value[0]) for value in passed.inputs[1:]]
    residuals = [scale * passed.outputs[0] - y for scale in scales]
    second = [
        (scale * residual @ readout) * slopes[1] for scale, residual in zip(scales, residuals, strict=True)
    ]
    first = (torch.cat(second) @ hidden).reshape(len(scales), count, -1)
    found = []
    for place, scale in enumerate(scales):
        signals = (first[place] * slopes[0], second[place], residuals[place])
        reading = slopes[1][:, None, :] * (scale * readout)  # (N, C, M)
        found.append(
            Signals(
                grams=tuple(Gram.of(signal) for signal in signals),
                through=reading @ second[place].mT,
                initial=scale * float(passed.outputs.square().mean().sqrt() / y.square().mean().sqrt()),
            )
        )
    return found


def _changes(
    row: Row, sizes: tuple[int, ...], inputs: tuple[Gram, ...], signals: Signals, settings: Mapping[str, Any]
) -> list[float]:
    """The entries of one row."""
    responses, moved = [], []
    for layer, (K, S) in enumerate(zip(inputs, signals.grams, strict=True), start=1):
        response = _response(row, layer, sizes, K, S, settings)
        response = response * row.exponents.rate(layer, LAYERS, sizes[1], settings["base"])
        responses.append(response)
        moved.append(float(root_mean_square(response, S, sizes[layer])))
    outputs = torch.einsum("nm,ncm->nc", responses[1], signals.through)
    return [*moved, float(outputs.square().mean().sqrt())]


def _response(
    row: Row, layer: int, sizes: tuple[int, ...], K: Gram, S: Gram, settings: Mapping[str, Any]
) -> Tensor:
    """R of one layer before its rate."""
    value = settings["damping"] if row.strength is None else row.strength
    if row.is_shampoo:
        return shampoo_response(K, S, row.method, value)
    identity = layer == LAYERS and not row.empirical_readout
    strength = torch.tensor([value], dtype=torch.float64)
    names = mlp.layer_names(LAYERS)
    rule = damping(row.damping, names, strength, strength, row.exponents, sizes[1], settings["base"])
    # As in the steps that train: the identity's mean eigenvalue is 1.
    outputs = Size(torch.ones_like(S.trace[None]), 1) if identity else Size(S.trace[None], sizes[layer])
    first, second = rule.ridges(names[layer - 1], Size(K.trace[None], sizes[layer - 1]), outputs)
    return kfac_response(K, S, row.method, (first[0], second[0]), identity)
