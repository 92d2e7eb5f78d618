r"""Exact trace of the Hessian of a multilayer perceptron's cross-entropy, for many members at once.

With z_l = W_l a_{l-1} + b_l, a_l = phi(z_l), a_0 = x and logits z_L, an example's loss has, with respect to
z_l, the gradient d_l and the Hessian S_l,

    d_L = p - onehot,                      S_L = diag(p) - p p^T,
    d_l = phi'(z_l) * (W_{l+1}^T d_{l+1}),
    S_l = D_l W_{l+1}^T S_{l+1} W_{l+1} D_l + diag(phi''(z_l) * (W_{l+1}^T d_{l+1})),   D_l = diag(phi'(z_l)),

and, z_l being linear in W_l and b_l, the Hessian with respect to both has the trace (|a_{l-1}|^2 + 1) tr S_l.
The trace of the whole Hessian is the sum over layers, the mean over examples. No random probes: two networks
that differ by a hundredth are told apart. Source: the recursion for layer-wise Hessians of arXiv:1706.03662,
derived here for a softmax loss.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Derivatives = Callable[[Tensor], tuple[Tensor, Tensor, Tensor]]
"""z -> phi(z), phi'(z), phi''(z)."""


def relu(z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The second derivative is 0, as reverse mode has it: kinks are left out."""
    return torch.relu(z), (z > 0).to(z), torch.zeros_like(z)


def tanh(z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """tanh with its derivatives 1 - t^2 and -2 t (1 - t^2)."""
    value = torch.tanh(z)
    slope = 1 - value.square()
    return value, slope, -2 * value * slope


DERIVATIVES: dict[str, Derivatives] = {"relu": relu, "tanh": tanh}


def hessian_trace(
    weights: Sequence[Tensor],
    biases: Sequence[Tensor],
    activation: Derivatives,
    x: Tensor,
    labels: Tensor,
    chunk: int = 64,
) -> Tensor:
    """Trace of the Hessian of each member's mean cross-entropy, (member,).

    Args:
        weights: W_1, ..., W_L, (member, out, in) each, in float64 for small differences.
        biases: b_1, ..., b_L, (member, out) each.
        activation: phi and its derivatives.
        x: (member, example, in).
        labels: (member, example), int64.
        chunk: examples at once: each holds a matrix of the widest layer's size for each member.
    """
    total = torch.zeros(len(x), dtype=x.dtype, device=x.device)
    for images, classes in zip(torch.split(x, chunk, dim=1), torch.split(labels, chunk, dim=1), strict=True):
        total += _summed(weights, biases, activation, images, classes)
    return total / x.shape[1]


def _summed(
    weights: Sequence[Tensor], biases: Sequence[Tensor], activation: Derivatives, x: Tensor, labels: Tensor
) -> Tensor:
    """Sum over examples of the traces of their Hessians, (member,)."""
    entering, slopes, bends = [x], [], []
    for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
        value, slope, bend = activation(torch.baddbmm(bias[:, None], entering[-1], weight.mT))
        entering.append(value)
        slopes.append(slope)
        bends.append(bend)
    probabilities = torch.baddbmm(biases[-1][:, None], entering[-1], weights[-1].mT).softmax(dim=-1)
    gradient = probabilities - torch.nn.functional.one_hot(labels, probabilities.shape[-1])
    hessian = torch.diag_embed(probabilities) - probabilities[..., :, None] * probabilities[..., None, :]
    total = _layer(entering[-1], hessian.diagonal(dim1=-2, dim2=-1))
    for layer in range(len(weights) - 1, 0, -1):
        weight, slope = weights[layer], slopes[layer - 1]
        arriving = gradient @ weight
        bent = bends[layer - 1] * arriving
        half = hessian @ weight[:, None]
        diagonal = slope.square() * (half * weight[:, None]).sum(dim=-2) + bent
        total = total + _layer(entering[layer - 1], diagonal)
        if layer > 1:  # below the lowest hidden layer nothing asks for more than the diagonal
            hessian = slope[..., :, None] * (weight.mT[:, None] @ half) * slope[..., None, :]
            hessian = hessian + torch.diag_embed(bent)
            gradient = slope * arriving
    return total


def _layer(entering: Tensor, diagonal: Tensor) -> Tensor:
    """Sum over examples of (|a|^2 + 1) tr S, (member,), of the diagonals of S (member, example, unit)."""
    return ((entering.square().sum(dim=-1) + 1) * diagonal.sum(dim=-1)).sum(dim=-1)
