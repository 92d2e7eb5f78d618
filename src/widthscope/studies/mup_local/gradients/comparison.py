"""Two gradients of the same weights, compared layer by layer and as a whole, without forming them.

A layer's gradient is -(1/N) s^T a with signals s (member, N, rows) and inputs a (member, N, columns), so
that inner products of two gradients are sums over pairs of samples,

    <s^T a, t^T b> = sum_{nm} (s t^T * a b^T)_{nm} .
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.ensembles.local.inference import Inferred, Weights, weighted
from widthscope.models.mlp import Forward, Parameters, backward


@dataclass(frozen=True)
class Factors:
    """A gradient of all layers, up to the sign and the number of samples.

    Attributes:
        signals: s of each layer, (member, N, n_l).
        inputs: a of each layer, (member, N, n_{l-1}).
    """

    signals: tuple[Tensor, ...]
    inputs: tuple[Tensor, ...]


def back_propagated(
    parameters: Parameters, passed: Forward, targets: Tensor, activation: str, scale: float = 1.0
) -> Factors:
    """Of the squared loss, times a factor."""
    signals = backward(parameters, passed, (targets - passed.outputs) * scale, activation)
    return Factors(signals, passed.inputs)


def inferred_factors(inferred: Inferred, weights: Weights) -> Factors:
    """Of predictive coding's energy: gamma_l e_l, and the inputs at the inferred states."""
    signals = [weighted(error, weight) for error, weight in zip(inferred.errors, weights, strict=True)]
    return Factors(tuple(signals), inferred.inputs)


def relative_difference(rule: Factors, reference: Factors) -> tuple[Tensor, Tensor]:
    """|g - g0| / |g0| of each layer (member, layer), and of all layers together (member,).

    The difference is split into (s - s0)^T a + s0^T (a - a0), so that nothing large cancels and equal
    gradients differ by rounding errors alone. Norms of all layers together are those of the largest layers:
    layers whose gradients grow otherwise with the width hide in them.
    """
    differences, norms = [], []
    for s, s0, a, a0 in zip(rule.signals, reference.signals, rule.inputs, reference.inputs, strict=True):
        signals, inputs = torch.cat([s - s0, s0], dim=1), torch.cat([a, a - a0], dim=1)
        differences.append(_product(signals, signals, inputs, inputs))
        norms.append(_product(s0, s0, a0, a0))
    # Squares of rounding errors may come out below 0.
    difference, norm = torch.stack(differences, dim=1).clamp(min=0), torch.stack(norms, dim=1)
    return (difference / norm).sqrt(), (difference.sum(dim=1) / norm.sum(dim=1)).sqrt()


def cosines(rule: Factors, reference: Factors) -> Tensor:
    """Cosine of the angle between the gradients of each layer (member, layer)."""
    found = []
    for s, s0, a, a0 in zip(rule.signals, reference.signals, rule.inputs, reference.inputs, strict=True):
        squares = _product(s, s, a, a) * _product(s0, s0, a0, a0)
        found.append(_product(s, s0, a, a0) / squares.sqrt())
    return torch.stack(found, dim=1)


def _product(s: Tensor, t: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """<s^T a, t^T b> of each member, (member,)."""
    return (torch.bmm(s, t.mT) * torch.bmm(a, b.mT)).flatten(1).sum(dim=1)
