"""Multilayer perceptron without biases, with a hand-written backward pass.

    h_1 = W_1 x,   h_l = W_l a_{l-1},   a_l = phi(h_l),   f = h_L

Local rules and second-order methods use the activities a_{l-1} and the signals delta_l themselves, not only
their product; and autograd costs several times a small network's step. The input enters layer 1 without phi.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from widthscope.errors import WidthscopeError

Parameters = dict[str, Tensor]

ACTIVATIONS = ("tanh", "relu", "identity")


class MLPError(WidthscopeError):
    """A network has too few layers or an empty one, or an unknown activation is asked for."""


@dataclass(frozen=True)
class Forward:
    """What a forward pass leaves.

    Attributes:
        preactivations: h_1, ..., h_L, each (member, N, n_l).
        inputs: of each layer, a_0 = x, ..., a_{L-1}, each (member, N, n_{l-1}).
    """

    preactivations: tuple[Tensor, ...]
    inputs: tuple[Tensor, ...]

    @property
    def outputs(self) -> Tensor:
        """f = h_L, (member, N, C)."""
        return self.preactivations[-1]


class Gradients(NamedTuple):
    """Each member's loss (member,) and its gradient by name."""

    losses: Tensor
    values: Parameters


def sizes(inputs: int, width: int, outputs: int, layers: int) -> tuple[int, ...]:
    """Widths n_0 = D, M, ..., M, n_L = C of a network of L weight layers.

    Raises:
        MLPError: if there are fewer than two layers, or a width is below 1.
    """
    if layers < 2:
        raise MLPError(f"a multilayer perceptron has {layers} weight layers; it needs at least 2")
    if min(inputs, width, outputs) < 1:
        raise MLPError(
            f"a multilayer perceptron has widths {inputs}, {width}, {outputs}; each must be at least 1"
        )
    return (inputs, *[width] * (layers - 1), outputs)


def layer_names(layers: int) -> tuple[str, ...]:
    """Names of the weights, ("W1", ..., "WL")."""
    return tuple(f"W{layer}" for layer in range(1, layers + 1))


def initial(
    generator: torch.Generator, sizes: tuple[int, ...], sigma: float = 1.0, readout_scale: float = 1.0
) -> Parameters:
    """One member's weights, float64, without a member dimension.

    W_l ~ N(0, sigma^2 / n_{l-1}) for l < L, and W_L ~ N(0, readout_scale^2 / n_{L-1}). The scales multiply
    the same normal numbers, so that parameterisations of one stream differ by a factor only.

    Args:
        generator: of the member's stream.
        sizes: of `sizes`.
        sigma: of all layers but the last.
        readout_scale: of the last layer; sigma_L (M/M0)^{1/2 - b_L} in the notes' terms, and 0 for zeros.
    """
    names = layer_names(len(sizes) - 1)
    drawn = {}
    for name, fan_in, fan_out in zip(names, sizes[:-1], sizes[1:], strict=True):
        scale = readout_scale if name == names[-1] else sigma
        normal = torch.randn(fan_out, fan_in, generator=generator, dtype=torch.float64)
        drawn[name] = normal * (scale / math.sqrt(fan_in))
    return drawn


def activate(activation: str, h: Tensor) -> Tensor:
    """phi(h).

    Raises:
        MLPError: if there is no such activation.
    """
    if activation == "tanh":
        return torch.tanh(h)
    if activation == "relu":
        return torch.relu(h)
    if activation == "identity":
        return h
    raise _unknown(activation)


def slope(activation: str, h: Tensor) -> Tensor:
    """phi'(h); 0 at the kink of relu. Errors as in `activate`."""
    return slope_of_value(activation, activate(activation, h))


def slope_of_value(activation: str, value: Tensor) -> Tensor:
    """phi'(h) from a = phi(h), which these activations allow. Errors as in `activate`."""
    if activation == "tanh":
        return 1 - value.square()
    if activation == "relu":
        return (value > 0).to(value.dtype)
    if activation == "identity":
        return torch.ones_like(value)
    raise _unknown(activation)


def times_slope(signal: Tensor, value: Tensor, activation: str) -> Tensor:
    """signal * phi'(h) from a = phi(h), in one pass over memory; the signal itself where phi' = 1.

    Errors as in `activate`.
    """
    if activation == "tanh":
        product: Tensor = torch.ops.aten.tanh_backward(signal, value)
        return product
    if activation == "relu":
        return torch.where(value > 0, signal, 0)
    if activation == "identity":
        return signal
    raise _unknown(activation)


def forward(parameters: Parameters, x: Tensor, activation: str) -> Forward:
    """Activities of all layers at x (member, N, D), which may be an expanded view."""
    names = layer_names(len(parameters))
    inputs, preactivations = [x], [torch.bmm(x, parameters[names[0]].mT)]
    for name in names[1:]:
        inputs.append(activate(activation, preactivations[-1]))
        preactivations.append(torch.bmm(inputs[-1], parameters[name].mT))
    return Forward(tuple(preactivations), tuple(inputs))


def backward(parameters: Parameters, passed: Forward, signal: Tensor, activation: str) -> tuple[Tensor, ...]:
    """Signals delta_1, ..., delta_L (member, N, n_l), back-propagated from any signal at the output.

        delta_l = phi'(h_l) * (delta_{l+1} W_{l+1})

    With signal = f - y row n is the derivative of 1/2 |f - y|^2 of sample n, without a factor 1/N.

    Args:
        parameters: weights by name.
        passed: of the forward pass at these parameters.
        signal: delta_L, (member, N, C).
        activation: of the forward pass; errors as in `activate`.
    """
    names = layer_names(len(parameters))
    signals = [signal]
    for name, value in zip(reversed(names[1:]), reversed(passed.inputs[1:]), strict=True):
        signals.append(times_slope(torch.bmm(signals[-1], parameters[name]), value, activation))
    return tuple(reversed(signals))


def weight_gradients(passed: Forward, signals: tuple[Tensor, ...]) -> Parameters:
    """G_l = (1/N) delta_l^T a_{l-1}, (member, n_l, n_{l-1}), by name."""
    count = signals[0].shape[1]
    return {
        name: torch.bmm(signal.mT, value).div_(count)
        for name, signal, value in zip(layer_names(len(signals)), signals, passed.inputs, strict=True)
    }


def squared_loss(outputs: Tensor, targets: Tensor) -> Tensor:
    """(1/2N) sum_n |f_n - y_n|^2 of each member, (member,)."""
    return (outputs - targets).square().flatten(1).sum(dim=1) / (2 * outputs.shape[1])


def gradients(parameters: Parameters, x: Tensor, y: Tensor, activation: str) -> Gradients:
    """Squared loss of each member and its gradient, of x (member, N, D) and y (member, N, C)."""
    passed = forward(parameters, x, activation)
    signals = backward(parameters, passed, passed.outputs - y, activation)
    return Gradients(squared_loss(passed.outputs, y), weight_gradients(passed, signals))


def _unknown(activation: str) -> MLPError:
    return MLPError(f"activation {activation!r} is unknown; there are {', '.join(ACTIVATIONS)}")
