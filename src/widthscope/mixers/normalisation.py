"""Layer normalisations of feature tables [member, token, example, channel]."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

EPS = 1e-6


def joint(x: Tensor, eps: float = EPS) -> Tensor:
    """Each example's table less its mean over all tokens and channels, over its deviation: no gain, no shift.

    It is the gradient of the Lagrangian S C sqrt(var + eps); normalising each token alone is another model.
    Its derivative is written out, in a third of the time that recorded operations take, and can be taken
    once.

    Args:
        x: (member, token, example, channel).
        eps: added to the variance, which is a mean of squares.

    Source: theory notes, 3.2.
    """
    normalised: Tensor = _Joint.apply(x, eps)  # type: ignore[no-untyped-call]
    return normalised


def per_token(x: Tensor, eps: float = EPS) -> Tensor:
    """Each token less its mean over channels, over its deviation; shape as in `joint`."""
    return torch.nn.functional.layer_norm(x, x.shape[-1:], eps=eps)


class _Joint(torch.autograd.Function):
    """With y = (x - mean) r and r = (var + eps)^(-1/2): dx = r (dy - mean(dy) - y mean(y dy))."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, eps: float) -> Tensor:
        y = x - _mean(x)
        scale = 1 / torch.sqrt(_mean(torch.square(y)) + eps)
        y.mul_(scale)
        ctx.save_for_backward(y, scale)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        y, scale = ctx.saved_tensors
        along = gradient * y
        torch.mul(y, _mean(along), out=along)
        return torch.sub(gradient, along, out=along).sub_(_mean(gradient)).mul_(scale), None


def _mean(values: Tensor) -> Tensor:
    """Over tokens and channels, (member, 1, example, 1); channels, which lie side by side, first."""
    total = values.sum(3, keepdim=True).sum(1, keepdim=True)
    return total.div_(values.shape[1] * values.shape[3])
